package hub

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Count is how many subscribers a channel has on this node.
type Count struct {
	Name        string
	Subscribers int
}

// Subscribers returns how many subscribers a channel has on this node, held ones
// too. It may be called from anywhere.
func (h *Hub) Subscribers(name string) int {
	s := h.shard(name)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if c := s.channels[name]; c != nil {
		return int(c.subscribers.Load())
	}
	return 0
}

// Page returns at most limit channels of this node that match, nil for all, and
// where the next page begins, "" after the last one. An empty cursor begins anew.
// The order is the hub's own and does not change while the process lives: a
// channel that stays from the first page to the last is in exactly one of them. A
// cursor that is not of this hub's making gives nothing.
//
// It may be called from anywhere. A channel joined or published to meanwhile waits
// at most for the copy of a 256th of the names; match runs under no lock.
func (h *Hub) Page(cursor string, limit int, match func(name string) bool) (list []Count, next string) {
	place, after, ok := parseCursor(cursor)
	if !ok {
		return nil, ""
	}
	limit = max(limit, 1)
	var all []entry
	for ; place < shards; place, after = place+1, "" {
		all = h.shards[place].appendEntries(all[:0])
		all = slices.DeleteFunc(all, func(e entry) bool {
			return e.name <= after || match != nil && !match(e.name)
		})
		slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
		for i, e := range all {
			list = append(list, Count{Name: e.name, Subscribers: int(e.channel.subscribers.Load())})
			if len(list) == limit {
				return list, nextCursor(place, i == len(all)-1, e.name)
			}
		}
	}
	return list, ""
}

// entry is a channel outside of its shard's lock: the record may be gone from the
// index, its counter is valid.
type entry struct {
	name    string
	channel *channel
}

// appendEntries copies what the shard holds, without a look at any of it.
func (s *shard) appendEntries(all []entry) []entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all = slices.Grow(all, len(s.channels))
	for name, c := range s.channels {
		all = append(all, entry{name, c})
	}
	return all
}

// A cursor is a shard's index, and behind a colon the name in it that was last.
// Every name sorts behind the empty one.

func nextCursor(place int, done bool, last string) string {
	if done {
		place, last = place+1, ""
	}
	if place == shards {
		return ""
	}
	return strconv.Itoa(place) + ":" + last
}

// IsCursor reports whether a string can be one that Page returned, or is empty.
func IsCursor(cursor string) bool {
	_, _, ok := parseCursor(cursor)
	return ok
}

func parseCursor(cursor string) (place int, after string, ok bool) {
	if cursor == "" {
		return 0, "", true
	}
	number, after, ok := strings.Cut(cursor, ":")
	place, err := strconv.Atoi(number)
	return place, after, ok && err == nil && place >= 0 && place < shards
}

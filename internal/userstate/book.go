package userstate

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"throng"
)

// book is one user's map. An empty epoch is that of a map of which nothing was ever
// written.
type book struct {
	epoch   string
	version uint64
	entries []entry  // by key
	results []result // of mutations, the oldest first
	bytes   int      // of keys and values
	ids     int      // bytes of the mutations' names
	next    int64    // when the first key expires; 0 for never
}

type entry struct {
	key, value       string
	version          uint64
	updated, expires int64
}

// result is what a mutation led to, for whoever repeats it.
type result struct {
	id, key string
	version uint64
	at      int64
}

// replayWindow is for how long results are kept.
const replayWindow = int64(24 * time.Hour / time.Millisecond)

func (e *entry) expired(now int64) bool { return e.expires != 0 && now >= e.expires }

func newEpoch() string {
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// clone returns a copy that changes for itself.
func (b *book) clone() book {
	c := *b
	c.entries, c.results = slices.Clone(b.entries), slices.Clone(b.results)
	return c
}

// find returns the place of a key, and whether it is there.
func (b *book) find(key string) (int, bool) {
	return slices.BinarySearchFunc(b.entries, key, func(e entry, key string) int { return strings.Compare(e.key, key) })
}

// result returns what a mutation led to, nil if that is not known. Those that are
// repeated are seldom old.
func (b *book) result(id string, now int64) *result {
	if id == "" {
		return nil
	}
	for i := len(b.results) - 1; i >= 0; i-- {
		if r := &b.results[i]; r.id == id {
			if r.at <= now-replayWindow {
				return nil
			}
			return r
		}
	}
	return nil
}

// remember keeps a mutation's result, and forgets what is too old or too much: what is
// below the version that it returns, if it is not 0.
func (b *book) remember(r result, most int) (remembered uint64) {
	b.results = append(b.results, r)
	b.ids += len(r.id)
	drop := 0
	for drop < len(b.results) && (len(b.results)-drop > most || b.results[drop].at <= r.at-replayWindow) {
		b.ids -= len(b.results[drop].id)
		drop++
	}
	b.results = slices.Delete(b.results, 0, drop)
	switch {
	case drop == 0:
		return 0
	case len(b.results) == 0:
		return r.version + 1
	}
	return b.results[0].version
}

// step begins the next version.
func (b *book) step() uint64 {
	if b.epoch == "" {
		b.epoch = newEpoch()
	}
	b.version++
	return b.version
}

// put writes an entry, at its place.
func (b *book) put(at int, there bool, e entry) {
	if there {
		b.bytes -= len(b.entries[at].key) + len(b.entries[at].value)
		b.entries[at] = e
	} else {
		b.entries = slices.Insert(b.entries, at, e)
	}
	b.bytes += len(e.key) + len(e.value)
	b.next = throng.Earlier(b.next, e.expires)
}

// remove takes an entry out.
func (b *book) remove(at int) {
	b.bytes -= len(b.entries[at].key) + len(b.entries[at].value)
	b.entries = slices.Delete(b.entries, at, at+1)
}

// rearm finds out anew when the first key expires.
func (b *book) rearm() {
	b.next = 0
	for i := range b.entries {
		b.next = throng.Earlier(b.next, b.entries[i].expires)
	}
}

// fill makes the map what a store knows of it.
func (b *book) fill(st throng.UserState, made []throng.Mutation) {
	*b = book{epoch: st.Epoch, version: st.Version}
	for i := range st.Entries {
		e := &st.Entries[i]
		b.entries = append(b.entries, entry{e.Key, string(e.Value), e.Version, e.UpdatedAt, e.ExpiresAt})
		b.bytes += len(e.Key) + len(e.Value)
	}
	slices.SortFunc(b.entries, func(x, y entry) int { return strings.Compare(x.key, y.key) })
	b.rearm()
	for i := range made {
		m := &made[i]
		b.results = append(b.results, result{m.ID, m.Key, m.Version, m.At})
		b.ids += len(m.ID)
	}
	slices.SortFunc(b.results, func(x, y result) int {
		if x.version < y.version {
			return -1
		}
		return 1
	})
}

// weight is about the memory of a user's map.
func (b *book) weight() int64 {
	const record, perEntry, perResult = 400, 80, 64
	return int64(record + b.bytes + b.ids + perEntry*len(b.entries) + perResult*len(b.results))
}

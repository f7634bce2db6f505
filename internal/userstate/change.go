package userstate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"throng"
)

// Change is what somebody wants to do with one key of a user's map.
type Change struct {
	User, Key string
	// Value is JSON; nil deletes the key.
	Value []byte
	// IfVersion, if not nil, is the version that the key must have; 0: there must be none.
	IfVersion *uint64
	// ExpiresAt is when the key goes by itself, TTL in how many milliseconds; 0 for never.
	ExpiresAt, TTL int64
	// Mutation names the change, so that it is made once however often it is asked for;
	// empty for none.
	Mutation string
}

// Outcome is what became of a change.
type Outcome struct {
	Epoch string
	// Version is the map's after the change.
	Version uint64
	// Replayed says that the change was made before.
	Replayed bool
	// Err is why nothing was changed. Where it is throng.ErrVersionConflict, Version and
	// Value are what the key has; nil: it is not there.
	Err   *throng.Error
	Value []byte
}

// Bounds of what a change says, in bytes.
const (
	MaxKey      = 255
	MaxMutation = 128
)

// maxExpiry is the year 9999; what is beyond is a mistake.
const maxExpiry = 253402300799999

func bad(format string, args ...any) *throng.Error {
	return &throng.Error{Code: throng.ErrBadRequest.Code, Message: "bad request: " + fmt.Sprintf(format, args...)}
}

func tooMuch(format string, args ...any) *throng.Error {
	return &throng.Error{Code: throng.ErrLimitExceeded.Code, Message: "limit exceeded: " + fmt.Sprintf(format, args...)}
}

// ErrAway is the error of a change that can't be written now, and of a map that can't be
// read.
var ErrAway = &throng.Error{Code: throng.ErrNotAvailable.Code, Message: "not available: the store is away", Temporary: true}

// check reports what is wrong with a change, and brings it into its normal form.
func (s *States) check(c *Change, now int64) *throng.Error {
	switch {
	case throng.UserChannel(c.User) == "":
		return bad("user: there is none, or it has no channel of its own")
	case c.Key == "" || len(c.Key) > MaxKey || !utf8.ValidString(c.Key):
		return bad("key: it has 1 to %d bytes", MaxKey)
	case len(c.Mutation) > MaxMutation || !utf8.ValidString(c.Mutation):
		return bad("mutation_id: it has at most %d bytes", MaxMutation)
	case c.TTL < 0 || c.ExpiresAt < 0 || c.TTL > maxExpiry || c.ExpiresAt > maxExpiry:
		return bad("ttl_ms, expires_at: milliseconds, from now or since 1970, are needed")
	case c.TTL > 0 && c.ExpiresAt > 0:
		return bad("expires_at: it comes instead of ttl_ms")
	case c.Value == nil:
		return nil
	case len(c.Value) > s.opts.ValueBytes:
		return tooMuch("a value has at most %d bytes", s.opts.ValueBytes)
	}
	if c.TTL > 0 {
		c.ExpiresAt, c.TTL = now+c.TTL, 0
	}
	if c.ExpiresAt != 0 && c.ExpiresAt <= now {
		return bad("expires_at: it is over already")
	}
	var b bytes.Buffer
	b.Grow(len(c.Value))
	if json.Compact(&b, c.Value) != nil || !utf8.Valid(b.Bytes()) {
		return bad("value: it is not JSON")
	}
	c.Value = b.Bytes()
	return nil
}

// apply makes a change in a map, and returns what became of it and, unless nothing was
// changed, the change for others.
func (s *States) apply(b *book, c *Change, now int64) (Outcome, *throng.StateChange) {
	if r := b.result(c.Mutation, now); r != nil {
		if r.key != c.Key {
			return Outcome{Err: bad("mutation_id: another change had it, of another key")}, nil
		}
		s.stats.Replays.Add(1)
		return Outcome{Epoch: b.epoch, Version: r.version, Replayed: true}, nil
	}
	at, there := b.find(c.Key)
	var old entry
	if there {
		old = b.entries[at]
	}
	if c.IfVersion != nil {
		is := old
		if is.expired(now) {
			is = entry{}
		}
		if *c.IfVersion != is.version {
			s.stats.Conflicts.Add(1)
			out := Outcome{Err: throng.ErrVersionConflict, Version: is.version}
			if is.version != 0 {
				out.Value = []byte(is.value)
			}
			return out, nil
		}
	}
	if c.Value != nil {
		switch {
		case !there && len(b.entries) >= s.opts.Keys:
			return Outcome{Err: tooMuch("a user has at most %d keys", s.opts.Keys)}, nil
		case b.bytes-len(old.key)-len(old.value)+len(c.Key)+len(c.Value) > s.opts.UserBytes:
			return Outcome{Err: tooMuch("keys and values of a user have at most %d bytes", s.opts.UserBytes)}, nil
		}
	}
	v := b.step()
	if c.Value != nil {
		b.put(at, there, entry{c.Key, string(c.Value), v, now, c.ExpiresAt})
	} else if there {
		b.remove(at)
	}
	if old.expires != 0 && old.expires == b.next {
		b.rearm()
	}
	remembered := uint64(0)
	if c.Mutation != "" {
		remembered = b.remember(result{c.Mutation, c.Key, v, now}, s.opts.Mutations)
	}
	s.stats.Writes.Add(1)
	return Outcome{Epoch: b.epoch, Version: v}, &throng.StateChange{
		User: c.User, Epoch: b.epoch, Mutation: c.Mutation, MutatedAt: now, Remembered: remembered,
		Entry: throng.StateEntry{Key: c.Key, Value: c.Value, Version: v, UpdatedAt: now, ExpiresAt: c.ExpiresAt},
	}
}

// expire deletes the keys whose time is over.
func (s *States) expire(user string, b *book, now int64) (gone []*throng.StateChange) {
	for i := 0; i < len(b.entries); {
		if !b.entries[i].expired(now) {
			i++
			continue
		}
		key := b.entries[i].key
		b.remove(i)
		gone = append(gone, &throng.StateChange{
			User: user, Epoch: b.epoch, MutatedAt: now,
			Entry: throng.StateEntry{Key: key, Version: b.step(), UpdatedAt: now},
		})
	}
	b.rearm()
	s.stats.Expired.Add(uint64(len(gone)))
	return gone
}

package userstate

import (
	"time"

	"throng"
)

// count brings what is counted of a user up to date: the map, the changes that wait, who
// waits for it. The caller holds the lock.
func (s *States) count(u *user) {
	const perWaiter = 40
	w := u.book.weight() + int64(len(u.name)+u.held+perWaiter*len(u.waiting))
	s.memory.Add(w - u.counted)
	u.counted = w
	if s.crowded() {
		s.expect(s.roomAt.Load())
	}
}

// weight is about the memory of a change that waits.
func (op *operation) weight() int {
	const record = 240
	return record + len(op.change.Key) + len(op.change.Value) + len(op.change.Mutation)
}

// full reports whether there is no room for more: nothing is set then, no map is read.
func (s *States) full() bool { return s.memory.Load() >= s.opts.Memory }

// crowded reports whether there will be no room soon. Only with a store that can be helped.
func (s *States) crowded() bool {
	return s.opts.Store != nil && s.memory.Load() >= s.opts.Memory-s.opts.Memory/8
}

func (s *States) noRoom() *throng.Error {
	return tooMuch("the maps of all users have at most %d bytes of memory (users.state_memory)", s.opts.Memory)
}

// admit returns a user's record, a new one if there is room. The caller holds the lock.
func (s *States) admit(sh *shard, name string) (*user, *throng.Error) {
	if sh.users[name] == nil && s.full() {
		return nil, s.noRoom()
	}
	return s.user(sh, name), nil
}

// idle reports whether a record has nothing under way, and nothing in it that the store
// has not.
func (u *user) idle() bool { return !u.busy() && !u.doubted }

// busy reports whether somebody waits for something.
func (u *user) busy() bool {
	return len(u.queue) > 0 || u.saving || u.loading || len(u.waiting) > 0
}

// roomAgain is how long a crowd that could not be helped is left alone.
const roomAgain = time.Second

// makeRoom helps a crowd: it puts maps away that the store has, of users who are not here,
// until a quarter of the memory is free. Those that nobody has wanted for a minute go first.
func (s *States) makeRoom() {
	if !s.crowded() || s.opts.Clock.Now() < s.roomAt.Load() {
		return
	}
	defer func() {
		if s.crowded() {
			s.roomAt.Store(s.opts.Clock.Now() + roomAgain.Milliseconds())
		}
	}()
	for _, age := range []time.Duration{time.Minute, 0} {
		for range shards {
			if s.memory.Load() < s.opts.Memory-s.opts.Memory/4 {
				return
			}
			s.hand = (s.hand + 1) % shards
			s.putAway(&s.shards[s.hand], age.Milliseconds())
		}
	}
}

// putAway drops what is idle, and has been for some milliseconds, from a shard. It may
// overlook one that is moved about meanwhile.
func (s *States) putAway(sh *shard, age int64) {
	for at, more := 0, true; more; {
		sh.mu.Lock()
		now := s.opts.Clock.Now()
		for range piece {
			if more = at < len(sh.agenda); !more {
				break
			}
			u := sh.agenda[at]
			if now-u.touched >= age && u.idle() && !s.opts.Here(throng.UserChannel(u.name)) {
				s.drop(sh, u) // another takes its place
				continue
			}
			at++
		}
		sh.mu.Unlock()
	}
}

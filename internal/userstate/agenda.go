package userstate

import (
	"container/heap"
	"context"
	"math"
	"slices"
	"time"

	"throng"
)

// agenda is a heap of users, the one that is due first on top. A user is in it once,
// for whatever comes first: a key that expires, somebody who waits, or to see whether
// it is still here. That may be too early, never too late.
type agenda []*user

// Len, Less, Swap, Push and Pop implement heap.Interface.

func (a agenda) Len() int { return len(a) }

func (a agenda) Less(i, j int) bool { return a[i].due < a[j].due }

func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i+1, j+1
}

func (a *agenda) Push(x any) {
	u := x.(*user)
	*a = append(*a, u)
	u.place = len(*a)
}

func (a *agenda) Pop() any {
	last := len(*a) - 1
	u := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	u.place = 0
	return u
}

func (a *agenda) remove(u *user) {
	if u.place != 0 {
		heap.Remove(a, u.place-1)
	}
}

// schedule puts a user into the agenda, or moves it forward. The caller holds the lock.
func (s *States) schedule(sh *shard, u *user) {
	s.scheduleAt(sh, u, throng.Earlier(u.book.next, u.touched+s.opts.Idle.Milliseconds()))
}

func (s *States) scheduleAt(sh *shard, u *user, at int64) {
	switch {
	case u.gone || u.place != 0 && u.due <= at:
		return
	case u.place != 0:
		u.due = at
		heap.Fix(&sh.agenda, u.place-1)
	default:
		u.due = at
		heap.Push(&sh.agenda, u)
	}
	s.expect(at)
}

// expect sees to it that Run looks in time.
func (s *States) expect(at int64) {
	if at < s.planned.Load() {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// How often Run looks at most, and at least.
const (
	grain   = 100 * time.Millisecond
	longest = time.Minute
)

// Run does what is due until ctx ends, and then writes what still waits: for at most 5
// seconds, after which the rest is refused.
func (s *States) Run(ctx context.Context) {
	var stop func()
	if s.opts.Store != nil {
		stop = s.runStore()
		defer stop()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
			// Never later than planned: who comes again and again must not put it off.
			now := s.opts.Clock.Now()
			soonest := now + grain.Milliseconds()
			if soonest >= s.planned.Load() {
				continue
			}
			if at := max(s.earliest(), soonest); at < s.planned.Load() {
				s.planned.Store(at)
				timer.Reset(time.Duration(at-now) * time.Millisecond)
			}
		case <-timer.C:
			s.planned.Store(math.MaxInt64) // what is scheduled from now on is seen, here or by a wake
			s.renew()
			s.makeRoom()
			for i := range s.shards {
				s.sweep(&s.shards[i])
			}
			wait := min(max(time.Duration(s.earliest()-s.opts.Clock.Now())*time.Millisecond, grain), longest)
			s.planned.Store(s.opts.Clock.Now() + wait.Milliseconds())
			timer.Reset(wait)
		}
	}
}

// earliest is when something is due next.
func (s *States) earliest() int64 {
	first := s.opts.Clock.Now() + longest.Milliseconds()
	s.mu.Lock()
	if len(s.failed) > 0 {
		first = s.opts.Clock.Now() + retryAfter
	}
	s.mu.Unlock()
	if s.crowded() {
		first = min(first, s.roomAt.Load())
	}
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		if len(sh.agenda) > 0 {
			first = min(first, sh.agenda[0].due)
		}
		sh.mu.Unlock()
	}
	return first
}

// loadAgain is how long a store that was away is left alone, in milliseconds.
const loadAgain = 1000

// piece is how many users are looked at under the lock in one go.
const piece = 64

// sweep does what is due of a shard.
func (s *States) sweep(sh *shard) {
	for more := true; more; {
		sh.mu.Lock()
		now := s.opts.Clock.Now()
		for range piece {
			if more = len(sh.agenda) > 0 && sh.agenda[0].due <= now; !more {
				break
			}
			s.look(sh, heap.Pop(&sh.agenda).(*user), now)
		}
		sh.mu.Unlock()
	}
}

// look does what is due of a user. The caller holds the lock.
func (s *States) look(sh *shard, u *user, now int64) {
	if len(u.waiting) > 0 && !s.opts.Here(throng.UserChannel(u.name)) { // subscriptions are over
		u.waiting = slices.DeleteFunc(u.waiting, func(w waiter) bool { return w.done == nil })
		s.count(u)
	}
	over := u.book.next != 0 && now >= u.book.next
	again := int64(0)
	switch {
	case u.known && over:
		again = s.expired(sh, u, now)
	case u.doubted || !u.known && len(u.waiting) > 0:
		s.load(u)
		again = now + loadAgain
	}
	if u.known && len(u.waiting) > 0 {
		s.shown(u)
	}
	if u.idle() && now >= u.touched+s.opts.Idle.Milliseconds() {
		if !s.opts.Here(throng.UserChannel(u.name)) {
			s.drop(sh, u)
			return
		}
		u.touched = now
	}
	at := u.touched + s.opts.Idle.Milliseconds()
	if u.book.next > now {
		at = min(at, u.book.next)
	}
	s.scheduleAt(sh, u, max(throng.Earlier(again, at), now+grain.Milliseconds()))
}

// expired deletes keys whose time is over, and says when to look again if that takes a
// while. The caller holds the lock.
func (s *States) expired(sh *shard, u *user, now int64) (again int64) {
	if s.opts.Store != nil {
		if len(u.queue) < maxQueue && !u.saving {
			s.enqueue(u, &operation{kind: toExpire, done: func(Outcome) {}})
		}
		return now + retryAfter
	}
	for _, gone := range s.expire(u.name, &u.book, now) {
		s.tell(gone, func() {})
	}
	s.count(u)
	return 0
}

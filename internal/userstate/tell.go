package userstate

import (
	"slices"
	"sync"

	"throng"
	"throng/internal/session"
)

// tell publishes a change; then is called when the broker has it. The caller holds the
// lock of the user's shard, which is what gives diffs their order.
func (s *States) tell(c *throng.StateChange, then func()) {
	size := 96 + len(c.Entry.Key) + len(c.Entry.Value) + len(c.Mutation)
	p := &throng.Publication{Event: diffEvent, Data: appendDiff(make([]byte, 0, size), c)}
	user := c.User
	s.opts.Publish(throng.UserChannel(user), p, func(err error) {
		if err != nil {
			s.missed(user)
		}
		then()
	})
}

// tellAll publishes a whole map, for those who can't go on from what they have. The
// caller holds the lock of the user's shard.
func (s *States) tellAll(u *user) {
	s.told(u.name, u.book.appendSnapshot(nil, s.opts.Clock.Now()), nil)
}

// told publishes a whole map, or tries again later where there is an error.
func (s *States) told(name string, whole []byte, err *throng.Error) {
	if err != nil {
		s.missed(name)
		return
	}
	s.stats.Renewed.Add(1)
	p := &throng.Publication{Event: stateEvent, Data: whole}
	s.opts.Publish(throng.UserChannel(name), p, func(err error) {
		if err != nil {
			s.missed(name)
		}
	})
}

// missed notes that a diff did not reach a user's channel: all are told the whole map
// soon, again and again until the broker takes it. What comes before that shows clients
// that they miss something.
func (s *States) missed(name string) {
	s.mu.Lock()
	s.failed = append(s.failed, name)
	s.mu.Unlock()
	s.expect(s.opts.Clock.Now() + retryAfter)
}

// retryAfter is how long what failed is left alone, in milliseconds.
const retryAfter = 250

// renew tells the maps of those whose diffs were lost.
func (s *States) renew() {
	s.mu.Lock()
	names := s.failed
	s.failed = nil
	s.mu.Unlock()
	for i, name := range names {
		if i > 0 && name == names[i-1] {
			continue
		}
		sh := s.shard(name)
		sh.mu.Lock()
		switch u := sh.users[name]; {
		case u != nil && (u.known || u.doubted):
			s.tellAll(u)
		case s.opts.Store == nil:
			s.tellAll(&user{name: name})
		default: // put away meanwhile
			s.await(sh, s.user(sh, name), waiter{done: func(whole []byte, err *throng.Error) { s.told(name, whole, err) }})
		}
		sh.mu.Unlock()
	}
}

// Knows reports whether a client that has a user's map at a version needs nothing but
// the diffs from there.
func (s *States) Knows(name, epoch string, version uint64) bool {
	sh := s.shard(name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	u := sh.users[name]
	if u == nil || !u.known || u.book.epoch != epoch || version > u.book.version {
		return false
	}
	u.touched = s.opts.Clock.Now() // it stays until the subscription has begun
	return true
}

// Show shows a subscription that has begun, to a user's own channel, the map: now, or as
// soon as it is loaded and the client has room. It is called on the subscription's loop.
func (s *States) Show(sub *session.Subscription) {
	name := throng.UserOf(sub.Channel())
	if name == "" {
		return
	}
	b := snapshots.Get().(*[]byte)
	defer snapshots.Put(b)
	if !s.snapshot(sub, name, b) {
		return
	}
	s.stats.Snapshots.Add(1)
	sub.Tell(stateEvent, *b)
}

var snapshots = sync.Pool{New: func() any { return new([]byte) }}

// snapshot encodes a user's map for a subscription. It reports false where that comes
// later.
func (s *States) snapshot(sub *session.Subscription, name string, b *[]byte) bool {
	sh := s.shard(name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := s.opts.Clock.Now()
	u := sh.users[name]
	if u == nil {
		if s.opts.Store == nil {
			*b = (&book{}).appendSnapshot((*b)[:0], now)
			return true
		}
		u = s.user(sh, name) // who is here has a record; the map comes when there is room
	}
	u.touched = now
	if size := u.book.size(); (u.known || u.doubted) && sub.Session().Takes(size) {
		*b = u.book.appendSnapshot((*b)[:0], now)
		if len(*b) <= size || sub.Session().Takes(len(*b)) {
			return true
		}
	}
	s.await(sh, u, waiter{to: sub.Session().Transport().Ref(), class: sub.Class()})
	return false
}

// await has somebody wait for a map: until it is loaded, or until the agenda looks. The
// caller holds the lock.
func (s *States) await(sh *shard, u *user, w waiter) {
	at := slices.IndexFunc(u.waiting, func(o waiter) bool { return w.done == nil && o.done == nil && o.to == w.to })
	if at < 0 {
		u.waiting = append(u.waiting, w)
		s.count(u)
	} else {
		u.waiting[at] = w // it joined again
	}
	if !u.known && !u.doubted {
		s.load(u)
	}
	s.scheduleAt(sh, u, s.opts.Clock.Now()+retryAfter)
}

// showing is a snapshot on its way to a subscription.
type showing struct {
	s     *States
	class uint32
}

// Class implements session.Errand.
func (e *showing) Class() uint32 { return e.class }

// Run implements session.Errand.
func (e *showing) Run(sub *session.Subscription) { e.s.Show(sub) }

// Snapshot returns a user's map as JSON. done is as Submit's; what it is given is
// everybody's who waited, and is not changed.
func (s *States) Snapshot(name string, done func([]byte, *throng.Error)) {
	if throng.UserChannel(name) == "" {
		done(nil, bad("user: there is none, or it has no channel of its own"))
		return
	}
	sh := s.shard(name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	u := sh.users[name]
	if u == nil && s.opts.Store != nil {
		var err *throng.Error
		if u, err = s.admit(sh, name); err != nil {
			done(nil, err)
			return
		}
	}
	switch now := s.opts.Clock.Now(); {
	case u == nil:
		done((&book{}).appendSnapshot(nil, now), nil)
	case u.known || u.doubted:
		u.touched = now
		done(u.book.appendSnapshot(nil, now), nil)
	default:
		s.await(sh, u, waiter{done: done})
	}
}

// shown tells those who wait for a map that is there, which is encoded once for all that
// are answered. The caller holds the lock.
func (s *States) shown(u *user) {
	var whole []byte
	for _, w := range u.waiting {
		if w.done == nil {
			s.opts.Post(w.to, &showing{s, w.class})
			continue
		}
		if whole == nil {
			whole = slices.Clip(u.book.appendSnapshot(make([]byte, 0, u.book.size()), s.opts.Clock.Now()))
		}
		w.done(whole, nil)
	}
	u.waiting = nil
	s.count(u)
}

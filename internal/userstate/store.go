package userstate

import (
	"context"
	"errors"
	"sync"
	"time"

	"throng"
)

// maxQueue is how many changes of a user may wait. storePatience is how long a store has for
// a call, and for all that waits when the maps stop; briefPatience for a call that comes
// late, because others before it took all of theirs.
const (
	maxQueue      = 1000
	storePatience = 5 * time.Second
	briefPatience = time.Second
	readers       = 4 // maps that are loaded at once
)

// enqueue has a change written, when the map is known. The caller holds the lock.
func (s *States) enqueue(u *user, op *operation) {
	if len(u.queue) >= maxQueue {
		s.stats.Refused.Add(1)
		op.done(Outcome{Err: throng.ErrTooManyRequests})
		return
	}
	u.queue = append(u.queue, op)
	u.held += op.weight()
	s.count(u)
	if !u.known && op.kind != toForget {
		s.load(u)
		return
	}
	s.list(u)
}

// list notes that a user has changes to write. The caller holds the lock.
func (s *States) list(u *user) {
	if u.listed || !u.ready() {
		return
	}
	u.listed = true
	s.mu.Lock()
	s.dirty = append(s.dirty, u)
	s.mu.Unlock()
	knock(s.writing)
}

// ready reports whether what waits can be written: the map is known, or is to be
// forgotten, and nothing is under way.
func (u *user) ready() bool {
	return !u.saving && !u.loading && len(u.queue) > 0 && (u.known || u.queue[0].kind == toForget)
}

// load has a map read from the store. The caller holds the lock.
func (s *States) load(u *user) {
	if u.loading || u.saving {
		return
	}
	u.loading, u.asked = true, s.opts.Clock.Now()
	s.mu.Lock()
	s.unread = append(s.unread, u)
	s.mu.Unlock()
	knock(s.reading)
}

func knock(at chan struct{}) {
	select {
	case at <- struct{}{}:
	default:
	}
}

// runStore reads and writes until stop is called, which writes what still waits, and
// refuses what can't be written in time.
func (s *States) runStore() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range readers {
		all.Go(func() { s.read(ctx) })
	}
	all.Go(func() { s.write(ctx) })
	all.Go(func() { s.prune(ctx) })
	return func() {
		cancel()
		all.Wait()
		s.abandon()
	}
}

// abandon refuses what waits, when nobody reads and writes any more.
func (s *States) abandon() {
	lost := 0
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		for _, u := range sh.users {
			lost += len(u.queue)
			s.refuse(u, u.queue, ErrAway)
			u.queue = nil
			s.fail(sh, u, ErrAway)
		}
		sh.mu.Unlock()
	}
	if lost > 0 {
		s.opts.Log.Warn("users' maps: changes were not written before the stop, and refused", "changes", lost)
	}
}

// read loads maps.
func (s *States) read(ctx context.Context) {
	for {
		s.mu.Lock()
		var u *user
		if len(s.unread) > 0 {
			u, s.unread[0] = s.unread[0], nil
			s.unread = s.unread[1:]
		}
		more := len(s.unread) > 0
		s.mu.Unlock()
		if more {
			knock(s.reading)
		}
		if u != nil {
			s.loaded(ctx, u)
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-s.reading:
		}
	}
}

// loaded reads one map.
func (s *States) loaded(ctx context.Context, u *user) {
	now := s.opts.Clock.Now()
	sh := s.shard(u.name)
	patience := s.patience(sh, u)
	if patience == 0 {
		return
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// With keys whose time is over: clients that come back may show them, and are told.
	st, made, err := s.opts.Store.LoadState(limited, u.name, 0, now-replayWindow, s.opts.Mutations)
	s.heard(ctx, "read", err)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	u.loading = false
	if err != nil {
		s.fail(sh, u, ErrAway)
		return
	}
	s.stats.Loads.Add(1)
	epoch, version := u.book.epoch, u.book.version
	doubted := u.doubted
	u.book.fill(st, made)
	u.known, u.doubted = true, false
	if doubted && (epoch != u.book.epoch || version != u.book.version) {
		s.tellAll(u) // more was written than was shown
	}
	s.count(u)
	s.schedule(sh, u)
	s.shown(u)
	s.list(u)
}

// patience is how long the store has to load a map; 0 if it is not loaded now, which those
// who wait are told: there is no room, or the store hangs and they wait for long already.
func (s *States) patience(sh *shard, u *user) time.Duration {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	left := storePatience - time.Duration(s.opts.Clock.Now()-u.asked)*time.Millisecond
	err := ErrAway
	switch {
	case !u.doubted && s.full(): // one that is doubted has its room
		err = s.noRoom()
	case left > 0:
		return max(left, briefPatience)
	}
	u.loading = false
	s.fail(sh, u, err)
	return 0
}

// fail answers those who wait for a map that can't be loaded now, or for a store that
// hangs. Subscriptions go on waiting: the agenda has them. So do those who want the map
// forgotten, for which it need not be loaded. The caller holds the lock.
func (s *States) fail(sh *shard, u *user, err *throng.Error) {
	changes := len(u.queue)
	for i, op := range u.queue {
		if op.kind == toForget {
			changes = i
			break
		}
	}
	s.refuse(u, u.queue[:changes], err)
	u.queue = append([]*operation(nil), u.queue[changes:]...)
	waiting := u.waiting
	u.waiting = nil
	for _, w := range waiting {
		if w.done == nil {
			u.waiting = append(u.waiting, w)
			continue
		}
		w.done(nil, err)
	}
	s.count(u)
	s.list(u)
	s.scheduleAt(sh, u, s.opts.Clock.Now()+loadAgain)
}

// refuse answers operations of a user. The caller holds the lock, and takes them out of
// the queue.
func (s *States) refuse(u *user, ops []*operation, err *throng.Error) {
	for _, op := range ops {
		u.held -= op.weight()
		s.stats.Refused.Add(1)
		op.done(Outcome{Err: err})
	}
}

// heard notes what came of a call of the store. At a stop, what was cut short is no failure.
func (s *States) heard(ctx context.Context, verb string, err error) {
	reads := verb == "read"
	switch {
	case err == nil && reads:
		s.outage.ReadOver()
	case err == nil:
		s.outage.Over()
	case ctx.Err() != nil:
	case errors.Is(err, throng.ErrStateMoved):
		s.stats.Failures.Add(1)
		s.outage.Over() // it did answer
		s.moved(err)
	default:
		s.stats.Failures.Add(1)
		if reads {
			s.outage.ReadFailed(err, "verb", verb)
		} else {
			s.outage.Failed(err, "verb", verb)
		}
	}
}

// moved says, no more than once a minute, that maps were changed behind this node's back.
func (s *States) moved(err error) {
	now := s.opts.Clock.Now()
	last := s.movedSaid.Load()
	if last != 0 && now-last < time.Minute.Milliseconds() || !s.movedSaid.CompareAndSwap(last, now) {
		return
	}
	s.opts.Log.Warn("users' maps: one was changed by another; its changes are refused, and it is read anew", "error", err,
		"hint", "another node wrote it, or a commit came late: a user's screens are to be on one node")
}

// prune removes what is too old from the store, now and then.
func (s *States) prune(ctx context.Context) {
	const every = time.Hour
	timer := time.NewTimer(time.Minute)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(every)
		now := s.opts.Clock.Now()
		// A key goes without a diff here: who can come back and go on from what it shows
		// has to be told by one, when the map is loaded. A history may outlast its time a bit.
		expired := now - max(replayWindow, 2*s.opts.History.Milliseconds())
		s.heard(ctx, "prune", s.opts.Store.PruneStates(ctx, expired, now-replayWindow))
	}
}

package userstate

import (
	"context"
	"sync"
	"time"

	"throng"
)

// maxQueue is how many changes of a user may wait, storePatience how long a store has.
const (
	maxQueue      = 1000
	storePatience = 5 * time.Second
	maxGroup      = 1000    // changes that are written together
	maxGroupBytes = 4 << 20 // of them
	readers       = 4       // maps that are loaded at once
)

// enqueue has a change written, when the map is known. The caller holds the lock.
func (s *States) enqueue(u *user, op *operation) {
	if len(u.queue) >= maxQueue {
		s.stats.Refused.Add(1)
		op.done(Outcome{Err: throng.ErrTooManyRequests})
		return
	}
	u.queue = append(u.queue, op)
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
	u.loading = true
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

// runStore reads and writes until stop is called, which writes what still waits.
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
	}
}

// read loads maps.
func (s *States) read(ctx context.Context) {
	for {
		s.mu.Lock()
		var u *user
		if len(s.unread) > 0 {
			u, s.unread = s.unread[0], s.unread[1:]
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
	limited, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	// With keys whose time is over: clients that come back may show them, and are told.
	st, made, err := s.opts.Store.LoadState(limited, u.name, 0, now-replayWindow, s.opts.Mutations)
	sh := s.shard(u.name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	u.loading = false
	if err != nil {
		s.away(ctx, "read", err)
		s.fail(u)
		s.scheduleAt(sh, u, now+loadAgain)
		return
	}
	s.stats.Loads.Add(1)
	epoch, version := u.book.epoch, u.book.version
	u.book.fill(st, made)
	u.known = true
	if epoch != "" && (epoch != u.book.epoch || version != u.book.version) {
		s.tellAll(u) // more was written than was known
	}
	s.count(u)
	s.schedule(sh, u)
	s.shown(u)
	s.list(u)
}

// fail answers those who wait for the store. Subscriptions go on waiting: the agenda
// has them. The caller holds the lock.
func (s *States) fail(u *user) {
	queue, waiting := u.queue, u.waiting
	u.queue, u.waiting = nil, nil
	for _, op := range queue {
		s.stats.Refused.Add(1)
		op.done(Outcome{Err: ErrAway})
	}
	for _, w := range waiting {
		if w.done == nil {
			u.waiting = append(u.waiting, w)
			continue
		}
		w.done(nil, ErrAway)
	}
}

func (s *States) away(ctx context.Context, verb string, err error) {
	if ctx.Err() != nil {
		return
	}
	if s.stats.Failures.Add(1)%100 == 1 {
		s.opts.Log.Warn("users' maps: the store fails; changes are refused", "verb", verb, "error", err)
	}
}

// draft is what a group changes of one user's map.
type draft struct {
	u       *user
	book    book
	ops     []*operation
	outs    []Outcome
	changes [][]*throng.StateChange // by operation
}

// write writes what waits, in groups, until ctx ends and nothing waits.
func (s *States) write(ctx context.Context) {
	for {
		select {
		case <-s.writing:
			gather := time.NewTimer(s.opts.Gather)
			select {
			case <-gather.C:
			case <-ctx.Done():
				gather.Stop()
			}
		case <-ctx.Done():
			for s.group() {
			}
			return
		}
		for s.group() {
		}
	}
}

// group writes one group. It reports whether there may be another.
func (s *States) group() bool {
	drafts, changes := s.drafts()
	if len(drafts) == 0 {
		return false
	}
	var err error
	limited, cancel := context.WithTimeout(context.Background(), storePatience)
	defer cancel()
	if len(changes) > 0 {
		if err = s.opts.Store.SaveStates(limited, changes); err == nil {
			s.stats.Commits.Add(1)
		} else {
			s.away(limited, "write", err)
		}
	}
	for _, d := range drafts {
		s.settle(limited, d, err)
	}
	return true
}

// drafts tries the changes that wait.
func (s *States) drafts() (drafts []*draft, changes []throng.StateChange) {
	size := 0
	for len(changes) < maxGroup && size < maxGroupBytes {
		s.mu.Lock()
		if len(s.dirty) == 0 {
			s.mu.Unlock()
			break
		}
		u := s.dirty[0]
		s.dirty[0] = nil
		s.dirty = s.dirty[1:]
		s.mu.Unlock()
		d := s.draft(u)
		if d == nil {
			continue
		}
		drafts = append(drafts, d)
		for _, made := range d.changes {
			for _, c := range made {
				changes = append(changes, *c)
				size += len(c.Entry.Value) + len(c.Entry.Key) + 64
			}
		}
	}
	return drafts, changes
}

// draft tries a user's changes on a copy of its map.
func (s *States) draft(u *user) *draft {
	sh := s.shard(u.name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	u.listed = false
	if !u.ready() {
		return nil
	}
	d := &draft{u: u, ops: u.queue, book: u.book.clone()}
	for i, op := range u.queue {
		if op.kind == toForget { // by itself
			d.ops = u.queue[:max(1, i)]
			break
		}
	}
	u.queue = append([]*operation(nil), u.queue[len(d.ops):]...)
	u.saving = true
	now := s.opts.Clock.Now()
	for _, op := range d.ops {
		var out Outcome
		var made []*throng.StateChange
		switch op.kind {
		case toExpire:
			made = s.expire(u.name, &d.book, now)
		case toChange:
			var one *throng.StateChange
			if out, one = s.apply(&d.book, &op.change, now); one != nil {
				made = append(made, one)
			}
		}
		d.outs, d.changes = append(d.outs, out), append(d.changes, made)
	}
	return d
}

// settle shows what was written, or answers that it was not.
func (s *States) settle(ctx context.Context, d *draft, err error) {
	u := d.u
	forget := d.ops[0].kind == toForget
	if forget {
		if err = s.opts.Store.ForgetState(ctx, u.name); err != nil {
			s.away(ctx, "forget", err)
		}
	}
	sh := s.shard(u.name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	u.saving = false
	defer s.resume(sh, u)
	if err != nil {
		unwritten := forget
		for i, op := range d.ops {
			out := d.outs[i]
			// What stands behind a change was judged by it: a repetition of it, too.
			if unwritten = unwritten || len(d.changes[i]) > 0; unwritten {
				out = Outcome{Err: ErrAway}
				u.known = false // whether it was written is not known
			}
			s.finish(sh, u, out, nil, op.done)
		}
		return
	}
	if forget {
		u.book, u.known = book{}, true
		s.tellAll(u)
		s.count(u)
		d.ops[0].done(Outcome{})
		return
	}
	u.book = d.book
	for i, op := range d.ops {
		made := d.changes[i]
		if len(made) == 0 {
			s.finish(sh, u, d.outs[i], nil, op.done)
			continue
		}
		for _, c := range made[:len(made)-1] {
			s.tell(c, func() {})
		}
		s.finish(sh, u, d.outs[i], made[len(made)-1], op.done)
	}
}

// resume goes on with what came meanwhile. The caller holds the lock.
func (s *States) resume(sh *shard, u *user) {
	if !u.known { // more may have been written than is shown
		s.load(u)
	}
	s.list(u)
	s.schedule(sh, u)
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
		if err := s.opts.Store.PruneStates(ctx, expired, now-replayWindow); err != nil {
			s.away(ctx, "prune", err)
		}
	}
}

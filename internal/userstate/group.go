package userstate

import (
	"context"
	"errors"
	"slices"
	"time"

	"throng"
)

// What is written together at most.
const (
	maxGroup      = 1000    // changes
	maxGroupBytes = 4 << 20 // of them
)

// draft is what a group changes of one user's map.
type draft struct {
	u       *user
	book    book
	ops     []*operation
	outs    []Outcome
	changes [][]*throng.StateChange // by operation
}

// write writes what waits, in groups, until ctx ends and nothing waits, or its patience
// is over then.
func (s *States) write(ctx context.Context) {
	last, over := context.WithCancel(context.WithoutCancel(ctx))
	defer over()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(storePatience):
			over()
		case <-last.Done():
		}
	})()
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
			for s.group(last) {
			}
			return
		}
		for s.group(last) {
		}
	}
}

// group writes one group. It reports whether there may be another.
func (s *States) group(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	drafts, changes := s.drafts()
	if len(drafts) == 0 {
		return false
	}
	limited, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	drafts, err := s.save(ctx, limited, drafts, changes)
	for _, d := range drafts {
		s.settle(limited, d, err)
	}
	if limited.Err() != nil {
		s.giveUp()
	}
	return true
}

// save writes what a group changes, and returns those who are to be told, and what. A map
// that moved keeps no other one from being written: its changes are answered at once, and
// the group is tried again without it.
func (s *States) save(ctx, limited context.Context, drafts []*draft, changes []throng.StateChange) ([]*draft, error) {
	for len(changes) > 0 {
		err := s.opts.Store.SaveStates(limited, changes)
		s.heard(ctx, "write", err)
		var moved *throng.StateMovedError
		switch {
		case err == nil:
			s.stats.Commits.Add(1)
			return drafts, nil
		case !errors.As(err, &moved):
			return drafts, err
		}
		all := len(drafts)
		drafts = slices.DeleteFunc(drafts, func(d *draft) bool {
			alone := slices.Contains(moved.Users, d.u.name)
			if alone {
				s.settle(limited, d, err)
			}
			return alone
		})
		if len(drafts) == all {
			return drafts, err
		}
		changes = slices.DeleteFunc(changes, func(c throng.StateChange) bool { return slices.Contains(moved.Users, c.User) })
	}
	return drafts, nil
}

// giveUp refuses all changes that could be written, behind a group that took all of its
// time: a store that hangs would have each of them wait for those before it.
func (s *States) giveUp() {
	s.mu.Lock()
	dirty := s.dirty
	s.dirty = nil
	s.mu.Unlock()
	for _, u := range dirty {
		sh := s.shard(u.name)
		sh.mu.Lock()
		u.listed = false
		s.fail(sh, u, ErrAway)
		sh.mu.Unlock()
	}
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
		err = s.opts.Store.ForgetState(ctx, u.name)
		s.heard(context.Background(), "forget", err)
	}
	sh := s.shard(u.name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	u.saving = false
	for _, op := range d.ops {
		u.held -= op.weight()
	}
	defer s.resume(sh, u)
	if err != nil {
		unwritten := forget
		for i, op := range d.ops {
			out := d.outs[i]
			// What stands behind a change was judged by it: a repetition of it, too.
			if unwritten = unwritten || len(d.changes[i]) > 0; unwritten {
				out = Outcome{Err: ErrAway}
				u.doubt() // whether it was written is not known
			}
			s.finish(sh, u, out, nil, op.done)
		}
		if ctx.Err() != nil { // and what came meanwhile has waited long enough
			s.fail(sh, u, ErrAway)
		}
		return
	}
	if forget {
		u.book, u.known, u.doubted = book{}, true, false
		s.tellAll(u)
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

// doubt notes that the store may have more than the book. What was shown of a book that was
// known stays what clients have, until it is loaded again.
func (u *user) doubt() {
	u.doubted = u.doubted || u.known
	u.known = false
}

// resume goes on with what came meanwhile. The caller holds the lock.
func (s *States) resume(sh *shard, u *user) {
	if !u.known { // more may have been written than is shown
		s.load(u)
	}
	s.list(u)
	s.count(u)
	s.schedule(sh, u)
}

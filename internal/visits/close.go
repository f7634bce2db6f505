package visits

import (
	"context"
	"errors"
	"fmt"
	"time"

	"throng"
)

// Drain says that the node is about to stop: who leaves from now on does so because
// of it.
func (l *Ledger) Drain() { l.drained.CompareAndSwap(0, l.StoreTime(l.clock.Now())) }

// How long the last write may take: for as long as the store takes what it is given,
// but a process that is told to stop is killed some time.
const (
	stuckAfter = 5 * time.Second
	lastsFor   = time.Minute
)

var (
	errStuck = errors.New("the store took nothing for 5 s")
	errLong  = errors.New("it took more than a minute")
)

// Close writes what is left and gives the lease back. It follows the end of Run, and
// of all clients: none comes back to this node, so nobody is waited for. It goes on
// while the store takes flushes, for a minute at most. What can't be written then, or
// before ctx ends, is lost, and another node closes what is open.
func (l *Ledger) Close(ctx context.Context) error {
	ctx, done := context.WithTimeoutCause(ctx, lastsFor, errLong)
	defer done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l.stuck = time.AfterFunc(stuckAfter, func() { cancel(errStuck) })
	defer l.stuck.Stop()
	if l.held.Epoch == 0 && l.tryAcquire(ctx) != nil {
		return l.unwritten(errors.New("the store was never there"))
	}
	if f := l.unknown; f != nil && !l.last(ctx, f) {
		return l.unwritten(context.Cause(ctx))
	}
	l.leaveAll()
	l.stuck.Reset(stuckAfter) // that was not the store
	for more := true; more; {
		var f *flush
		f, more = l.collect(true)
		lease := l.held.Epoch
		if !l.last(ctx, f) {
			return l.unwritten(context.Cause(ctx))
		}
		more = more || l.held.Epoch != lease
	}
	if err := l.opts.Store.Release(ctx, l.held, l.cut, throng.VisitDrained); err != nil {
		return fmt.Errorf("visits: the lease was not given back: %w", err)
	}
	return nil
}

// last sends a flush at the end, and reports whether there is a lease to go on with:
// perhaps a new one, where what the old one refused is said again.
func (l *Ledger) last(ctx context.Context, f *flush) bool {
	return l.sendOld(ctx, f) || ctx.Err() == nil
}

// unwritten says what is lost. Of a flush without an answer it is not known.
func (l *Ledger) unwritten(why error) error {
	l.leaveAll()
	n := l.pending.Load()
	if l.unknown != nil {
		n += int64(len(l.unknown.ended))
	}
	l.stats.Dropped.Add(uint64(n))
	return fmt.Errorf("visits: the lease was not given back, and the ends of %d visits were not written: %w", n, why)
}

// leaveAll ends all visits: those that are held for the grace when their last client
// left, all others now.
func (l *Ledger) leaveAll() {
	drained := l.drained.Load()
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		now := s.frame.at(l.clock.Now())
		var all []*entry
		s.each(func(e *entry) { all = append(all, e) })
		for _, e := range all {
			if !e.is(isParked) {
				l.endNow(s, e, now, drained)
			}
			s.remove(e)
		}
		s.here = 0
		s.mu.Unlock()
	}
}

func (l *Ledger) endNow(s *shard, e *entry, now, drained int64) {
	why := throng.VisitDrained
	if e.clients > 0 {
		e.left = max(now, e.started)
	} else if drained == 0 || e.left < drained {
		why = throng.VisitLeft
	}
	l.finish(s, e, why)
}

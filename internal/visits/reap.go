package visits

import (
	"context"
	"errors"
	"time"
)

const (
	// pruneEvery is how often the store is asked to forget what is too old.
	pruneEvery = time.Hour
	// pruneFor is how long it may take for that: nobody is looked for meanwhile. It
	// goes piece by piece, so that the next time goes on where this one was cut off.
	pruneFor = time.Minute
)

// sweepWork is what the second goroutine is asked to do.
type sweepWork struct {
	reap, prune bool
	at          int64 // when, on the node's clock
}

// orderSweep asks for what is due. It follows a beat: the store is there, and its
// clock was not set a moment ago, or others would be taken for dead.
func (l *Ledger) orderSweep() {
	now := l.clock.Now()
	w := sweepWork{
		reap:  l.steady.long(now, l.opts.TTL) && now >= l.reapDue,
		prune: now >= l.pruneDue,
		at:    now,
	}
	if !w.reap && !w.prune {
		return
	}
	select {
	case l.sweeps <- w:
	default: // still busy with the last one
		return
	}
	if w.reap {
		l.reapDue = now + l.opts.TTL.Milliseconds()/3
	}
	if w.prune {
		l.pruneDue = now + pruneEvery.Milliseconds()
	}
}

// sweepOthers closes the visits of nodes that died, and lets the store forget.
func (l *Ledger) sweepOthers(ctx context.Context) {
	for {
		var w sweepWork
		select {
		case <-ctx.Done():
			return
		case w = <-l.sweeps:
		}
		if w.reap {
			l.reap(ctx, w.at)
		}
		if w.prune {
			l.prune(ctx)
		}
	}
}

// reap carries out an order to look for nodes that died. It is good for a third of the
// TTL, in which no node that beat when it was given is dead: one that waited for longer,
// or that a store had not answered then, might come to it right after an outage, when no
// node could beat.
func (l *Ledger) reap(ctx context.Context, ordered int64) {
	left := l.opts.TTL/3 - time.Duration(l.clock.Now()-ordered)*time.Millisecond
	if left <= 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	r, err := l.opts.Store.Reap(ctx, l.opts.TTL)
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		l.stats.Errors.Add(1)
		l.log.Debug("nodes that died could not be looked for, or not all of their visits be closed", "error", err)
	}
	if r.Leases > 0 {
		l.stats.ReapedLeases.Add(uint64(r.Leases))
		l.log.Warn("nodes died; their visits were closed", "leases", r.Leases, "visits", r.Visits)
	}
	l.stats.ReapedVisits.Add(uint64(r.Visits))
}

// prune lets the store forget.
func (l *Ledger) prune(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, pruneFor)
	defer cancel()
	if err := l.opts.Store.Prune(ctx, l.opts.Retention); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		l.stats.Errors.Add(1)
		l.log.Warn("not all old visits were removed; more are in an hour", "error", err)
	}
}

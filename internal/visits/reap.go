package visits

import (
	"context"
	"time"
)

// pruneEvery is how often the store is asked to forget what is too old.
const pruneEvery = time.Hour

// sweepWork is what the second goroutine is asked to do.
type sweepWork struct{ reap, prune bool }

// orderSweep asks for what is due. It follows a beat: the store is there, and its
// clock was not set a moment ago, or others would be taken for dead.
func (l *Ledger) orderSweep() {
	now := l.clock.Now()
	w := sweepWork{
		reap:  l.steady.long(now, l.opts.TTL) && now >= l.reapDue,
		prune: now >= l.pruneDue,
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
			r, err := l.opts.Store.Reap(ctx, l.opts.TTL)
			switch {
			case err != nil && ctx.Err() == nil:
				l.stats.Errors.Add(1)
				l.log.Debug("nodes that died could not be looked for", "error", err)
			case r.Leases > 0:
				l.stats.ReapedLeases.Add(uint64(r.Leases))
				l.stats.ReapedVisits.Add(uint64(r.Visits))
				l.log.Warn("nodes died; their visits were closed", "leases", r.Leases, "visits", r.Visits)
			}
		}
		if w.prune {
			if err := l.opts.Store.Prune(ctx, l.opts.Retention); err != nil && ctx.Err() == nil {
				l.stats.Errors.Add(1)
				l.log.Warn("old visits could not be removed", "error", err)
			}
		}
	}
}

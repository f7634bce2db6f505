package visits

import (
	"context"
	"errors"
	"time"

	"throng"
)

// flush tells the store all that there is to say now.
func (l *Ledger) flush(ctx context.Context) {
	beat := l.clock.Now() >= l.beatDue
	for ctx.Err() == nil {
		if beat {
			l.point()
		}
		f, more := l.collect(beat)
		if f.rows() > 0 || beat {
			if !l.send(ctx, f) {
				return // what there is to say has changed
			}
		}
		if !more {
			break
		}
	}
	if beat {
		l.beatDue = l.clock.Now() + l.opts.Beat.Milliseconds()
		l.orderSweep()
	}
}

// send brings a flush to the store, however long that takes, and reports whether it
// was applied under the lease that it was made for. An answer that does not come
// leaves open whether it was; then it is given again, unchanged, before anything
// else.
func (l *Ledger) send(ctx context.Context, f *flush) bool {
	l.sequence = uint32(f.Sequence)
	l.said = f.At
	if f.beat {
		f.Occupancy, l.points = l.points, nil
	}
	for {
		l.unknown = f
		err := l.try(ctx, f)
		switch {
		case err == nil:
			return !l.stepped(ctx)
		case errors.Is(err, throng.ErrFenced), errors.Is(err, throng.ErrSuperseded):
			l.lost(ctx, f, err)
			return false
		case !l.away.wait(ctx, l, err):
			return false
		}
	}
}

// try makes one attempt.
func (l *Ledger) try(ctx context.Context, f *flush) error {
	ctx, cancel := context.WithTimeout(ctx, l.patience())
	defer cancel()
	asked := l.clock.Now()
	now, err := l.opts.Store.Flush(ctx, l.held, &f.VisitFlush)
	if err != nil {
		return err
	}
	answered := l.clock.Now()
	l.progress()
	l.unknown = nil
	l.acked, l.cut = uint32(f.Sequence), f.At
	l.stats.applied(f, answered-asked)
	l.away.over(l)
	l.steady.beat(answered, l.opts.TTL)
	if l.frame.Load().measure(asked, answered, now) {
		l.steady.reset()
		l.away.step = now - answered - (l.frame.Load().at(answered) - answered)
	}
	l.stats.Offset.Store(l.frame.Load().at(answered) - answered)
	return nil
}

// progress notes at the end that the store took something.
func (l *Ledger) progress() {
	if l.stuck != nil {
		l.stuck.Reset(stuckAfter)
	}
}

// patience is how long an answer is waited for.
func (l *Ledger) patience() time.Duration { return max(l.opts.TTL, 5*time.Second) }

// trouble is how the store has been away.
type trouble struct {
	tries int   // 0 while it is there
	step  int64 // by how much its clock was set, when that was found; 0 for not
}

// Pauses between attempts.
const (
	firstPause = 100 * time.Millisecond
	mostPause  = 5 * time.Second
)

// wait notes an error and waits before the next attempt. It reports false when ctx
// ended.
func (t *trouble) wait(ctx context.Context, l *Ledger, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	l.stats.Errors.Add(1) // before the log: who reads there looks here
	if t.tries == 0 {
		l.stats.Up.Store(false)
	}
	l.outage.Failed(err, "kept_visits", l.opts.Buffer)
	l.steady.reset()
	pause := min(firstPause<<min(t.tries, 10), mostPause)
	t.tries++
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		l.expire()
		return true
	}
}

// over notes that the store answered.
func (t *trouble) over(l *Ledger) {
	l.stats.Up.Store(true)
	l.outage.Over("waiting_visits", l.pending.Load(), "dropped_visits", l.stats.Dropped.Load())
	t.tries = 0
}

// steady is since when the store has answered without a pause.
type steady struct{ since, last int64 }

// beat notes an answer. One that came after a third of the TTL is no better than none:
// other nodes had to wait as well.
func (s *steady) beat(at int64, ttl time.Duration) {
	if s.since == 0 || at-s.last > ttl.Milliseconds()/3+stepFrom {
		s.since = at
	}
	s.last = at
}

func (s *steady) reset() { s.since = 0 }

// long reports whether the store has been there for a whole TTL: only then a node
// that did not beat is dead, and not cut off like this one was.
func (s *steady) long(now int64, ttl time.Duration) bool {
	return s.since != 0 && now-s.since >= ttl.Milliseconds()
}

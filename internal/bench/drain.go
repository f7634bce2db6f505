package bench

import (
	"context"
	"time"

	"throng/internal/bench/load"
	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// delivered is how many deliveries were due in a phase and how many came.
type delivered struct {
	known    bool // how many were due
	due      int64
	received int64
	checks   report.Checks
	subs     map[string]int64 // subscribers by channel
}

// whole reports whether all has come that was due, or is known not to come.
func (d *delivered) whole() bool {
	return d.known && d.received-d.checks.Duplicates+d.checks.Gaps >= d.due
}

// drain waits after a phase until everything that is due has come, or nothing
// comes any more.
func (l *leader) drain(ctx context.Context, p scenario.Phase) (*delivered, error) {
	quiet := quietTime
	if l.o.Scenario.Static(p.Name) {
		quiet = lostTime
	}
	last, since := int64(-1), time.Now()
	for {
		d, err := l.tally(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, m := range l.crew { // so that seconds are shown meanwhile
			if _, err := l.hear(m); err != nil {
				return nil, err
			}
		}
		if d.received != last {
			last, since = d.received, time.Now()
		}
		if d.whole() || time.Since(since) > quiet {
			return d, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

const (
	quietTime = 500 * time.Millisecond // where nobody knows how many are due
	lostTime  = 5 * time.Second        // after which what is due will not come
)

// tally asks all members where deliveries stand.
func (l *leader) tally(ctx context.Context, p scenario.Phase) (*delivered, error) {
	d := &delivered{known: l.o.Scenario.Static(p.Name), subs: map[string]int64{}}
	channels := map[string]load.Deliveries{}
	if err := l.crew.order(load.Order{Tally: true}); err != nil {
		return nil, err
	}
	for _, m := range l.crew {
		n, err := m.await(ctx, func(n load.Note) bool { return n.Tally != nil })
		if err != nil {
			return nil, err
		}
		d.received += n.Tally.Received
		d.checks.Add(n.Tally.Checks)
		for key, one := range n.Tally.Channels {
			all := channels[key]
			channels[key] = load.Deliveries{Subs: all.Subs + one.Subs, Sent: all.Sent + one.Sent, Received: all.Received + one.Received}
		}
	}
	for place, ch := range channels {
		d.due += ch.Subs * ch.Sent
		d.subs[place] = ch.Subs
	}
	return d, nil
}

package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"throng/internal/bench/load"
	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// leader runs the phases of a scenario one after the other, with all members in
// each at once.
type leader struct {
	o      *Options
	crew   crew
	report *report.Report
	meters meters

	seconds map[int][]*load.Sample // that not all members have told yet
	lasts   map[message]arrival
	phaseNo int       // which phase is under way
	moved   time.Time // when something of it last did
	away    int64     // users who were not connected at the end of the last phase
	busiest float64   // the largest share of a second that a member did not wait
}

func newLeader(o *Options, c crew) (*leader, error) {
	r, err := newReport(o, len(c))
	if err != nil {
		return nil, err
	}
	return &leader{o: o, crew: c, report: r, seconds: map[int][]*load.Sample{}}, nil
}

// run runs all phases. When the context ends, the one that is under way ends with
// what it has.
func (l *leader) run(ctx context.Context) error {
	l.report.Began = time.Now()
	l.meters.begin(l.o.PIDs)
	l.report.Samples = append(l.report.Samples, l.meters.first(l.crew))
	for i, p := range l.o.Scenario.Phases {
		err := l.phase(ctx, i, p)
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if i == 0 && l.away == int64(l.o.Scenario.Count()) {
			return fmt.Errorf("nobody got in: %s", l.worst())
		}
	}
	return nil
}

// phase runs one phase.
func (l *leader) phase(ctx context.Context, i int, p scenario.Phase) error {
	at := time.Now().Add(startTime)
	start := load.Start{Phase: i, Run: l.report.Began.UnixNano(), At: at.UnixNano()}
	l.lasts = map[message]arrival{}
	l.phaseNo, l.moved = i, time.Now()
	before := l.meters.mark()
	if err := l.crew.order(load.Order{Start: &start}); err != nil {
		return err
	}
	gaveUp, err := l.untilDone(ctx, p)
	if err != nil {
		return err
	}
	var due *delivered
	if p.Do == scenario.Act && ctx.Err() == nil {
		if due, err = l.drain(ctx, p); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return l.collect(p, at, before, gaveUp, due)
}

// startTime is how long after the order a phase begins, so that all have heard it.
const startTime = 20 * time.Millisecond

// untilDone waits until all members have done their part of a phase, or nothing
// moves any more.
func (l *leader) untilDone(ctx context.Context, p scenario.Phase) (gaveUp bool, err error) {
	left := len(l.crew)
	patience := time.Duration(l.o.Scenario.Patience)
	tick := time.NewTicker(pollTime)
	defer tick.Stop()
	for left > 0 {
		for _, m := range l.crew {
			done, err := l.hear(m)
			if err != nil {
				return false, err
			}
			left -= done
		}
		if p.Do == scenario.Idle || p.Do == scenario.Act && p.For > 0 && time.Since(l.moved) < time.Duration(p.For) {
			if p.Do == scenario.Idle {
				l.moved = time.Now()
			}
		} else if time.Since(l.moved) > patience+3*time.Second {
			return true, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false, nil
		}
	}
	return false, nil
}

// pollTime is how often members are heard.
const pollTime = 10 * time.Millisecond

// hear takes what a member has said meanwhile, and returns how often it was that
// its part is done.
func (l *leader) hear(m *member) (done int, err error) {
	for _, n := range m.early {
		done += l.take(m, n)
	}
	m.early = m.early[:0]
	for {
		select {
		case n, ok := <-m.notes:
			if err := m.check(n, ok); err != nil {
				return done, err
			}
			done += l.take(m, n)
		default:
			return done, nil
		}
	}
}

// take takes a note that was not asked for.
func (l *leader) take(m *member, n load.Note) (done int) {
	switch {
	case n.Done == l.phaseNo+1: // and not, late, that of a phase that was given up
		return 1
	case n.Sample != nil:
		if m.remote { // what another machine uses is not of this one
			n.Sample.Usage = report.Usage{}
		}
		l.sample(n.Sample)
	}
	return 0
}

// sample puts the members' seconds together.
func (l *leader) sample(s *load.Sample) {
	l.last(s.Lasts)
	l.busiest = max(l.busiest, s.Busy)
	if s.Moved {
		l.moved = time.Now()
	}
	all := append(l.seconds[s.Second], s)
	l.seconds[s.Second] = all
	if len(all) < len(l.crew) {
		return
	}
	delete(l.seconds, s.Second)
	one := report.Sample{At: float64(s.Second)}
	one.Phase = l.o.Scenario.Phases[l.phaseNo].Name
	for _, part := range all {
		one.Open += part.Open
		one.Joined += part.Joined
		one.Counts.Add(part.Counts)
		if part.Main == nil {
			continue
		}
		if one.Latency == nil {
			one.Latency = report.NewHistogram()
		}
		one.Latency.Merge(part.Main)
	}
	if one.Latency != nil {
		one.Latency.Compact() // a long run has many seconds
	}
	l.meters.read(&one, all)
	l.report.Samples = append(l.report.Samples, one)
	if l.o.Progress != nil {
		l.report.Seconds = one.At
		l.o.Progress(l.report)
	}
}

// worst names the most frequent failure.
func (l *leader) worst() string {
	reason, most := "no failure was seen", int64(0)
	for r, n := range l.report.Failures {
		if n > most || n == most && r < reason {
			reason, most = r, n
		}
	}
	return reason
}

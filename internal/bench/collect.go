package bench

import (
	"context"
	"fmt"
	"time"

	"throng/internal/bench/load"
	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// collect ends a phase and adds it to the report.
func (l *leader) collect(p scenario.Phase, at time.Time, before mark, gaveUp bool, due *delivered) error {
	if err := l.crew.order(load.Order{Collect: true}); err != nil {
		return err
	}
	phase := report.Phase{Name: p.Name, Start: at.Sub(l.report.Began).Seconds(), Latencies: map[string]*report.Histogram{}}
	var checks report.Checks
	end, away := at, int64(0)
	var used report.Usage
	for _, m := range l.crew {
		n, err := m.await(context.Background(), func(n load.Note) bool { return n.Part != nil })
		if err != nil {
			return err
		}
		part := n.Part
		phase.Counts.Add(part.Counts)
		checks.Add(part.Checks)
		addLatencies(phase.Latencies, part.Latencies)
		addAnswers(&phase, part.Answers, l.report.Began)
		l.last(part.Lasts)
		for reason, n := range part.Failures {
			l.report.Failures[reason] += n
		}
		if part.End > end.UnixNano() {
			end = time.Unix(0, part.End)
		}
		away += part.Away
		if !m.remote {
			used.CPU += part.Usage.CPU
			used.RSS += part.Usage.RSS
		}
		if _, err := l.hear(m); err != nil {
			return err
		}
	}
	if p.Do == scenario.Idle {
		end = time.Now()
	}
	phase.Seconds = end.Sub(at).Seconds()
	l.meters.since(before, &phase, used)
	l.addLast(&phase, due)
	if due != nil {
		judge(&checks, due, phase.Counts.Closed)
	}
	l.report.Checks.Add(checks)
	if gaveUp {
		l.report.Failures[fmt.Sprintf("phase %s: nothing moved any more, %d users are not connected", p.Name, away)]++
	}
	l.report.Phases = append(l.report.Phases, phase)
	l.away = away
	return nil
}

// judge says how many deliveries are missing. Those that were passed over are
// gaps, and not missing a second time. With connections that ended in between
// nobody knows how many were due.
func judge(c *report.Checks, d *delivered, closed int64) {
	if !d.known || closed > 0 {
		return
	}
	c.Expected = d.due
	c.Missing = max(0, d.due-(d.received-c.Duplicates)-c.Gaps)
}

func addLatencies(to, from map[string]*report.Histogram) {
	for name, h := range from {
		if to[name] == nil {
			to[name] = report.NewHistogram()
		}
		to[name].Merge(h)
	}
}

// addAnswers adds what a process was answered to its events.
func addAnswers(p *report.Phase, part map[string]load.Answers, began time.Time) {
	at := func(ns int64) float64 { return time.Duration(ns - began.UnixNano()).Seconds() }
	for event, a := range part {
		if p.Answers == nil {
			p.Answers = map[string]*report.Answers{}
		}
		all := p.Answers[event]
		if all == nil {
			all = &report.Answers{From: at(a.From), Said: map[string]int64{}}
			p.Answers[event] = all
		}
		all.From = min(all.From, at(a.From))
		if a.To > 0 {
			all.To = max(all.To, at(a.To))
		}
		for said, n := range a.Said {
			all.Said[said] += n
		}
	}
}

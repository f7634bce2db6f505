package report

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// grids returns all tables of the report that have something to say.
func (r *Report) grids() []grid {
	all := []grid{r.rates(), r.latencies(), r.answers(), r.costs(), r.checks(), r.failures(), r.verdicts()}
	return slices.DeleteFunc(all, func(g grid) bool { return len(g.Rows) == 0 })
}

// rates is what happened in each phase, per second.
func (r *Report) rates() grid {
	g := grid{Title: "Phases", Columns: []column{
		text("phase"), number("s"), number("connects/s"), number("joins/s"), number("leaves/s"),
		number("sent/s"), number("replies/s"), number("deliveries/s"), number("pushed/s"),
		number("answers/s"), number("events/s"), number("heartbeats/s"),
		number("closed"), number("failed"),
	}}
	for i := range r.Phases {
		p := &r.Phases[i]
		row := []string{p.Name, seconds(p.Seconds)}
		c := p.Counts
		for _, n := range []int64{c.Connects, c.Joins, c.Leaves, c.Sent, c.Replies, c.Received, c.Pushed, c.Answers, c.Events, c.Heartbeat} {
			row = append(row, positive(p.per(n)))
		}
		g.Rows = append(g.Rows, append(row, counted(c.Closed), counted(c.Failed)))
	}
	return g.trim()
}

// latencies are the quantiles of every latency of each phase.
func (r *Report) latencies() grid {
	g := grid{Title: "Latencies, ms", Columns: []column{
		text("phase"), text("of"), number("count"), number("p50"), number("p90"), number("p99"), number("p99.9"), number("max"),
	}}
	for i := range r.Phases {
		for _, name := range r.Phases[i].measured() {
			h := r.Phases[i].Latencies[name]
			row := []string{r.Phases[i].Name, name, whole(h.Count())}
			for _, q := range []float64{0.5, 0.9, 0.99, 0.999} {
				row = append(row, figure(millis(h.Quantile(q))))
			}
			g.Rows = append(g.Rows, append(row, figure(millis(h.Max()))))
		}
	}
	return g.trim()
}

// measured names the latencies that the phase has, in the order in which they
// are told.
func (p *Phase) measured() []string {
	order := []string{Connect, Join, Reply, Delivery, Last, Comeback}
	rank := func(name string) int {
		if name == Lateness { // about the bench, not about the server
			return len(order) + 1
		}
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order) // events and their answers, by name
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(p.Latencies)), func(name string) bool {
		return p.Latencies[name].Count() == 0
	})
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return names
}

// answers are what was answered to events, and how many a second between the first
// that was pushed and the last answer.
func (r *Report) answers() grid {
	g := grid{Title: "Answers", Columns: []column{text("phase"), text("to"), text("said"), number("times"), number("took, ms"), number("all per s")}}
	for i := range r.Phases {
		p := &r.Phases[i]
		for _, event := range slices.Sorted(maps.Keys(p.Answers)) {
			a := p.Answers[event]
			said := slices.Sorted(maps.Keys(a.Said))
			slices.SortStableFunc(said, func(x, y string) int { return cmp.Compare(a.Said[y], a.Said[x]) })
			for n, what := range said {
				row := []string{p.Name, event, what, whole(a.Said[what]), none, none}
				if n == 0 {
					row[4], row[5] = figure(1000*(a.To-a.From)), positive(a.Rate())
				}
				g.Rows = append(g.Rows, row)
			}
		}
	}
	return g
}

// costs is what each phase cost the server, and what it cost to measure it.
func (r *Report) costs() grid {
	g := grid{Title: "Costs", Columns: []column{
		text("phase"), text("exchange"), number("per s"), number("CPU µs each"), number("cores"),
		number("memory"), number("bytes/conn"), number("bench cores"), number("idle"),
	}}
	for i := range r.Phases {
		p := &r.Phases[i]
		e := p.Exchange()
		rss := none
		if p.Server != nil {
			rss = size(float64(p.Server.RSS))
		}
		g.Rows = append(g.Rows, []string{
			p.Name, cmp.Or(e.Name, none), positive(p.Rate()), figure(p.CPU()), figure(p.cores(p.Server)),
			rss, figure(r.Memory(p)), positive(p.cores(&p.Bench)), share(p.Idle),
		})
	}
	return g.trim()
}

// checks is what was wrong with what arrived.
func (r *Report) checks() grid {
	c := r.Checks
	g := grid{Title: "Deliveries", Columns: []column{
		number("expected"), number("missing"), number("gaps"), number("duplicates"), number("reordered"), number("foreign"),
	}}
	if !r.checked() {
		return g
	}
	expected, missing := none, none
	if c.Expected > 0 {
		expected, missing = whole(c.Expected), whole(c.Missing)
	}
	g.Rows = [][]string{{expected, missing, whole(c.Gaps), whole(c.Duplicates), whole(c.Reordered), whole(c.Foreign)}}
	return g
}

// checked reports whether there were deliveries to check.
func (r *Report) checked() bool {
	return r.Checks.Expected > 0 || r.Checks.Bad() > 0 ||
		slices.ContainsFunc(r.Phases, func(p Phase) bool { return p.Counts.Received > 0 })
}

// failures are the reasons for what went wrong, the most frequent first.
func (r *Report) failures() grid {
	g := grid{Title: "Failures", Columns: []column{text("reason"), number("times")}}
	reasons := slices.Sorted(maps.Keys(r.Failures))
	slices.SortStableFunc(reasons, func(a, b string) int { return cmp.Compare(r.Failures[b], r.Failures[a]) })
	for _, reason := range reasons {
		g.Rows = append(g.Rows, []string{reason, whole(r.Failures[reason])})
	}
	return g
}

// verdicts are the outcomes of the assertions.
func (r *Report) verdicts() grid {
	g := grid{Title: "Assertions", Columns: []column{text("verdict"), text("assertion"), number("measured"), text("note")}}
	for _, v := range r.Asserts {
		outcome := wordFailed
		if v.OK {
			outcome = wordOK
		}
		g.Rows = append(g.Rows, []string{outcome, v.Text, v.measured(), v.Note})
	}
	return g.trim()
}

// measured is the value with the unit of the bound.
func (v Verdict) measured() string {
	if v.Note != "" && !v.OK {
		return none
	}
	unit := ""
	if a, err := ParseAssert(v.Text); err == nil && a.unit.name != "" {
		unit = " " + a.unit.name
	}
	if v.Value == math.Trunc(v.Value) && math.Abs(v.Value) < 1e15 {
		return whole(int64(v.Value)) + unit
	}
	return figure(v.Value) + unit
}

package report

import (
	"math"
	"slices"
)

// phaseFigures are the figures of a phase of two runs.
func phaseFigures(a, b *Report, p, q *Phase) []Figure {
	var all []Figure
	add := func(name string, x, y float64, better Direction) {
		if known(x) || known(y) {
			all = append(all, Figure{Name: name, A: x, B: y, Better: better})
		}
	}
	e, f := p.Exchange(), q.Exchange()
	if e.Name == f.Name && e.Name != "" {
		add(e.plural()+"/s", p.Rate(), q.Rate(), Higher)
		add("server CPU µs a "+e.Name, p.CPU(), q.CPU(), Lower)
	}
	add("server bytes a connection", a.Memory(p), b.Memory(q), Lower)
	for _, name := range latencyNames(p, q) {
		g, h := p.Latencies[name], q.Latencies[name]
		for _, at := range []struct {
			name string
			q    float64
		}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}} {
			add(name+" "+at.name+" ms", quantileMillis(g, at.q), quantileMillis(h, at.q), Lower)
		}
	}
	if p.Counts.Failed > 0 || q.Counts.Failed > 0 {
		all = append(all, Figure{Name: "failed", A: float64(p.Counts.Failed), B: float64(q.Counts.Failed), Count: true})
	}
	return all
}

// latencyNames are those of either phase, in the order in which they are told.
func latencyNames(p, q *Phase) []string {
	both := Phase{Latencies: map[string]*Histogram{}}
	for _, latencies := range []map[string]*Histogram{p.Latencies, q.Latencies} {
		for name, h := range latencies {
			if h.Count() > 0 {
				both.Latencies[name] = h
			}
		}
	}
	return both.measured()
}

func quantileMillis(h *Histogram, q float64) float64 {
	switch {
	case h.Count() == 0:
		return unknown
	case q == 1:
		return millis(h.Max())
	}
	return millis(h.Quantile(q))
}

// checkFigures are what was wrong in two runs.
func checkFigures(a, b *Report) []Figure {
	of := func(r *Report, name string) float64 {
		v, _ := metrics()[name].of(r, nil)
		return v
	}
	var all []Figure
	for _, name := range []string{"missing", "gaps", "duplicates", "reordered", "foreign", "failed"} {
		all = append(all, Figure{Name: name, A: of(a, name), B: of(b, name), Count: true})
	}
	return slices.DeleteFunc(all, func(f Figure) bool { return math.IsNaN(f.A) && math.IsNaN(f.B) })
}

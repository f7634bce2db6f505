package report

import "math"

// tails returns the distribution of latencies, a chart for each phase.
func (r *Report) tails() []chart {
	var all []chart
	for i := range r.Phases {
		p := &r.Phases[i]
		var lines []line
		for n, name := range p.measured() {
			l := curve(name, n%colours+1, p.Latencies[name])
			if name == Lateness {
				l.Colour, l.Dashed = colourBench, true
			}
			lines = append(lines, l)
		}
		all = append(all, distribution(p.Name, lines, largest(p)))
	}
	return all
}

func largest(p *Phase) int64 {
	count := int64(0)
	for _, h := range p.Latencies {
		count = max(count, h.Count())
	}
	return count
}

// distribution is a chart of percentile curves.
func distribution(title string, lines []line, count int64) chart {
	return chart{title: title, unit: "ms", tail: true, log: true, x: shares(count), label: shortMillis, lines: lines}
}

// curve is the latency at every share, as far as there are durations to tell
// that share from all.
func curve(name string, colour int, h *Histogram) line {
	l := line{Name: name, Colour: colour}
	if h.Count() == 0 {
		return l
	}
	const steps = 240
	a := shares(h.Count())
	for i := range steps + 1 {
		x := a.lo + (a.hi-a.lo)*float64(i)/steps
		l.points = append(l.points, point{x, millis(h.Quantile(below(x)))})
	}
	return l
}

// below is the share that so many nines stand for.
func below(nines float64) float64 { return 1 - math.Pow(10, -nines) }

package report

import "slices"

// The style sheet has this many colours for lines, and one for the bench itself.
const (
	colours     = 6
	colourBench = 7
)

// timeline returns the charts over time.
func (r *Report) timeline() []chart {
	count := func(f func(Counts) int64) func(int) float64 {
		return func(i int) float64 { return float64(f(r.Samples[i].Counts)) / r.step(i) }
	}
	connects, joins := count(func(c Counts) int64 { return c.Connects }), count(func(c Counts) int64 { return c.Joins })
	sent, replies := count(func(c Counts) int64 { return c.Sent }), count(func(c Counts) int64 { return c.Replies })
	received, beats := count(func(c Counts) int64 { return c.Received }), count(func(c Counts) int64 { return c.Heartbeat })
	pushed, answers := count(func(c Counts) int64 { return c.Pushed }), count(func(c Counts) int64 { return c.Answers })
	events := count(func(c Counts) int64 { return c.Events })
	closed, failures := count(func(c Counts) int64 { return c.Closed }), count(func(c Counts) int64 { return c.Failed })
	open := func(i int) float64 { return float64(r.Samples[i].Open) }
	joined := func(i int) float64 { return float64(r.Samples[i].Joined) }
	return []chart{
		r.overTime("Connections", "", short, r.line("open", 1, open).under(), r.line("joined", 3, joined)),
		r.overTime("Arrivals per second", "/s", short, r.line("connects", 1, connects).under(), r.line("joins", 3, joins)),
		r.overTime("Messages per second", "/s", short, r.line("sent", 1, sent).under(), r.line("replies", 3, replies), r.line("heartbeats", 4, beats), r.line("events pushed", 2, pushed), r.line("answers", 5, answers)),
		r.overTime("Deliveries per second", "/s", short, r.line("deliveries", 1, received), r.line("awaited events", 3, events)),
		r.latencyOverTime(),
		r.overTime("Processors in use", "cores", short, r.line("server", 1, r.serverCores), r.line("bench", colourBench, r.benchCores).dashed()),
		r.overTime("Memory", "MB", shortMega, r.line("server", 1, r.serverMemory), r.line("bench", colourBench, r.benchMemory).dashed()),
		r.overTime("Server memory per connection", "bytes", shortSize, r.line("bytes", 1, r.memoryEach())),
		r.overTime("Closed and failed per second", "/s", short, r.line("closed", 2, closed), r.line("failed", 5, failures)),
	}
}

// overTime is a chart with the phases behind it. Lines that are never above zero
// are left out.
func (r *Report) overTime(title, unit string, label func(float64) string, lines ...line) chart {
	lines = slices.DeleteFunc(lines, func(l line) bool {
		lo, hi, ok := extent([]line{l})
		return !ok || lo == 0 && hi == 0
	})
	return chart{title: title, unit: unit, x: elapsed(r.end()), label: label, lines: lines, bands: r.bands()}
}

// line is a value of every sample.
func (r *Report) line(name string, colour int, value func(i int) float64) line {
	l := line{Name: name, Colour: colour, points: make([]point, len(r.Samples))}
	for i := range r.Samples {
		l.points[i] = point{r.Samples[i].At, value(i)}
	}
	return l
}

func (l line) under() line {
	l.Under = true
	return l
}

func (l line) dashed() line {
	l.Dashed = true
	return l
}

// latencyOverTime is logarithmic: a tail is far from the middle.
func (r *Report) latencyOverTime() chart {
	at := func(read func(*Histogram) float64) func(int) float64 {
		return func(i int) float64 {
			if r.Samples[i].Latency.Count() == 0 {
				return unknown
			}
			return read(r.Samples[i].Latency)
		}
	}
	q := func(q float64) func(int) float64 {
		return at(func(h *Histogram) float64 { return millis(h.Quantile(q)) })
	}
	longest := at(func(h *Histogram) float64 { return millis(h.Max()) })
	c := r.overTime("Latency of messages", "ms", shortMillis,
		r.line("max", 5, longest), r.line("p99", 2, q(0.99)), r.line("p50", 1, q(0.5)))
	c.log = true
	return c
}

// step returns how long the time of a sample was.
func (r *Report) step(i int) float64 {
	before := 0.0
	if i > 0 {
		before = r.Samples[i-1].At
	}
	if d := r.Samples[i].At - before; d > 0 {
		return d
	}
	return 1
}

// end returns when the last of everything was.
func (r *Report) end() float64 {
	end := 0.0
	for i := range r.Samples {
		end = max(end, r.Samples[i].At)
	}
	for i := range r.Phases {
		end = max(end, r.Phases[i].Start+r.Phases[i].Seconds)
	}
	return min(end, measurable)
}

func (r *Report) bands() []band {
	var all []band
	for i := range r.Phases {
		p := &r.Phases[i]
		all = append(all, band{p.Name, p.Start, p.Start + p.Seconds})
	}
	return all
}

func (r *Report) serverCores(i int) float64 {
	if s := r.Samples[i].Server; s != nil {
		return s.CPU / r.step(i)
	}
	return unknown
}

func (r *Report) benchCores(i int) float64 { return r.Samples[i].Bench.CPU / r.step(i) }

func (r *Report) serverMemory(i int) float64 {
	if s := r.Samples[i].Server; s != nil {
		return float64(s.RSS) / 1e6
	}
	return unknown
}

func (r *Report) benchMemory(i int) float64 { return float64(r.Samples[i].Bench.RSS) / 1e6 }

// memoryEach is the server's growth per connection. While few are there it says
// more about the server's beginning than about them.
func (r *Report) memoryEach() func(i int) float64 {
	most := r.peak()
	return func(i int) float64 {
		if r.Samples[i].Open < most/10 {
			return unknown
		}
		return growth(&r.Samples[0], &r.Samples[i])
	}
}

// shortMega writes megabytes for an axis.
func shortMega(v float64) string { return shortSize(v * 1e6) }

// shortMillis writes milliseconds for an axis.
func shortMillis(v float64) string {
	switch {
	case v >= 999.5:
		return short(v/1e3) + " s"
	case v < 0.9995:
		return short(v*1e3) + " µs"
	}
	return short(v) + " ms"
}

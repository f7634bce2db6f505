package report

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// kind is what a metric is measured in, and so which units a bound may have.
type kind int

const (
	plain    kind = iota // a number of things, without a unit
	duration             // in nanoseconds
	bytes
)

// units returns the units of a kind, each with its size, the smallest first.
func (k kind) units() []unit {
	switch k {
	case duration:
		return []unit{{"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"μs", 1e3}, {"ms", 1e6}, {"s", 1e9}}
	case bytes:
		return []unit{{"B", 1}, {"KB", 1e3}, {"KiB", 1 << 10}, {"MB", 1e6}, {"MiB", 1 << 20}}
	}
	return nil
}

type unit struct {
	name string
	size float64
}

// metric is something that can be asserted on. Its value is NaN where it was
// not measured, and the note says why.
type metric struct {
	kind  kind
	whole bool // of the whole run, not of a phase
	of    func(r *Report, p *Phase) (value float64, note string)
}

// metrics returns what can be asserted on besides latencies, by name.
func metrics() map[string]metric {
	all := map[string]metric{
		"rate":   {of: rate},
		"cpu":    {kind: duration, of: cpu},
		"memory": {kind: bytes, of: memory},
		"failed": {of: failed},
	}
	for name, count := range map[string]func(Checks) int64{
		"gaps":       func(c Checks) int64 { return c.Gaps },
		"duplicates": func(c Checks) int64 { return c.Duplicates },
		"reordered":  func(c Checks) int64 { return c.Reordered },
		"foreign":    func(c Checks) int64 { return c.Foreign },
		"bad":        Checks.Bad,
	} {
		all[name] = metric{whole: true, of: check(count)}
	}
	all["missing"] = metric{whole: true, of: missing}
	for name, count := range map[string]func(Counts) int64{
		"connects":   func(c Counts) int64 { return c.Connects },
		"joins":      func(c Counts) int64 { return c.Joins },
		"sent":       func(c Counts) int64 { return c.Sent },
		"replies":    func(c Counts) int64 { return c.Replies },
		"received":   func(c Counts) int64 { return c.Received },
		"pushed":     func(c Counts) int64 { return c.Pushed },
		"answers":    func(c Counts) int64 { return c.Answers },
		"events":     func(c Counts) int64 { return c.Events },
		"heartbeats": func(c Counts) int64 { return c.Heartbeat },
		"closed":     func(c Counts) int64 { return c.Closed },
	} {
		all[name] = metric{of: total(count)}
	}
	return all
}

// metricNames lists what can be asserted on, for whoever mistyped it.
func metricNames() []string {
	return append([]string{"p50", "p90", "p99", "p99.9", "max", "mean"}, slices.Sorted(maps.Keys(metrics()))...)
}

func rate(r *Report, p *Phase) (float64, string) {
	if p = r.orMain(p); p == nil || p.Exchange().Count == 0 {
		return unknown, "nothing was exchanged"
	}
	return p.Rate(), "the phase took no time"
}

func cpu(r *Report, p *Phase) (float64, string) {
	if p = r.orMain(p); p == nil || p.Exchange().Count == 0 {
		return unknown, "nothing was exchanged"
	}
	return p.CPU() * 1e3, "the server's processor time was not measured, see --pid"
}

func memory(r *Report, p *Phase) (float64, string) {
	if p = r.orMain(p); p == nil {
		return unknown, "nothing was exchanged"
	}
	return r.Memory(p), "the server's memory per connection was not measured, see --pid"
}

// failed counts failures, which without a phase are those of the whole run: some
// happen between phases, and some phases end before their reason is known.
func failed(r *Report, p *Phase) (float64, string) {
	if p != nil {
		return float64(p.Counts.Failed), ""
	}
	var reasons, counted int64
	for _, n := range r.Failures {
		reasons += n
	}
	for i := range r.Phases {
		counted += r.Phases[i].Counts.Failed
	}
	return float64(max(reasons, counted)), ""
}

func missing(r *Report, _ *Phase) (float64, string) {
	if r.Checks.Expected <= 0 {
		return unknown, "how many deliveries had to come is not known"
	}
	return float64(r.Checks.Missing), ""
}

func check(count func(Checks) int64) func(*Report, *Phase) (float64, string) {
	return func(r *Report, _ *Phase) (float64, string) {
		if !r.checked() {
			return unknown, "there were no deliveries to check"
		}
		return float64(count(r.Checks)), ""
	}
}

func total(count func(Counts) int64) func(*Report, *Phase) (float64, string) {
	return func(r *Report, p *Phase) (float64, string) {
		if p != nil {
			return float64(count(p.Counts)), ""
		}
		sum := 0.0
		for i := range r.Phases {
			sum += float64(count(r.Phases[i].Counts))
		}
		return sum, ""
	}
}

func (r *Report) orMain(p *Phase) *Phase {
	if p != nil {
		return p
	}
	return r.mainPhase()
}

// latency returns the metric of a name such as p99.9, max or mean; of is the
// name of a latency, or "" for the main one of the phase.
func latency(name, of string) (metric, bool) {
	read, ok := quantile(name)
	if !ok {
		return metric{}, false
	}
	return metric{kind: duration, of: func(r *Report, p *Phase) (float64, string) {
		h := r.histogram(p, of)
		if h.Count() == 0 {
			return unknown, "this latency was not measured"
		}
		return read(h), ""
	}}, true
}

// quantile reads p50, p99.9, max, mean.
func quantile(name string) (func(*Histogram) float64, bool) {
	switch name {
	case "max":
		return func(h *Histogram) float64 { return float64(h.Max()) }, true
	case "mean":
		return func(h *Histogram) float64 { return float64(h.Mean()) }, true
	}
	digits, ok := strings.CutPrefix(name, "p")
	if !ok || strings.Trim(digits, "0123456789.") != "" {
		return nil, false
	}
	q, err := strconv.ParseFloat(digits, 64)
	if err != nil || q <= 0 || q > 100 {
		return nil, false
	}
	return func(h *Histogram) float64 { return float64(h.Quantile(q / 100)) }, true
}

// histogram finds a latency: of a phase or, without one, of the main phase, or
// of all phases that have it.
func (r *Report) histogram(p *Phase, name string) *Histogram {
	if name == "" {
		if p = r.orMain(p); p == nil {
			return nil
		}
		return p.Latencies[p.mainLatency()]
	}
	if p != nil {
		return p.Latencies[name]
	}
	sum := NewHistogram()
	for i := range r.Phases {
		if h := r.Phases[i].Latencies[name]; h.Count() > 0 {
			sum.Merge(h)
		}
	}
	return sum
}

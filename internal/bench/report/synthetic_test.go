package report_test

import (
	"math"
	"math/rand/v2"
	"time"

	"throng/internal/bench/report"
)

// shape is what a synthetic run looks like.
type shape struct {
	Samples int
	Server  bool
	Slower  float64 // how much longer everything takes
}

// synthetic builds the report of a run as a bench would: 15,000 connections are
// opened, wait, are sent messages, and come back after a cut. The same shape
// always gives the same report.
func synthetic(s shape) *report.Report {
	r := &report.Report{
		Tool: "throng v0.3.0", Name: "fanout", Title: "15,000 connections in 150 channels, 200 messages a second",
		Scenario: "connections = 15000\nchannels = 150\n\n[[phase]]\nname = \"messages\"\nrate = 200\n",
		Command:  []string{"throng", "bench", "--connections", "15000", "--pid", "4242", "ws://127.0.0.1:8000/socket/websocket"},
		Targets:  []string{"ws://127.0.0.1:8000/socket/websocket"},
		Began:    time.Date(2026, 7, 30, 12, 0, 0, 0, time.UTC), Seconds: float64(s.Samples), Agents: 1,
		Machine:  report.Machine{System: "linux 6.18.5", CPU: "AMD EPYC 7B13", Cores: 2, Memory: 24 << 30},
		Failures: map[string]int64{"dial: connection refused": 12, "join refused: <too many>": 3},
		Checks:   report.Checks{Expected: 600_000, Missing: 2},
		Warnings: []string{"the bench itself sent up to 14 ms late: latencies contain its own waiting"},
	}
	t := &timeline{r: r, random: rand.New(rand.NewPCG(1, 2)), shape: s}
	unit := float64(s.Samples) / 10
	t.phase("connect", 2*unit, report.Counts{Connects: 15_000, Joins: 15_000, BytesIn: 3e6, BytesOut: 4e6, Failed: 15},
		map[string]float64{report.Connect: 3.1, report.Join: 1.4}, 0.7)
	t.phase("idle", 2*unit, report.Counts{Heartbeat: int64(1000 * unit)}, map[string]float64{report.Reply: 0.4}, 0.05)
	t.phase("messages", 4*unit, report.Counts{Sent: int64(800 * unit), Replies: int64(800 * unit), Received: int64(80_000 * unit)},
		map[string]float64{report.Reply: 0.6, report.Delivery: 1.8, report.Last: 4.5, report.Lateness: 0.08}, 0.9)
	t.phase("comeback", 2*unit, report.Counts{Connects: 15_000, Joins: 15_000, Closed: 15_000},
		map[string]float64{report.Comeback: 420, report.Connect: 9, report.Join: 6}, 0.8)
	return r
}

// timeline adds phases one after the other.
type timeline struct {
	r      *report.Report
	random *rand.Rand
	shape  shape
	now    float64
	open   int64
}

func (t *timeline) phase(name string, seconds float64, c report.Counts, latencies map[string]float64, cores float64) {
	p := report.Phase{Name: name, Start: t.now, Seconds: seconds, Counts: c, Latencies: map[string]*report.Histogram{}, Idle: 1 - cores*0.8}
	for _, latency := range []string{report.Connect, report.Join, report.Reply, report.Delivery, report.Last, report.Comeback, report.Lateness} {
		if typical, ok := latencies[latency]; ok {
			p.Latencies[latency] = t.durations(typical, 20_000)
		}
	}
	if t.now == 0 {
		t.sample(report.Counts{}, name, 0, 0)
	}
	steps := int(math.Round(seconds))
	for i := range steps {
		t.now++
		part := 0.8 + 0.4*t.random.Float64()
		share := func(n int64) int64 { return int64(float64(n) / seconds * part) }
		t.open = min(15_000, t.open+c.Connects/int64(steps)+1)
		if c.Closed > 0 {
			t.open = 15_000 * int64(i+1) / int64(steps)
		}
		t.sample(report.Counts{Connects: share(c.Connects), Joins: share(c.Joins), Sent: share(c.Sent), Replies: share(c.Replies),
			Received: share(c.Received), Heartbeat: share(c.Heartbeat), Closed: share(c.Closed), Failed: share(c.Failed)}, name, cores*part, latencies[report.Delivery])
	}
	last := t.r.Samples[len(t.r.Samples)-1]
	p.Bench = report.Usage{CPU: cores * 0.6 * seconds, RSS: last.Bench.RSS}
	if t.shape.Server {
		p.Server = &report.Usage{CPU: cores * seconds * t.shape.Slower, RSS: last.Server.RSS}
	}
	t.r.Phases = append(t.r.Phases, p)
}

func (t *timeline) sample(c report.Counts, phase string, cores, typical float64) {
	s := report.Sample{At: t.now, Phase: phase, Open: t.open, Joined: t.open * 98 / 100, Counts: c,
		Bench: report.Usage{CPU: cores * 0.6, RSS: 30e6 + t.open*900}}
	if t.shape.Server {
		s.Server = &report.Usage{CPU: cores, RSS: 18e6 + t.open*620}
	}
	if typical > 0 {
		s.Latency = t.durations(typical*(0.8+0.5*t.random.Float64()), 300)
		s.Latency.Compact()
	}
	t.r.Samples = append(t.r.Samples, s)
}

// durations is a distribution with a long tail.
func (t *timeline) durations(typical float64, n int) *report.Histogram {
	h := report.NewHistogram()
	for range n {
		ms := typical * t.shape.Slower * math.Exp(t.random.NormFloat64()*0.45)
		if t.random.IntN(200) == 0 {
			ms *= 4 + 10*t.random.Float64()
		}
		h.Record(time.Duration(ms * float64(time.Millisecond)))
	}
	return h
}

func usual() *report.Report {
	r := synthetic(shape{Samples: 60, Server: true, Slower: 1})
	for _, text := range []string{"p99<50ms", "connect.join.p99<1s", "missing==0", "memory<1KB", "last.max<1us"} {
		a, err := report.ParseAssert(text)
		if err != nil {
			panic(err)
		}
		r.Asserts = append(r.Asserts, a.Check(r))
	}
	return r
}

package report_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"throng/internal/bench/report"
)

// plainRun is a run whose figures are easy to tell by heart.
func plainRun() *report.Report {
	h := func(ms ...int) *report.Histogram {
		h := report.NewHistogram()
		for _, v := range ms {
			h.Record(time.Duration(v) * time.Millisecond)
		}
		return h
	}
	return &report.Report{
		Tool: "throng",
		Phases: []report.Phase{
			{Name: "connect", Seconds: 2, Counts: report.Counts{Connects: 100, Joins: 100, Failed: 1},
				Latencies: map[string]*report.Histogram{report.Connect: h(10), report.Join: h(20)}, Server: &report.Usage{CPU: 0.01}},
			{Name: "messages", Start: 2, Seconds: 4, Counts: report.Counts{Sent: 10, Replies: 10, Received: 1000, Closed: 2},
				Latencies: map[string]*report.Histogram{report.Delivery: h(30, 30, 30, 40), report.Reply: h(5)}, Server: &report.Usage{CPU: 0.02}},
		},
		Samples: []report.Sample{{At: 0, Server: &report.Usage{RSS: 1_000_000}},
			{At: 2, Open: 100, Server: &report.Usage{RSS: 1_060_000}}, {At: 6, Open: 100, Server: &report.Usage{RSS: 1_102_400}}},
		Checks:   report.Checks{Expected: 1003, Missing: 3, Duplicates: 1},
		Failures: map[string]int64{"refused": 1, "after the end": 4},
	}
}

func TestAssertions(t *testing.T) {
	tests := []struct {
		text  string
		value float64
		ok    bool
	}{
		{"p50<30.1ms", 30, true},
		{"p50<29.9ms", 30, false},
		{"p50 < 1s", 0.03, true},
		{"max<=40.1ms", 40, true},
		{"mean<33ms", 32.5, true},
		{"mean<32ms", 32.5, false},
		{"p99.9>39ms", 40, true},
		{"p99.9 >= 41ms", 40, false},
		{"connect.p99<11000us", 10_000, true},
		{"connect.join.p99<19ms", 20, false},
		{"join.p99<21ms", 20, true},
		{"messages.delivery.p99.9<50ms", 40, true},
		{"round trip.max<6ms", 5, true},
		{"messages.round-trip.max<6ms", 5, true},
		{"messages.reply.max<4_000_000ns", 5e6, false},
		{"rate>249", 250, true},
		{"rate>250", 250, false},
		{"rate>=250", 250, true},
		{"connect.rate==50", 50, true},
		{"missing==0", 3, false},
		{"missing<=3", 3, true},
		{"gaps=0", 0, true},
		{"duplicates==0", 1, false},
		{"reordered==0", 0, true},
		{"foreign==0", 0, true},
		{"bad==4", 4, true},
		{"failed<5", 5, false},
		{"connect.failed==1", 1, true},
		{"messages.failed==0", 0, true},
		{"connects==100", 100, true},
		{"joins>100", 100, false},
		{"connect.joins>=100", 100, true},
		{"sent==10", 10, true},
		{"replies==10", 10, true},
		{"received==1000", 1000, true},
		{"heartbeats==0", 0, true},
		{"closed<2", 2, false},
		{"memory<1KiB", 1, false},
		{"memory<=1KiB", 1, true},
		{"memory<1.025KB", 1.024, true},
		{"memory<1024", 1024, false},
		{"connect.memory==600B", 600, true},
		{"memory<1MB", 0.001024, true},
		{"memory<0.0009MiB", 1.0 / 1024, false},
		{"cpu<20.1us", 20, true},
		{"cpu<20µs", 20, false},
		{"cpu<1μs", 20, false},
		{"connect.cpu<0.11ms", 0.1, true},
		{"cpu>0", 20_000, true},
	}
	for _, test := range tests {
		a, err := report.ParseAssert(test.text)
		if err != nil {
			t.Error(err)
			continue
		}
		v := a.Check(plainRun())
		if v.OK != test.ok || math.Abs(v.Value-test.value) > test.value/500 || v.Text != test.text || v.Note != "" {
			t.Errorf("%s: %+v, want %v and %v", test.text, v, test.value, test.ok)
		}
	}
}

// What was not measured does not hold, however the assertion is put, and the
// verdict says why.
func TestNotMeasured(t *testing.T) {
	bare := plainRun()
	bare.Checks, bare.Samples = report.Checks{}, nil
	bare.Phases = bare.Phases[:1]
	bare.Phases[0].Server, bare.Phases[0].Latencies, bare.Phases[0].Seconds = nil, nil, 0
	tests := []struct {
		run        *report.Report
		text, note string
	}{
		{bare, "p99<50ms", "not measured"},
		{bare, "p99>=0", "not measured"},
		{bare, "connect.join.p99<1s", "latency was not measured"},
		{bare, "rate>=0", "took no time"},
		{bare, "missing==0", "not known"},
		{bare, "duplicates==0", "no deliveries"},
		{bare, "bad==0", "no deliveries"},
		{bare, "memory<1KB", "--pid"},
		{bare, "cpu<1s", "--pid"},
		{&report.Report{}, "rate>=0", "nothing was exchanged"},
		{&report.Report{}, "idle.rate>=0", "no phases"},
		{plainRun(), "mesages.rate>=0", `did you mean "messages"?`},
		{plainRun(), "mesages.delivery.p99<1s", `there were connect, messages`},
		{plainRun(), "mesages.p99<1s", `did you mean "messages"?`},
		{plainRun(), "comeback.p99<1s", "latency was not measured"},
		{plainRun(), "messages.join.p99<1s", "latency was not measured"},
	}
	for _, test := range tests {
		a, err := report.ParseAssert(test.text)
		if err != nil {
			t.Error(err)
			continue
		}
		if v := a.Check(test.run); v.OK || !strings.Contains(v.Note, test.note) {
			t.Errorf("%s: %+v, want a note with %q", test.text, v, test.note)
		}
	}
	if v := (report.Assert{}).Check(plainRun()); v.OK {
		t.Error("no assertion holds")
	}
}

func TestAssertionsThatSayNothing(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "such as p99<50ms"},
		{"p99", "such as p99<50ms"},
		{"<50ms", "such as p99<50ms"},
		{"p99<", "such as p99<50ms"},
		{"p99!50ms", "such as p99<50ms"},
		{"p99<50", "say 50ms"},
		{"p99<50mss", `did you mean "ms"?; there are ns us µs ms s`},
		{"p99<50KB", "there are ns us µs ms s"},
		{"p99<ms", "not a number"},
		{"p99<1e999ms", "not a number"},
		{"p99<5-3ms", "not a number"},
		{"memory<1kb", `there are B KB KiB MB MiB`},
		{"missing==0ms", "leave the unit"},
		{"messages.missing==0", "whole run"},
		{"mising==0", `did you mean "missing"?`},
		{"mising==0", "p50 p90 p99 p99.9 max mean answers bad"},
		{"p101<5ms", "no metric"},
		{"p0<5ms", "no metric"},
		{"messages.<5ms", "no metric"},
	}
	for _, test := range tests {
		_, err := report.ParseAssert(test.text)
		if err == nil {
			t.Errorf("%q says something", test.text)
		} else if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.text, err, test.want)
		}
	}
}

// A phase may have a point in its name.
func TestPhaseWithPoint(t *testing.T) {
	r := plainRun()
	r.Phases[1].Name = "v1.2"
	for _, text := range []string{"v1.2.p99<41ms", "v1.2.delivery.p99.9<41ms", "v1.2.rate==250"} {
		a, err := report.ParseAssert(text)
		if err != nil {
			t.Fatal(err)
		}
		if v := a.Check(r); !v.OK {
			t.Errorf("%+v", v)
		}
	}
}

func FuzzParseAssert(f *testing.F) {
	for _, text := range []string{"p99<50ms", "connect.join.p99<1s", "memory<1KB", "missing==0", "a.b.p99.9>=1_0us", "round trip.max=0"} {
		f.Add(text)
	}
	run := plainRun()
	f.Fuzz(func(t *testing.T, text string) {
		a, err := report.ParseAssert(text)
		if err != nil {
			return
		}
		v := a.Check(run)
		if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
			t.Errorf("%q: %+v", text, v)
		}
		again, err := report.ParseAssert(a.String())
		if err != nil || again.Check(run) != v {
			t.Errorf("%q is another as %q: %v", text, a, err)
		}
	})
}

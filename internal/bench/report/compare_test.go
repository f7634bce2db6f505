package report_test

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"throng/internal/bench/report"
)

func TestMarks(t *testing.T) {
	c := &report.Comparison{Noise: 0.1}
	nan := math.NaN()
	tests := []struct {
		a, b          float64
		lower, higher report.Mark
	}{
		{100, 109, report.Same, report.Same},
		{100, 110, report.Same, report.Same},
		{100, 112, report.Worse, report.Better},
		{100, 88, report.Better, report.Worse},
		{0, 0, report.Same, report.Same},
		{0, 1, report.Worse, report.Better},
		{1, 0, report.Better, report.Worse},
		{-10, -5, report.Worse, report.Better},
		{nan, 5, report.Same, report.Same},
		{5, nan, report.Same, report.Same},
	}
	for _, test := range tests {
		if got := c.Mark(report.Figure{A: test.a, B: test.b}); got != test.lower {
			t.Errorf("%v to %v, less is better: %v", test.a, test.b, got)
		}
		if got := c.Mark(report.Figure{A: test.a, B: test.b, Better: report.Higher}); got != test.higher {
			t.Errorf("%v to %v, more is better: %v", test.a, test.b, got)
		}
	}
	c.Noise = 0.2
	if c.Mark(report.Figure{A: 100, B: 112}) != report.Same {
		t.Error("with more noise this is none")
	}
}

// The same run twice differs in nothing.
func TestCompareWithItself(t *testing.T) {
	c := report.Compare(usual(), usual())
	if len(c.Warnings) != 0 || len(c.Phases) != 4 {
		t.Errorf("%q, %d phases", c.Warnings, len(c.Phases))
	}
	for _, p := range c.Phases {
		if len(p.Figures) < 7 {
			t.Errorf("%s: %d figures", p.Name, len(p.Figures))
		}
		for _, f := range p.Figures {
			if f.Ratio() != 1 || c.Mark(f) != report.Same {
				t.Errorf("%s: %+v", p.Name, f)
			}
		}
	}
}

func TestCompareWarns(t *testing.T) {
	tests := []struct {
		change func(*report.Report)
		want   string
	}{
		{func(r *report.Report) { r.Machine.Cores = 8 }, "machines differ"},
		{func(r *report.Report) { r.Agents = 3 }, "agents differ: 0 and 3"},
		{func(r *report.Report) { r.Name = "other" }, "scenarios differ: unknown and other"},
		{func(r *report.Report) { r.Scenario = "x = 1" }, "scenarios differ in their text"},
		{func(r *report.Report) { r.Samples[1].Open = 200 }, "connections differ: 100 and 200"},
		{func(r *report.Report) { r.Phases[1].Name = "other" }, `phase "messages" is only in A`},
		{func(r *report.Report) { r.Phases[1].Name = "other" }, `phase "other" is only in B`},
		{func(r *report.Report) { r.Phases[1].Counts.Received = 0 }, `"messages" is about another exchange: delivery and reply`},
		{func(r *report.Report) { r.Phases[1].Seconds, r.Phases[1].Counts.Received = 8, 2000 }, `"messages" took 4.0 s and 8.0 s`},
	}
	for _, test := range tests {
		b := plainRun()
		test.change(b)
		c := report.Compare(plainRun(), b)
		if !slices.ContainsFunc(c.Warnings, func(w string) bool { return strings.Contains(w, test.want) }) {
			t.Errorf("no warning that %s: %q", test.want, c.Warnings)
		}
		page := string(written(t, func(w *bytes.Buffer) error { return c.WriteHTML(w) }))
		if !strings.Contains(page, "<h2>Warnings</h2>") {
			t.Errorf("%s: the page does not say so", test.want)
		}
	}
}

// Phases with one name are matched in their order.
func TestCompareRepeatedPhases(t *testing.T) {
	a, b := plainRun(), plainRun()
	a.Phases = append(a.Phases, a.Phases[1])
	b.Phases = append(b.Phases, b.Phases[1], b.Phases[1])
	c := report.Compare(a, b)
	if len(c.Phases) != 3 || c.Phases[1].B != &b.Phases[1] || c.Phases[2].B != &b.Phases[2] || len(c.Warnings) != 1 {
		t.Errorf("%+v, %q", c.Phases, c.Warnings)
	}
}

// The curves of both runs are in one chart for each latency.
func TestCompareOverlays(t *testing.T) {
	c := report.Compare(usual(), synthetic(shape{Samples: 60, Slower: 2}))
	page := string(written(t, func(w *bytes.Buffer) error { return c.WriteHTML(w) }))
	for _, want := range []string{"messages: delivery: A ", "; B ", `class="text bad">WORSE`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if n := strings.Count(page, "<figure>"); n != 10 {
		t.Errorf("%d charts", n)
	}
}

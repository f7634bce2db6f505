package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Noise is the share by which figures of two runs may differ without a reason.
const Noise = 0.1

// Comparison is two runs side by side.
type Comparison struct {
	A, B     *Report
	Noise    float64  // set another before writing
	Warnings []string // why the runs should not be compared
	Phases   []Pair
	Run      []Figure // of the whole run
}

// Pair is a phase of both runs.
type Pair struct {
	Name    string
	A, B    *Phase
	Figures []Figure
}

// Direction tells which figures are good.
type Direction int

// Directions of figures.
const (
	Lower  Direction = iota // less is better
	Higher                  // more is better
)

// Figure is something that was measured in both runs; NaN where it was not.
type Figure struct {
	Name   string
	A, B   float64
	Better Direction
	Count  bool // a number of things, not a measure
}

// Ratio returns b/a: 1 where both are nothing, infinite where only a is.
func (f Figure) Ratio() float64 {
	if f.A == f.B {
		return 1
	}
	return f.B / f.A
}

// Mark is what a difference means.
type Mark int

// Marks.
const (
	Same   Mark = iota // or not known
	Better             // b is better than a
	Worse
)

// Mark judges a figure: it differs by more than the noise, or it does not.
func (c *Comparison) Mark(f Figure) Mark {
	ratio := f.Ratio()
	switch {
	case math.IsNaN(ratio), math.Abs(f.B-f.A) <= c.Noise*math.Abs(f.A):
		return Same
	case (f.B > f.A) == (f.Better == Higher):
		return Better
	}
	return Worse
}

// Compare puts two runs side by side, phases by their names; phases that have
// the same name in their order.
func Compare(a, b *Report) *Comparison {
	c := &Comparison{A: a, B: b, Noise: Noise, Run: checkFigures(a, b)}
	taken := make([]bool, len(b.Phases))
	for i := range a.Phases {
		p := &a.Phases[i]
		j := slices.IndexFunc(b.Phases, func(q Phase) bool { return q.Name == p.Name })
		for j >= 0 && j < len(taken) && (taken[j] || b.Phases[j].Name != p.Name) {
			j++
		}
		if j < 0 || j == len(taken) {
			c.Warnings = append(c.Warnings, fmt.Sprintf("phase %q is only in A", p.Name))
			continue
		}
		taken[j] = true
		q := &b.Phases[j]
		c.Phases = append(c.Phases, Pair{Name: p.Name, A: p, B: q, Figures: phaseFigures(a, b, p, q)})
	}
	for j := range b.Phases {
		if !taken[j] {
			c.Warnings = append(c.Warnings, fmt.Sprintf("phase %q is only in B", b.Phases[j].Name))
		}
	}
	c.Warnings = append(differences(a, b, c.Phases), c.Warnings...)
	return c
}

// differences are reasons why figures differ that have nothing to do with the
// server.
func differences(a, b *Report, pairs []Pair) []string {
	var all []string
	differ := func(what, x, y string) {
		if x != y {
			all = append(all, fmt.Sprintf("the %s differ: %s and %s", what, cmp.Or(x, "unknown"), cmp.Or(y, "unknown")))
		}
	}
	differ("machines", a.Machine.String(), b.Machine.String())
	differ("numbers of agents", whole(int64(a.Agents)), whole(int64(b.Agents)))
	switch {
	case a.Name != b.Name:
		differ("scenarios", a.Name, b.Name)
	case a.Scenario != b.Scenario:
		all = append(all, "the scenarios differ in their text")
	}
	if x, y := a.peak(), b.peak(); apart(x, y) {
		differ("numbers of connections", whole(x), whole(y))
	}
	for _, p := range pairs {
		if x, y := p.A.Exchange().Name, p.B.Exchange().Name; x != y {
			all = append(all, fmt.Sprintf("phase %q is about another exchange: %s and %s", p.Name, cmp.Or(x, "none"), cmp.Or(y, "none")))
		}
		if math.Abs(p.A.Seconds-p.B.Seconds) > 0.2*max(p.A.Seconds, p.B.Seconds) && p.A.Exchange().Count != p.B.Exchange().Count {
			all = append(all, fmt.Sprintf("phase %q took %s s and %s s", p.Name, seconds(p.A.Seconds), seconds(p.B.Seconds)))
		}
	}
	return all
}

// peak is how many connections were open at most.
func (r *Report) peak() int64 {
	most := int64(0)
	for i := range r.Samples {
		most = max(most, r.Samples[i].Open)
	}
	return most
}

// apart allows for the one percent that did not get in.
func apart(x, y int64) bool {
	return math.Abs(float64(x)-float64(y)) > 0.01*float64(max(x, y))
}

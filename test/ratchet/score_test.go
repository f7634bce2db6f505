//go:build linux

package ratchet

import (
	"slices"
	"testing"
)

// round is what one rival's turn took, in seconds; p99 is in milliseconds, 0
// where it was not asked for.
type round struct {
	exchanges      int
	cpu, wall, p99 float64
}

// score is the rounds of both rivals: the floor's, throng's.
type score [2][]round

func (s *score) add(rival int, r round) { s[rival] = append(s[rival], r) }

// report tells the medians, and those of the ratios of each round.
func (s *score) report(b *testing.B) {
	cpu := func(r round) float64 { return r.cpu * 1e9 / float64(r.exchanges) }
	wall := func(r round) float64 { return r.wall * 1e9 / float64(r.exchanges) }
	p99 := func(r round) float64 { return r.p99 }
	for _, m := range []struct {
		of         func(round) float64
		unit, unto string
	}{{cpu, "cpu-ns", "cpu-ratio"}, {wall, "ns", "wall-ratio"}, {p99, "p99-ms", "p99-ratio"}} {
		if m.of(s[1][0]) == 0 {
			continue
		}
		b.ReportMetric(s.median(func(i int) float64 { return m.of(s[0][i]) }), "floor-"+m.unit)
		b.ReportMetric(s.median(func(i int) float64 { return m.of(s[1][i]) }), m.unit)
		b.ReportMetric(s.median(func(i int) float64 { return m.of(s[1][i]) / m.of(s[0][i]) }), m.unto)
	}
	b.ReportMetric(0, "ns/op") // a round is not an operation
}

// median returns that of a figure of all rounds.
func (s *score) median(of func(round int) float64) float64 {
	all := make([]float64, len(s[0]))
	for i := range all {
		all[i] = of(i)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

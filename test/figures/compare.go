//go:build linux

package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// exchange is a row of the comparison with the floor.
type exchange struct {
	what     string
	scenario string
	phase    string
	target   float64 // ratio to the floor
	seconds  bool    // compare how long the phase took instead of CPU time
}

func exchanges() []exchange {
	return []exchange{
		{"connect + join", "crowd", "connect", 1.2, false},
		{"heartbeat", "crowd", "heartbeats", 1.3, false},
		{"delivery, one message to all", "crowd", "one", 1.15, false},
		{"delivery, 16 waiting for each", "crowd", "sixteen", 1.6, false},
		{"delivery, 150 channels of 100", "rooms", "messages", 1.3, false},
		{"round trip, 1,000 connections", "trips", "messages", 1.5, false},
		{"all back after a cut, s", "crowd", "cut", 1.3, true},
	}
}

// figure is what a row says of a run.
func (e exchange) figure(r *report.Report) float64 {
	p := phase(r, e.phase)
	if e.seconds {
		return p.Seconds
	}
	return p.CPU()
}

// sides are floor and throng.
type sides [2]float64

func sideNames() [2]string { return [2]string{"floor", "throng"} }

// compare measures throng and the floor in turns.
func (f *figures) compare() error {
	var table strings.Builder
	table.WriteString(heading(fmt.Sprintf("Beside the floor: %d connections, %d rounds in turns", f.users, f.rounds)))
	for loops := 1; loops <= 2; loops++ {
		found := map[exchange][]sides{}
		for round := range f.rounds {
			for _, s := range []*scenario.Scenario{crowd(f.users), rooms("random"), trips()} {
				pair, err := f.pair(nil, s, loops, round)
				if err != nil {
					return err
				}
				for _, e := range exchanges() {
					if e.scenario == s.Name {
						found[e] = append(found[e], sides{e.figure(pair[0]), e.figure(pair[1])})
					}
				}
			}
		}
		fmt.Fprintf(&table, "\n%s:\n\n| CPU of the server, µs per | floor | throng | throng ÷ floor (each round) | target |\n|---|---|---|---|---|\n", plural(loops, "loop"))
		for _, e := range exchanges() {
			table.WriteString(e.row(found[e]))
		}
	}
	fmt.Print(table.String())
	return os.WriteFile(filepath.Join(f.out, "floor.md"), []byte(table.String()), 0o644)
}

// pair measures both, the floor first in even rounds; under is a command that runs the
// bench, if not nil.
func (f *figures) pair(under []string, s *scenario.Scenario, loops, round int) (pair [2]*report.Report, err error) {
	start := []func(int) (*server, error){f.startFloor, func(loops int) (*server, error) { return f.startThrong(loops) }}
	for i := range 2 {
		side := (i + round) % 2
		one, err := start[side](loops)
		if err != nil {
			return pair, err
		}
		pair[side], err = f.measureUnder(under, s, fmt.Sprintf("%s-%s-%d", s.Name, sideNames()[side], loops), []*server{one})
		one.stop()
		if err != nil {
			return pair, err
		}
	}
	return pair, nil
}

func (e exchange) row(found []sides) string {
	var floor, throng, ratios []float64
	var each []string
	for _, s := range found {
		floor, throng, ratios = append(floor, s[0]), append(throng, s[1]), append(ratios, s[1]/s[0])
		each = append(each, fmt.Sprintf("%.2f", s[1]/s[0]))
	}
	return fmt.Sprintf("| %s | %s | %s | **%.2f** (%s) | ≤ %.2f |\n", e.what, three(median(floor)), three(median(throng)), median(ratios), strings.Join(each, ", "), e.target)
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if len(v) == 0 {
		return math.NaN()
	}
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// three writes a number with three digits that count.
func three(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "One " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

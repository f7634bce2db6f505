//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"throng/internal/bench/report"
)

// latency measures how long messages to 150 channels of 100 are on their way, beside
// the floor: from when they were due to leave until the kernel has them for each
// subscriber (its receive stamps). So it does not matter when the bench comes to read
// them, and it gives way to the server, with which it shares the processors: in the
// scheduler's idle class, for whoever is only nice goes on with the slice that it has begun.
func (f *figures) latency() error {
	const loops = 2
	var table strings.Builder
	table.WriteString(heading(fmt.Sprintf("Latency: 150 channels of 100, 200 messages/s, %d loops, %d rounds in turns", loops, f.rounds)))
	table.WriteString("\n| messages come | round | | delivery p50, p90, p99, ms | to the last p50, p99, ms | the bench was late by, p99, ms |\n|---|---|---|---|---|---|\n")
	for _, jitter := range []string{"even", "random"} {
		var found [2][]float64
		for round := range f.rounds {
			s := rooms(jitter)
			s.Name = "latency-" + jitter
			pair, err := f.pair([]string{"chrt", "--idle", "0"}, s, loops, round)
			if err != nil {
				return err
			}
			for side, r := range pair {
				l := phase(r, "messages").Latencies
				found[side] = append(found[side], milliseconds(l[report.Delivery], 0.99))
				fmt.Fprintf(&table, "| %s | %d | %s | %s, %s, %s | %s, %s | %s |\n", jitter, round+1, sideNames()[side],
					millis(l[report.Delivery], 0.5), millis(l[report.Delivery], 0.9), millis(l[report.Delivery], 0.99),
					millis(l[report.Last], 0.5), millis(l[report.Last], 0.99), millis(l[report.Lateness], 0.99))
			}
		}
		for side, name := range sideNames() {
			fmt.Fprintf(&table, "| %s | median of p99 | %s | **%s** | | |\n", jitter, name, three(median(found[side])))
		}
	}
	fmt.Print(table.String())
	return os.WriteFile(filepath.Join(f.out, "latency.md"), []byte(table.String()), 0o644)
}

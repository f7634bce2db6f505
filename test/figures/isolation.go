//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// aside is what goes on in other channels while nothing, and then while a message
// a second, goes to everybody.
func aside(users int) *scenario.Scenario {
	const others, comers = 200, 100
	every := func(ms time.Duration) scenario.Duration { return scenario.Duration(ms * time.Millisecond) }
	own := "bench:{user}"
	return &scenario.Scenario{
		Name: "aside", Title: fmt.Sprintf("other channels while messages go to %d users", users), Heartbeat: scenario.Off,
		Users: []scenario.Users{
			{Name: "crowd", Count: users, Join: []string{all}, Scripts: []scenario.Script{
				{Phase: "busy", Users: 1, Every: every(1000), Steps: []scenario.Step{{Do: scenario.Send, Channel: all}}},
			}},
			{Name: "others", Count: others, Join: []string{own}, Scripts: []scenario.Script{
				{Every: every(400), Jitter: "random", Steps: []scenario.Step{{Do: scenario.Send, Channel: own}}},
			}},
			{Name: "comers", Count: comers, Scripts: []scenario.Script{
				{Every: every(500), Jitter: "random", Steps: []scenario.Step{{Do: scenario.Join, Channel: "room:{user}"}, {Do: scenario.Leave, Channel: "room:{user}"}}},
			}},
		},
		Phases: []scenario.Phase{arrive(), idle(2 * time.Second), act("quiet", 10*time.Second), act("busy", 10*time.Second)},
	}
}

// isolation measures what a message to everybody costs the others.
func (f *figures) isolation() error {
	var table strings.Builder
	table.WriteString(heading(fmt.Sprintf("Other channels while a message a second goes to %d connections", f.users)))
	table.WriteString("\n| loops | round trip elsewhere, quiet: p50, p99, ms | busy: p50, p99 | join, quiet: p50, p99 | busy: p50, p99 |\n|---|---|---|---|---|\n")
	for range max(1, f.rounds/2) {
		for loops := 1; loops <= 2; loops++ {
			one, err := f.startThrong(loops)
			if err != nil {
				return err
			}
			r, err := f.measure(aside(f.users), fmt.Sprintf("aside-%d", loops), []*server{one})
			one.stop()
			if err != nil {
				return err
			}
			fmt.Fprintf(&table, "| %d |", loops)
			for _, of := range []string{report.Reply, report.Join} {
				for _, name := range []string{"quiet", "busy"} {
					h := phase(r, name).Latencies[of]
					fmt.Fprintf(&table, " %s, %s |", millis(h, 0.5), millis(h, 0.99))
				}
			}
			table.WriteString("\n")
		}
	}
	fmt.Print(table.String())
	return os.WriteFile(filepath.Join(f.out, "isolation.md"), []byte(table.String()), 0o644)
}

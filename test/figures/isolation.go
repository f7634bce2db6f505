//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// How long the crowd does nothing, and then gets a message a second; the others are
// measured within each.
const (
	isolationPhase  = 20 * time.Second
	isolationAct    = 12 * time.Second
	isolationSettle = 3 * time.Second
)

func millisecs(ms time.Duration) scenario.Duration { return scenario.Duration(ms * time.Millisecond) }

// hearers hear nothing for a while, and then a message a second.
func hearers(users int) *scenario.Scenario {
	return &scenario.Scenario{
		Name: "crowd", Heartbeat: scenario.Off,
		Users: []scenario.Users{{Name: "crowd", Count: users, Join: []string{all}, Scripts: []scenario.Script{
			{Phase: "busy", Users: 1, Every: millisecs(1000), Steps: []scenario.Step{{Do: scenario.Send, Channel: all}}},
		}}},
		Phases: []scenario.Phase{arrive(), {Name: "quiet", Do: scenario.Idle, For: scenario.Duration(isolationPhase)}, act("busy", isolationPhase)},
	}
}

// others send and get messages of their own, and come and go.
func others() *scenario.Scenario {
	const own, room = "bench:{user}", "room:{user}"
	return &scenario.Scenario{
		Name: "others", Heartbeat: scenario.Off,
		Users: []scenario.Users{
			{Name: "others", Count: 200, Join: []string{own}, Scripts: []scenario.Script{
				{Every: millisecs(400), Jitter: "random", Steps: []scenario.Step{{Do: scenario.Send, Channel: own}}},
			}},
			{Name: "comers", Count: 100, Scripts: []scenario.Script{
				{Every: millisecs(500), Jitter: "random", Steps: []scenario.Step{{Do: scenario.Join, Channel: room}, {Do: scenario.Leave, Channel: room}}},
			}},
		},
		Phases: []scenario.Phase{arrive(), act("act", isolationAct)},
	}
}

// isolation measures what a message to everybody costs the others. A bench that
// takes 15,000 messages itself can't tell what others would wait, so the others are
// another process; and the server has cores of its own, as it has where clients are
// elsewhere. How late the bench itself was stands beside it.
func (f *figures) isolation() error {
	cores := runtime.NumCPU()
	if cores < 2 {
		return fmt.Errorf("isolation needs two cores")
	}
	ours := fmt.Sprint("0-", cores-2)
	theirs := strconv.Itoa(cores - 1)
	var table strings.Builder
	table.WriteString(heading(fmt.Sprintf("Other channels while a message a second goes to %d connections; %d loop(s) and the bench on cores of their own", f.users, cores-1)))
	table.WriteString("\n| round | | quiet: p50, p90, p99, ms | busy: p50, p90, p99, ms |\n|---|---|---|---|\n")
	kinds := []struct{ kind, name string }{
		{report.Reply, "round trip elsewhere"}, {report.Join, "join"}, {report.Lateness, "the bench was late by"},
	}
	more := make([][]float64, len(kinds)) // by which a busy p99 was over the quiet one
	for round := range max(1, f.rounds) {
		reports, err := f.isolated(ours, theirs, cores-1)
		if err != nil {
			return err
		}
		for i, of := range kinds {
			fmt.Fprintf(&table, "| %d | %s |", round+1, of.name)
			var p99 [2]float64
			for busy, r := range reports {
				h := phase(r, "act").Latencies[of.kind]
				fmt.Fprintf(&table, " %s, %s, %s |", millis(h, 0.5), millis(h, 0.9), millis(h, 0.99))
				p99[busy] = milliseconds(h, 0.99)
			}
			more[i] = append(more[i], p99[1]-p99[0])
			table.WriteString("\n")
		}
	}
	for i, of := range kinds {
		fmt.Fprintf(&table, "| median | %s: busy p99 over the quiet one | | **%+.2f** |\n", of.name, median(more[i]))
	}
	fmt.Print(table.String())
	return os.WriteFile(filepath.Join(f.out, "isolation.md"), []byte(table.String()), 0o644)
}

// isolated measures the others in quiet and in busy times.
func (f *figures) isolated(ours, theirs string, loops int) ([]*report.Report, error) {
	f.cores = []string{"taskset", "-c", ours}
	one, err := f.startThrong(loops)
	f.cores = nil
	if err != nil {
		return nil, err
	}
	defer one.stop()
	done := make(chan error, 1)
	go func() {
		_, err := f.measureUnder([]string{"taskset", "-c", theirs, "chrt", "--idle", "0"}, hearers(f.users), "", []*server{one})
		done <- err
	}()
	if err := came(2*f.users, func() error {
		select {
		case err := <-done:
			return fmt.Errorf("the crowd is gone: %w", err)
		default:
			return nil
		}
	}); err != nil {
		return nil, err
	}
	quiet := time.Now()
	var reports []*report.Report
	for i := range 2 {
		time.Sleep(time.Until(quiet.Add(isolationSettle + time.Duration(i)*isolationPhase)))
		r, err := f.measureUnder([]string{"taskset", "-c", theirs, "nice", "-n", urgent()}, others(), "", []*server{one})
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, <-done
}

// urgent is the niceness of what must not wait for the crowd's own process.
func urgent() string {
	if os.Getuid() == 0 {
		return "-20"
	}
	return "0"
}

// connections are the TCP sockets of this machine, both ends of each.
func connections() (n int) {
	b, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(b) {
		_, _ = fmt.Sscanf(string(line), "TCP: inuse %d", &n)
	}
	return n
}

//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"throng/internal/bench/report"
	"throng/internal/bench/usage"
)

// perServer is how many connections one server gets at most: what a process may
// open here, with something to spare.
const perServer = 18_750

// curve measures growing numbers of connections.
func (f *figures) curve(list string) error {
	points, err := numbers(list)
	if err != nil {
		return err
	}
	var table strings.Builder
	table.WriteString(heading("Growing: the same work for each connection, channels of 1,000"))
	table.WriteString("\n| connections | servers | connects + joins/s | CPU of the servers, µs per connect + join | per heartbeat | per delivery | " +
		"delivery p50, p99, to the last p99, ms | memory of the servers per connection, bytes | of the kernel, per socket | of the bench, per connection |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for i, users := range points {
		servers := (users + perServer - 1) / perServer
		if i == len(points)-1 {
			servers = max(servers, f.servers)
		}
		row, err := f.point(users, servers)
		if err != nil {
			return err
		}
		table.WriteString(row)
	}
	fmt.Print(table.String())
	return os.WriteFile(filepath.Join(f.out, "growing.md"), []byte(table.String()), 0o644)
}

// point measures one number of connections.
func (f *figures) point(users, servers int) (string, error) {
	var all []*server
	defer func() {
		for _, s := range all {
			s.stop()
		}
	}()
	for range servers {
		s, err := f.startThrong(loopsFor(servers))
		if err != nil {
			return "", err
		}
		all = append(all, s)
	}
	sockets := watch(slabs)
	s := growing(users, servers)
	r, err := f.measure(s, s.Name, all, "--processes", fmt.Sprint(servers), "--patience", "60s")
	kernel := sockets.stop()
	if err != nil {
		return "", err
	}
	connect, messages := phase(r, "connect"), phase(r, "messages")
	delivery, last := messages.Latencies[report.Delivery], messages.Latencies[report.Last]
	return fmt.Sprintf("| %d | %d | %s | %s | %s | %s | %s, %s, %s | %s | %s | %s |\n", users, servers,
		three(float64(connect.Counts.Joins)/connect.Seconds), three(connect.CPU()), three(phase(r, "heartbeats").CPU()), three(messages.CPU()),
		millis(delivery, 0.5), millis(delivery, 0.99), millis(last, 0.99),
		three(r.Memory(phase(r, "idle"))), three(float64(kernel)/float64(2*users)), three(benchMemory(r))), nil
}

// loopsFor is one loop each where several servers share the machine.
func loopsFor(servers int) int {
	if servers > 1 {
		return 1
	}
	return usage.Machine().Cores
}

// benchMemory is what the bench's processes grew by, per connection.
func benchMemory(r *report.Report) float64 {
	for _, s := range r.Samples {
		if s.Phase == "idle" && s.Open > 0 {
			return float64(s.Bench.RSS-r.Samples[0].Bench.RSS) / float64(s.Open)
		}
	}
	return 0
}

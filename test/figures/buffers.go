//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// setting is one set of socket buffer settings (tcp(7)): least, at the beginning,
// most, in bytes.
type setting struct{ name, read, write string }

func settings() []setting {
	return []setting{
		{"Linux's own", "4096 131072 6291456", "4096 16384 4194304"},
		{"small", "4096 16384 262144", "4096 16384 262144"},
	}
}

// buffers measures the same bursts under two sets of socket buffer settings, in
// turns. It needs root, and puts back what was set.
func (f *figures) buffers() error {
	names := []string{"/proc/sys/net/ipv4/tcp_rmem", "/proc/sys/net/ipv4/tcp_wmem"}
	for _, name := range names {
		was, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		defer os.WriteFile(name, was, 0o644) //nolint:errcheck // it could be written a moment ago
	}
	var table strings.Builder
	table.WriteString(heading(fmt.Sprintf("Socket buffers: bursts of 64 messages of 1 KiB to %d connections", f.users)))
	table.WriteString("\n| `tcp_rmem`, `tcp_wmem` | CPU of the server, µs per delivery | delivery p50, p99, to the last p99, ms | TCP buffers at most, MiB |\n|---|---|---|---|\n")
	for range f.rounds {
		for _, s := range settings() {
			for i, value := range []string{s.read, s.write} {
				if err := os.WriteFile(names[i], []byte(value), 0o644); err != nil {
					return fmt.Errorf("socket buffers can be set by root only: %w", err)
				}
			}
			row, err := f.buffered(s)
			if err != nil {
				return err
			}
			table.WriteString(row)
		}
	}
	fmt.Print(table.String())
	return os.WriteFile(filepath.Join(f.out, "buffers.md"), []byte(table.String()), 0o644)
}

func (f *figures) buffered(s setting) (string, error) {
	one, err := f.startThrong(1)
	if err != nil {
		return "", err
	}
	defer one.stop()
	peak := watch(tcpBuffers)
	r, err := f.measure(bursts(f.users), "", []*server{one})
	most := peak.stop()
	if err != nil {
		return "", err
	}
	p := phase(r, "messages")
	d, last := p.Latencies[report.Delivery], p.Latencies[report.Last]
	return fmt.Sprintf("| %s: `%s`, `%s` | %s | %s, %s, %s | %s |\n", s.name, s.read, s.write, three(p.CPU()),
		millis(d, 0.5), millis(d, 0.99), millis(last, 0.99), three(float64(most)/(1<<20))), nil
}

func bursts(users int) *scenario.Scenario {
	return &scenario.Scenario{
		Name: "bursts", Title: "bursts", Heartbeat: scenario.Off, Payload: 1024,
		Users: []scenario.Users{{Name: "users", Count: users, Join: []string{all}, Scripts: []scenario.Script{
			{Users: 1, Every: scenario.Duration(3 * time.Second), Times: 4, Steps: []scenario.Step{{Do: scenario.Send, Channel: all, Burst: 64}}},
		}}},
		Phases: []scenario.Phase{arrive(), idle(time.Second), act("messages", 0)},
	}
}

// tcpBuffers is what all TCP sockets' buffers take (proc(5): sockstat, in pages).
func tcpBuffers() int64 {
	b, _ := os.ReadFile("/proc/net/sockstat")
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "TCP:"); ok {
			f := strings.Fields(rest)
			for i := 0; i+1 < len(f); i += 2 {
				if f[i] == "mem" {
					pages, _ := strconv.ParseInt(f[i+1], 10, 64)
					return pages * int64(os.Getpagesize())
				}
			}
		}
	}
	return 0
}

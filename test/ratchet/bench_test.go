//go:build linux

package ratchet

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"throng/test/process"
)

// BenchmarkServer measures a real server process with 15,000 joined connections
// from a client process, on one and on two loops: wall time (both processes
// share the machine) and the server's own CPU time.
func BenchmarkServer(b *testing.B) {
	throng := process.Build(b, "./cmd/throng")
	for _, loops := range []int{1, 2} {
		b.Run(fmt.Sprintf("loops=%d", loops), func(b *testing.B) {
			b.Run("connect+join", func(b *testing.B) { connect(b, throng, loops) })
			s, c := crowded(b, throng, loops)
			c.do(fmt.Sprint("connect ", connections))
			for _, command := range []string{"heartbeat", "publish 1", "publish 16"} {
				b.Run(strings.ReplaceAll(command, " ", "-"), func(b *testing.B) { run(b, s, c, command) })
			}
		})
	}
}

func crowded(b *testing.B, throng string, loops int) (*process.Server, *crowd) {
	s := process.Start(b, throng, "serve", "--dev", "--set", fmt.Sprint("engine.loops=", loops))
	return s, startCrowd(b, s.Public())
}

// connect measures from the first connection to the last join, on a fresh server
// each time.
func connect(b *testing.B, throng string, loops int) {
	var used, took time.Duration
	n := 0
	for b.Loop() {
		s, c := crowded(b, throng, loops)
		begin, start := cpu(b, s), time.Now()
		c.do(fmt.Sprint("connect ", connections))
		used += cpu(b, s) - begin
		took += time.Since(start)
		c.stop()
		s.Kill()
		n++
	}
	b.ReportMetric(float64(took.Nanoseconds())/float64(n*connections), "ns/exchange")
	b.ReportMetric(float64(used.Nanoseconds())/float64(n*connections), "server-cpu-ns/exchange")
}

func run(b *testing.B, s *process.Server, c *crowd, command string) {
	c.do(command)
	exchanges := connections
	if k, ok := strings.CutPrefix(command, "publish "); ok {
		n, _ := strconv.Atoi(k)
		exchanges *= n
	}
	begin := cpu(b, s)
	n := 0
	for b.Loop() {
		c.do(command)
		n++
	}
	per := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(n*exchanges) }
	b.ReportMetric(per(b.Elapsed()), "ns/exchange")
	b.ReportMetric(per(cpu(b, s)-begin), "server-cpu-ns/exchange")
}

// cpu returns the processor time that the server has used, in the kernel and
// outside, in the clock ticks of 10 ms that Linux counts.
func cpu(t testing.TB, s *process.Server) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.PID()))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

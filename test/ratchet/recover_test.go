//go:build linux

package ratchet

import (
	"fmt"
	"testing"

	"throng/test/process"
)

// BenchmarkRecover cuts 15,000 clients of one channel, who come back at once and
// recover what was published meanwhile, beside the same without anything missed.
//
//	go test ./test/ratchet -run '^$' -bench Recover -benchtime 5x
func BenchmarkRecover(b *testing.B) {
	for _, missed := range []int{0, 10, 100} {
		b.Run(fmt.Sprint("missed=", missed), func(b *testing.B) {
			s := process.Start(b, process.Build(b, "./cmd/throng"), "serve", "--dev",
				"--set", "phoenix.idle_timeout=1h", "--set", "websocket.ping_interval=1h")
			defer s.Kill()
			c := startCrowdIn(b, s.Public(), "hist:1")
			defer c.stop()
			c.do("connect 1")
			c.do("publish 100")
			c.do(fmt.Sprint("connect ", connections-1))
			var cpu, wall float64
			for b.Loop() {
				r := measured(b, s, c, fmt.Sprint("recover ", missed), 1)
				cpu += r.cpu
				wall += r.wall
			}
			b.ReportMetric(cpu/float64(b.N), "cpu-s/crowd")
			b.ReportMetric(wall/float64(b.N), "s/crowd")
			b.ReportMetric(cpu/float64(b.N)/connections*1e6, "cpu-µs/client")
		})
	}
}

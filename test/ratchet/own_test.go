//go:build linux

package ratchet

import (
	"fmt"
	"testing"

	"throng/test/process"
)

// BenchmarkOwnChannel measures what it costs that clients are subscribed to their users'
// own channels: the same crowd of 15,000 users with it and without, in turns. Reported
// are the server's memory and CPU time per connection, connect and join of one other
// channel included.
//
// One run has its rounds: go test ./test/ratchet -run '^$' -bench OwnChannel -benchtime 1x
func BenchmarkOwnChannel(b *testing.B) {
	binary := process.Build(b, "./cmd/throng")
	const turns = 3
	var bytes, cpu [2]float64
	for b.Loop() {
		for range turns {
			for i, on := range []bool{false, true} {
				s := process.Start(b, binary, "serve", "--dev", "--set", "store.kind=off", "--set", fmt.Sprint("users.subscribe=", on))
				c := startCrowdAt(b, s.Public(), "/socket/websocket?vsn=2.0.0&user_id=userNUMBER", "room:1")
				before := memory(b, s, "HeapAlloc")
				used := s.CPU(b)
				c.do(fmt.Sprint("connect ", connections))
				cpu[i] += (s.CPU(b) - used).Seconds() * 1e6 / connections / turns
				bytes[i] += (memory(b, s, "HeapAlloc") - before) / connections / turns
				c.stop()
				s.Kill()
			}
		}
	}
	for i, name := range []string{"without", "with"} {
		b.ReportMetric(bytes[i]/float64(b.N), "bytes-"+name)
		b.ReportMetric(cpu[i]/float64(b.N), "µs-"+name)
	}
	b.ReportMetric(0, "ns/op")
}

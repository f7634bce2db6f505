//go:build linux

// Package front measures what the front door costs: real throng processes with
// 5,000 joined Phoenix connections from a client process, bare, with throng's own
// TLS, and behind HAProxy that ends TLS, by the files of deploy/.
//
//	go test ./test/front -run '^$' -bench Front -benchtime 3x -timeout 30m
//
// # What is measured
//
// Memory is what the process grew by since it was ready, as the kernel counts
// resident pages, per connection: idle means 5 s after the last join with nothing
// forced; collected means after a garbage collection, and for HAProxy after it was
// told to give its pools back; used means 5 s after all the traffic. The kernel's
// own memory for sockets is in none of them; behind a proxy there are three sockets
// for a client instead of one.
//
// Processor time is the server's alone, in the kernel and outside, of all its
// threads. Behind a proxy a figure is the sum of both processes, and they are given
// apart too (throng-, proxy-).
//
// Every figure is the median of the rounds that -benchtime asks for, because the
// machine is seldom idle. The client process takes its share of the same cores.
package front

import (
	"fmt"
	"testing"
	"time"

	"throng/test/process"
)

const connections = 5000

func BenchmarkFront(b *testing.B) {
	throng, client := process.Build(b, "./cmd/throng"), process.Build(b, "./test/crowdtls")
	for _, v := range []variant{
		{name: "plain", engine: "auto"},
		{name: "tls", engine: "auto", door: throngTLS},
		{name: "tls-x25519", engine: "auto", door: throngTLS, client: []string{"-classic"}},
		{name: "tls-goroutine", engine: "goroutine", door: throngTLS},
		{name: "haproxy-http", engine: "auto", door: haproxyHTTP},
		{name: "haproxy-tcp", engine: "auto", door: haproxyTCP},
	} {
		v.throng, v.crowd = throng, client
		b.Run(v.name, func(b *testing.B) {
			b.Run("connect+join", func(b *testing.B) { join(b, v, connections) })
			w := v.start(b)
			w.crowd.do(fmt.Sprint("connect ", connections))
			// Rounds are repeated until a few hundred milliseconds of the server's
			// time come together.
			b.Run("heartbeat", func(b *testing.B) { traffic(b, w, "heartbeat", 4) })
			b.Run("publish-1", func(b *testing.B) { traffic(b, w, "publish 1", 20) })
			b.Run("publish-16", func(b *testing.B) { traffic(b, w, "publish 16", 4) })
			b.Run("used", func(b *testing.B) { used(b, w, connections) })
		})
	}
}

// idle is how long nothing happens before memory is measured.
const idle = 5 * time.Second

// join measures from the first connection to the last join, and what those who
// joined and wait take, on fresh processes each time.
func join(b *testing.B, v variant, n int) {
	s := make(samples)
	for b.Loop() {
		w := v.start(b)
		live := w.live()
		resident := w.resident()
		begin := w.cpu()
		w.crowd.do(fmt.Sprint("connect ", n))
		s.note("cpu-us/join", w.cpu().since(begin).per(n*1000))
		time.Sleep(idle)
		s.note("idle-B/conn", w.resident().since(resident).per(n))
		w.collect()
		s.note("live-B/conn", w.live().since(live).per(n))
		time.Sleep(idle) // the runtime gives pages back at its leisure
		s.note("collected-B/conn", w.resident().since(resident).per(n))
		w.stop()
	}
	s.report(b)
}

// traffic measures a command of the crowd, some times over for each sample.
func traffic(b *testing.B, w *world, command string, times int) {
	unit := "delivery"
	if command == "heartbeat" {
		unit = command
	}
	w.crowd.do(command) // memory grows to what it needs
	s := make(samples)
	for b.Loop() {
		sent, begin := w.sent(), w.cpu() // asking costs
		exchanges := 0
		for range times {
			exchanges += w.crowd.do(command)
		}
		used := w.cpu().since(begin)
		s.note("cpu-us/"+unit, used.per(exchanges*1000))
		s.note("sent-B/"+unit, w.sent().since(sent).per(exchanges))
	}
	s.report(b)
}

// used measures what connections take when traffic has come to rest.
func used(b *testing.B, w *world, n int) {
	time.Sleep(idle)
	s := make(samples)
	for b.Loop() {
		s.note("used-B/conn", w.resident().since(w.ready).per(n))
	}
	s.report(b)
}

package gateway_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"throng"
	"throng/internal/loop"
	"throng/test/million"
)

// BenchmarkMillion is a million WebSockets in one process (MILLION=n: as many),
// each joined to one channel, from the handshake to the close.
func BenchmarkMillion(b *testing.B) {
	n := million.Size(b)
	for _, channels := range []int{1, max(1, n/100), n} {
		for _, loops := range []int{1, 2} {
			b.Run(fmt.Sprintf("sessions=%d/channels=%d/loops=%d", n, channels, loops), func(b *testing.B) {
				for b.Loop() {
					life(b, n, channels, loops)
				}
			})
		}
	}
}

func life(b *testing.B, n, channels, loops int) {
	w := newCrowd(b, n, channels, loops)
	before := million.Fresh()
	w.report(b, "connect", n, nil, func() { w.come(b, n) })
	million.Report(b, before, n, "session")
	w.whole(b, n, channels)

	w.frames(b, n, func() {
		w.report(b, "heartbeat", n, w.saying(said(beat)), nil)
	})
	w.frames(b, n, func() {
		w.report(b, "delivery", n, nil, func() { w.publish(n) })
	})
	w.nobody(b)
	w.frames(b, 2*n, func() { // the answer, and phx_close
		w.report(b, "leave", n, w.leaving, nil)
	})
	w.whole(b, n, 0)
	w.report(b, "return", n, func(c *loop.Conn) { w.say(c, w.join(c)) }, nil)
	w.shuffle()
	w.report(b, "leave-at-random", n, w.leaving, nil)
	w.report(b, "close", n, func(c *loop.Conn) { c.Abort(nil) }, nil)
	w.forget(n)
	b.ReportMetric(float64(million.Collected().Live-before.Live)/float64(n), "left-B/session")
	w.whole(b, 0, 0)
	w.stop(b)
}

// whole checks how many connections and channels there are.
func (w *crowd) whole(b *testing.B, conns, channels int) {
	b.Helper()
	if load, got := w.load(), w.hub.Channels(); load != conns || got != channels {
		b.Fatalf("%d connections and %d channels, not %d and %d", load, got, conns, channels)
	}
}

// frames checks how many frames reach the clients.
func (w *crowd) frames(b *testing.B, want int, f func()) {
	b.Helper()
	before := w.taken()
	f()
	if got := w.taken() - before; got != int64(want) {
		b.Fatalf("%d frames, not %d", got, want)
	}
}

func (w *crowd) saying(b []byte) func(c *loop.Conn) {
	return func(c *loop.Conn) { w.say(c, b) }
}

// leaving leaves the channel that a client joined.
func (w *crowd) leaving(c *loop.Conn) { w.say(c, w.leaves[w.channel(c)]) }

// publish sends one message to each channel and waits until n clients have it.
func (w *crowd) publish(n int) {
	end := w.taken() + int64(n)
	for i := range w.joins {
		p := &throng.Publication{Data: []byte(`{"text":"hello, all of you"}`)}
		w.node.Broadcast(context.Background(), channel(i), p, "", nil)
	}
	for w.taken() < end {
		time.Sleep(100 * time.Microsecond)
	}
}

// nobody publishes to channels without subscribers here. Not one task may come of
// it, let alone a system call to wake a loop.
func (w *crowd) nobody(b *testing.B) {
	const times = 100_000
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprint("room:nobody", i)
	}
	begin := million.Process()
	for i := range times {
		w.node.Broadcast(context.Background(), names[i%len(names)], &throng.Publication{}, "", nil)
	}
	b.ReportMetric(float64((million.Process()-begin).Nanoseconds())/times, "cpu-ns/publish-to-nobody")
}

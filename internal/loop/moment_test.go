package loop

import (
	"net"
	"testing"
	"time"

	"throng"
)

// bored is a handler that does nothing, and an outlet that takes all.
type bored struct {
	idleHandler
	offered int
}

func (b *bored) Take(_ *Conn, frames []Frame) int {
	b.offered += len(frames)
	return len(frames)
}

// idleLoop is a loop of the goroutine engine that does not run.
func idleLoop(t *testing.T) *Loop {
	e, err := New(Options{Kind: Goroutine, Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Stop(t.Context()) })
	return e.loops[0]
}

// An outlet whose queue a deadline came in after the flush looked at it is offered nothing;
// so nothing is counted as late that its goroutine would drop.
func TestOutletOfferedInTime(t *testing.T) {
	l := idleLoop(t)
	h := &bored{}
	c := &Conn{loop: l, fd: -1, out: &queue{}}
	o := &outlet{c, h}
	c.carrier = o
	now := l.clock.Now()
	c.out.push(publication([]byte("a"), throng.Timing{ExpiresAt: now + 3_600_000}, 1))
	c.out.push(publication([]byte("b"), throng.Timing{ExpiresAt: now}, 1))
	if n, moved, err := o.write(c.out); n != 0 || moved || err != nil || h.offered != 0 || l.stats.Late.Load() != 0 {
		t.Errorf("%d, %v, %v; %d offered, %d late", n, moved, err, h.offered, l.stats.Late.Load())
	}
	l.expire(c.out)
	if n, _, err := o.write(c.out); n != 1 || err != nil || h.offered != 1 || l.stats.Late.Load() != 0 {
		t.Errorf("then %d, %v; %d offered, %d late", n, err, h.offered, l.stats.Late.Load())
	}
}

// A writer that is kept from its write until after the deadline writes nothing.
func TestWriterKept(t *testing.T) {
	l := idleLoop(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	cl, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	s := &stream{nc: nc, loop: l}
	w := &writer{stream: s}
	batch := []segment{publication([]byte("offer"), throng.Timing{ExpiresAt: l.clock.Now() + 40}, 1)}
	s.mu.Lock() // as if it was preempted there
	done := make(chan error, 1)
	go func() { done <- w.batch(batch) }()
	time.Sleep(60 * time.Millisecond)
	s.mu.Unlock()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	_ = nc.Close()
	got := make([]byte, 10)
	n, _ := cl.Read(got)
	if expired := l.stats.Expired.Load(); n != 0 || expired != 1 || l.stats.Late.Load() != 0 {
		t.Errorf("%q was written late, %d counted as expired", got[:n], expired)
	}
}

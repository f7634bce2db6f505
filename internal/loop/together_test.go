//go:build linux

package loop_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/loop"
)

// startRing starts an engine that writes by io_uring; a machine without has nothing to
// test.
func startRing(t *testing.T) *rig {
	t.Helper()
	if err := loop.HasRing(); err != nil {
		t.Skip(err)
	}
	t.Parallel()
	return start(t, carrier{loop.Ring, "tcp"}, loop.Options{WriteTimeout: patience}, nil)
}

// crowd is so many clients and their connections.
func (r *rig) crowd(n int) (clients []client, conns []*loop.Conn) {
	for range n {
		cl, _, c := r.dial()
		clients, conns = append(clients, cl), append(conns, c)
	}
	return clients, conns
}

func greet(conns []*loop.Conn) {
	for _, c := range conns {
		c.Send(frame('m', 10))
		c.Send(frame('Z', 0))
	}
}

func greeted(t *testing.T, clients []client) {
	t.Helper()
	for _, cl := range clients {
		if got := cl.names(); got != "m" {
			t.Fatalf("client got %q", got)
		}
	}
}

// Writes of more connections than one call makes, with one frame, several, and more than
// the write buffer or the socket holds: each gets its own, in order.
func TestTogether(t *testing.T) {
	r := startRing(t)
	const many = 300
	clients, conns := r.crowd(many)
	gone, _, over := r.dial()
	_ = gone.Close()
	before := r.e.Stats(0).Writes.Load()
	r.on(conns[0], func() {
		over.Send(frame('x', 10))
		for i, c := range conns {
			switch i % 10 {
			case 1: // what is gathered in the write buffer fills it several times
				for range 30 {
					c.Send(frame('m', 600))
				}
			case 2: // a call of its own, for which the write buffer is needed
				c.SendDroppable(frame('d', 10), throng.Timing{ExpiresAt: c.Loop().Now() + 5}, 1)
				c.Send(frame('s', 10))
			case 3:
				c.Send(frame('H', 4<<20))
			case 4:
				c.Send(frame('s', 10))
				c.Send(frame('b', 100_000))
			case 5:
				c.SendDroppable(frame('p', 10), throng.Timing{ExpiresAt: c.Loop().Now() + 3_600_000}, 1)
			case 6:
				c.SendScratch(append(c.Scratch(), frame('r', 50)...), 0)
			}
			c.SendScratch(append(c.Scratch(), frame('Z', i)...), 0)
		}
	})
	want := map[int]string{1: string(bytes.Repeat([]byte("m"), 30)), 2: "s", 3: "H", 4: "sb", 5: "p", 6: "r"}
	for i, cl := range clients {
		if got := cl.names(); got != want[i%10] && (i%10 != 2 || got != "ds") {
			t.Errorf("client %d got %q", i, got)
		}
	}
	r.on(conns[0], func() { // as many calls as it takes
		for i, c := range conns {
			c.Send(frame('Z', i))
		}
	})
	for i, cl := range clients {
		if head := cl.read(5); int(binary.BigEndian.Uint32(head[1:])) != i {
			t.Errorf("client %d got what is somebody else's", i)
		}
		cl.read(i)
	}
	if n := r.e.Stats(0).Writes.Load() - before; n < many {
		t.Errorf("%d writes", n)
	}
	if n := r.e.Stats(0).Late.Load(); n != 0 {
		t.Errorf("%d late", n)
	}
}

// Where the system refuses a call, each write is made by itself.
func TestTogetherRefused(t *testing.T) {
	r := startRing(t)
	clients, conns := r.crowd(20)
	var mend func()
	for _, name := range []byte("abc") {
		r.on(conns[0], func() {
			switch name {
			case 'b':
				mend = conns[0].Loop().BreakRing()
			case 'c':
				mend()
			}
			for _, c := range conns {
				c.Send(frame(name, 100))
				c.Send(frame(name, 200))
			}
		})
		for i, cl := range clients {
			for _, want := range []int{100, 200} {
				if head := cl.read(5); head[0] != name || int(binary.BigEndian.Uint32(head[1:])) != want {
					t.Fatalf("client %d got %q", i, head)
				}
				cl.read(want)
			}
		}
	}
}

// A system that refuses call after call is not asked for ever.
func TestTogetherRefusedForGood(t *testing.T) {
	r := startRing(t)
	clients, conns := r.crowd(3)
	var mend func()
	r.on(conns[0], func() { mend = conns[0].Loop().BreakRing() })
	defer func() { mend() }()
	gone := false
	for n := 0; !gone; n++ {
		if n > 1000 {
			t.Fatal("it is asked for ever")
		}
		r.on(conns[0], func() {
			greet(conns)
			gone = conns[0].Loop().RingGone()
		})
		greeted(t, clients)
	}
}

// A client of whose messages nobody knows whether they came is cut off, and the loop does
// without a ring.
func TestTogetherUnanswered(t *testing.T) {
	r := startRing(t)
	clients, conns := r.crowd(2)
	lost, p, over := r.dial()
	r.on(over, func() {
		over.Loop().LeaveUnanswered(over)
		over.Send(frame('x', 10))
		if !over.Loop().RingGone() {
			t.Error("the ring is still used")
		}
		greet(conns)
	})
	if err := p.cause(); err == nil || !strings.Contains(err.Error(), "unanswered") {
		t.Errorf("cause %v", err)
	}
	if b, _ := io.ReadAll(lost); len(b) != 0 {
		t.Errorf("it got %q", b)
	}
	greeted(t, clients)
}

// If the thread stood still before the call, deadlines are looked at again.
func TestTogetherStoodStill(t *testing.T) {
	r := startRing(t)
	clients, conns := r.crowd(3)
	r.on(conns[0], func() {
		for _, c := range conns {
			c.SendDroppable(frame('d', 10), throng.Timing{ExpiresAt: c.Loop().Now() + 40}, 1)
			c.SendDroppable(frame('p', 10), throng.Timing{ExpiresAt: c.Loop().Now() + 60_000}, 1)
			c.Send(frame('Z', 0))
		}
		conns[0].Loop().StandStill(60*time.Millisecond, conns...)
	})
	for _, cl := range clients {
		if got := cl.names(); got != "p" {
			t.Errorf("client got %q", got)
		}
	}
	if s := r.e.Stats(0); s.Late.Load() != 0 || s.Expired.Load() != 3 {
		t.Errorf("%d late, %d expired", s.Late.Load(), s.Expired.Load())
	}
}

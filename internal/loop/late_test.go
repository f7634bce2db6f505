package loop_test

import (
	"testing"
	"time"

	"throng"
	"throng/internal/loop"
)

// publications queues frames of one byte of name each, by class.
func publications(c *loop.Conn, t throng.Timing, class uint32, names string) {
	for _, name := range []byte(names) {
		c.SendDroppable(frame(name, 10), t, class)
	}
}

// An urgent publication takes its channel with it ahead of the others', and no further
// than the last reply.
func TestUrgent(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		cl, _, c := stalled(r)
		bulk, urgent := throng.Timing{}, throng.Timing{Urgent: true}
		r.on(c, func() {
			publications(c, bulk, 1, "c")
			c.Send(frame('R', 10))
			publications(c, bulk, 1, "de")
			publications(c, bulk, 2, "x")
			publications(c, bulk, 3, "y")
			publications(c, bulk, 1, "f")
			publications(c, urgent, 2, "U")
			publications(c, bulk, 3, "z")
			publications(c, urgent, 4, "V")
			c.Send(frame('Z', 0))
		})
		if got := drop(cl.names()); got != "cRxUVdeyfz" {
			t.Errorf("client got %q", got)
		}
	})
}

// Everything that waits may be shed before it is tried: nothing is written then.
func TestShedBeforeTheWrite(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		var clients []client
		var conns []*loop.Conn
		for range 3 {
			cl, _, c := r.dial()
			clients, conns = append(clients, cl), append(conns, c)
		}
		r.on(conns[0], func() {
			for _, c := range conns {
				publications(c, throng.Timing{}, 1, "p")
			}
			conns[1].Shed(1<<30, func(uint32) {})
		})
		for i, cl := range clients {
			r.on(conns[i], func() { conns[i].Send(frame('Z', 0)) })
			if got := cl.names(); (got == "p") != (i != 1) {
				t.Errorf("client %d got %q", i, got)
			}
		}
	})
}

// A crowd of deadlines and a reader that takes a little now and then: what comes was
// begun in time, what is counted adds up.
func TestNothingLate(t *testing.T) {
	const frames, size = 400, 30_000
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{WriteTimeout: patient}, nil)
		cl, _, c := r.dial()
		narrow(t, cl)
		r.on(c, func() {
			now := c.Loop().Now()
			for i := range frames {
				c.SendDroppable(frame('p', size), throng.Timing{ExpiresAt: now + 20 + int64(i/4)*7}, 1)
			}
			c.Send(frame('Z', 0))
		})
		got := 0
		for {
			if head := cl.read(5); head[0] == 'Z' {
				break
			}
			cl.read(size)
			if got++; got%3 == 0 {
				time.Sleep(12 * time.Millisecond)
			}
		}
		s := r.e.Stats(0)
		if late, expired := s.Late.Load(), int(s.Expired.Load()); late != 0 || expired == 0 || expired+got != frames {
			t.Errorf("%d written, %d expired of %d, %d late", got, expired, frames, late)
		}
	})
}

// A deadline thousands of years away is one.
func TestFarDeadline(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		cl, _, c := r.dial()
		r.on(c, func() {
			c.SendDroppable(frame('p', 10), throng.Timing{ExpiresAt: 253402300799000}, 1) // the year 9999
			c.Send(frame('Z', 0))
		})
		if head := cl.read(5); head[0] != 'p' {
			t.Errorf("%q came, and what expires in the year 9999 did not", head[0])
		}
	})
}

// What is measured is each publication whose birth is known, once.
func TestLags(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		cl, _, c := r.dial()
		clock := throng.NewClock()
		r.on(c, func() {
			for range 5 {
				c.SendDroppable(frame('p', 10), throng.Timing{Born: clock.Micros() - 50_000}, 1)
			}
			publications(c, throng.Timing{}, 1, "q")
			c.Send(frame('Z', 0))
		})
		cl.names()
		s := r.e.Stats(0)
		all, quick := uint64(0), uint64(0)
		eventually(t, "all are counted", func() bool { // a writer counts behind its write
			all = 0
			for i := range loop.LagBuckets {
				if all += s.Lags[i].Load(); loop.LagBound(i) <= 49*time.Millisecond {
					quick = all
				}
			}
			return all >= 5 && s.LagSum.Load() >= 5*50_000-10_000
		})
		if sum := s.LagSum.Load(); all != 5 || quick != 0 || sum < 5*50_000-10_000 || sum > 5*10_000_000 {
			t.Errorf("%d measured, %d of them too quick, %d µs", all, quick, sum)
		}
	})
}

// Deadlines, classes and urgency move with a connection.
func TestDetachKeepsDeadlines(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		cl, _, c := stalled(r)
		var due int64
		var d loop.Detached
		var err error
		r.on(c, func() {
			due = c.Loop().Now() + 300
			publications(c, throng.Timing{ExpiresAt: due}, 1, "c")
			publications(c, throng.Timing{ExpiresAt: due + 3_600_000, Urgent: true}, 2, "U")
			publications(c, throng.Timing{ExpiresAt: due + 3_600_000}, 3, "f")
			c.Send(frame('Z', 0))
			d, err = c.Detach()
		})
		if err != nil {
			t.Fatal(err)
		}
		var classes []uint32
		for _, f := range d.Out {
			if f.Class > 1 { // the first may be over by now
				classes = append(classes, f.Class)
			}
		}
		if len(classes) != 2 || classes[0] != 2 || classes[1] != 3 {
			t.Errorf("classes %v", classes)
		}
		next := newProbe(t)
		next.open = func(c *loop.Conn) { c.Resend(d.Out) }
		r.e.Adopt(d.Conn, d.In, next, true)
		c = receive(t, next.opened)
		for now := int64(0); now < due; time.Sleep(10 * time.Millisecond) {
			r.on(c, func() { now = c.Loop().Now() })
		}
		if got := drop(cl.names()); got != "Uf" {
			t.Errorf("client got %q", got)
		}
		if n := r.e.Stats(0).Late.Load(); n != 0 {
			t.Errorf("%d late", n)
		}
	})
}

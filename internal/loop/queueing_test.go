package loop_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"time"

	"throng"
	"throng/internal/loop"
)

// frame makes a message that says what it is: one byte of name, length, payload.
func frame(name byte, n int) []byte {
	b := make([]byte, 5, 5+n)
	b[0] = name
	binary.BigEndian.PutUint32(b[1:], uint32(n))
	return append(b, bytes.Repeat([]byte{name}, n)...)
}

// names reads frames up to one named 'Z' and returns the others' names; a frame
// that is not whole fails the test.
func (c client) names() string {
	c.t.Helper()
	var names []byte
	for {
		head := c.read(5)
		body := c.read(int(binary.BigEndian.Uint32(head[1:])))
		if n := bytes.Count(body, head[:1]); n != len(body) {
			c.t.Fatalf("frame %q after %q is damaged", head[0], names)
		}
		if head[0] == 'Z' {
			return string(names)
		}
		names = append(names, head[0])
	}
}

// stalled returns a connection that has a partly written frame 'A' waiting.
func stalled(r *rig) (client, *probe, *loop.Conn) {
	cl, p, c := r.dial()
	r.on(c, func() { c.Send(frame('A', 16<<20)) })
	waits(r, c)
	return cl, p, c
}

// waits until the peer's buffers are full and what is sent now stays in the
// queue.
func waits(r *rig, c *loop.Conn) {
	r.t.Helper()
	eventually(r.t, "stalled", func() (full bool) {
		before := r.e.Stats(c.Loop().Index()).BytesOut.Load()
		r.on(c, func() { c.Send(frame('B', 100)) })
		time.Sleep(20 * time.Millisecond)
		r.on(c, func() { full = c.Queued() > 100 })
		return full && r.e.Stats(c.Loop().Index()).BytesOut.Load() == before
	})
}

// drop removes the 'A' and 'B' that stalled sent.
func drop(names string) string {
	return string(bytes.Trim([]byte(names), "AB"))
}

// patient is a write timeout that a machine with other things to do doesn't run
// into while a client reads, or is sent to.
const patient = 5 * time.Second

func TestSlowPeerIsBounded(t *testing.T) {
	const bound = 256 << 10
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{WriteTimeout: patient}, nil)
		cl, p, c := r.dial()
		lost, most := 0, 0
		p.message = func(c *loop.Conn, _ any) {
			b := frame('x', 10_000)
			if over := c.Queued() + len(b) - bound; over > 0 {
				c.Flush()
				if over = c.Queued() + len(b) - bound; over > 0 {
					if freed := c.Shed(over, func(uint32) { lost++ }); freed < over {
						t.Error("too little could be shed")
					}
				}
			}
			c.SendDroppable(b, throng.Timing{}, 7)
			most = max(most, c.Queued())
		}
		ref := c.Ref()
		for len(p.ended) == 0 {
			for range 10 {
				r.e.Post(ref, "publish")
			}
			time.Sleep(time.Millisecond)
		}
		if err := p.cause(); !errors.Is(err, loop.ErrSlow) {
			t.Errorf("ended with %v", err)
		}
		if lost == 0 || most > bound {
			t.Errorf("%d lost, %d bytes waited", lost, most)
		}
		_ = cl.Close()
	})
}

// Who doesn't take answers is not read from, and is when they were taken.
func TestPause(t *testing.T) {
	const answer, questions = 20_000, 3000
	onAll(t, func(t *testing.T, on carrier) {
		most := 0
		r := start(t, on, loop.Options{}, func(p *probe) {
			n := 0
			p.data = func(c *loop.Conn, b []byte) int {
				for n += len(b); n >= 1000; n -= 1000 { // a question
					c.SendScratch(append(c.Scratch(), make([]byte, answer)...), 0)
				}
				most = max(most, c.Queued())
				return len(b)
			}
		})
		cl, _, c := r.dial()
		hello := r.e.Stats(0).BytesIn.Load() // the handshake's
		in := func() uint64 { return r.e.Stats(0).BytesIn.Load() - hello }
		go func() { _, _ = cl.Write(make([]byte, 1000*questions)) }()
		last := uint64(0)
		eventually(t, "reading paused", func() bool {
			before := last
			time.Sleep(100 * time.Millisecond)
			last = in()
			return before == last && last > 0
		})
		if last >= 1000*questions {
			t.Error("all was read from a peer that reads nothing")
		}
		for range questions {
			cl.read(answer)
		}
		eventually(t, "all read", func() bool { return in() == 1000*questions })
		r.on(c, func() {
			if most > 64<<10+66*answer {
				t.Errorf("%d bytes of answers waited", most)
			}
		})
	})
}

// What must not be written at its deadline is not, however it waits.
// Pushes that a peer does not take are no reason not to hear it: it may want to
// leave.
func TestPushesDontPause(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		heard := make(chan int, 100)
		r := start(t, on, loop.Options{}, func(p *probe) {
			p.data = func(_ *loop.Conn, b []byte) int { heard <- len(b); return len(b) }
		})
		cl, _, c := r.dial()
		r.on(c, func() { c.SendDroppable(make([]byte, 16<<20), throng.Timing{}, 1) })
		r.on(c, func() {
			c.SendDroppable(make([]byte, 1<<20), throng.Timing{}, 1)
			if c.Queued() < 1<<20 {
				t.Error("nothing waits")
			}
		})
		for range 3 {
			cl.send([]byte("leave"))
			if n := receive(t, heard); n != 5 {
				t.Errorf("%d bytes heard", n)
			}
		}
		r.on(c, func() { c.Abort(nil) })
	})
}

func TestExpiry(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		cl, _, c := stalled(r)
		var due int64
		r.on(c, func() {
			due = c.Loop().Now() + 300
			c.SendDroppable(frame('C', 100), throng.Timing{ExpiresAt: due}, 1)
			c.SendDroppable(frame('D', 100), throng.Timing{ExpiresAt: c.Loop().Now() + 3_600_000}, 1)
			c.SendDroppable(frame('E', 100), throng.Timing{ExpiresAt: due}, 1)
			c.Send(frame('F', 100))
			c.SendDroppable(frame('G', 100), throng.Timing{ExpiresAt: c.Loop().Now()}, 1) // late already
			c.Send(frame('Z', 0))
		})
		for now := int64(0); now < due; time.Sleep(10 * time.Millisecond) {
			r.on(c, func() { now = c.Loop().Now() })
		}
		if got := drop(cl.names()); got != "DF" {
			t.Errorf("client got %q", got)
		}
		if n := r.e.Stats(0).Expired.Load(); n != 3 {
			t.Errorf("%d counted as expired", n)
		}
	})
}

// Also on the way to a socket that takes them.
func TestExpiryUnstalled(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		cl, _, c := r.dial()
		r.on(c, func() {
			now := c.Loop().Now()
			c.SendDroppable(frame('C', 10), throng.Timing{ExpiresAt: now + 3_600_000}, 1)
			c.SendDroppable(frame('D', 10), throng.Timing{ExpiresAt: now - 1}, 1)
			c.SendDroppable(frame('E', 10), throng.Timing{ExpiresAt: now + 20}, 1)
			time.Sleep(30 * time.Millisecond) // the turn takes longer than E's time
			c.Send(frame('Z', 0))
		})
		if got := cl.names(); got != "C" {
			t.Errorf("client got %q", got)
		}
	})
}

func TestShed(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		cl, _, c := r.dial()
		// The one that is partly written may be dropped by its class, and isn't.
		r.on(c, func() { c.SendDroppable(frame('A', 16<<20), throng.Timing{}, 9) })
		waits(r, c)
		r.on(c, func() {
			var lost []uint32
			keep := func(class uint32) { lost = append(lost, class) }
			for i, name := range []byte("CdEfGhIj") {
				if name >= 'a' {
					c.SendDroppable(frame(name, 995), throng.Timing{}, uint32(i))
				} else {
					c.Send(frame(name, 95))
				}
			}
			before := c.Queued()
			if freed := c.Shed(1500, keep); freed != 2000 || len(lost) != 2 || lost[0] != 1 || lost[1] != 3 {
				t.Errorf("%d bytes freed, lost %v", freed, lost)
			}
			if freed := c.Shed(1<<30, keep); freed != 2000 || len(lost) != 4 {
				t.Errorf("%d bytes freed, lost %v", freed, lost)
			}
			if n := c.Queued(); n != before-4000 {
				t.Errorf("%d bytes wait, want %d", n, before-4000)
			}
			c.Send(frame('Z', 0))
		})
		if got := drop(cl.names()); got != "CEGI" {
			t.Errorf("client got %q", got)
		}
	})
}

func TestSlow(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{WriteTimeout: 300 * time.Millisecond}, nil)
		cl, p, c := r.dial()
		r.on(c, func() { c.Send(make([]byte, 16<<20)) })
		once(t, r, p, loop.ErrSlow)
		_ = cl.Close()
	})
}

// sip reads so many bytes a second, for longer than the write timeout. What the
// client takes reaches the other end in steps: a small receive buffer keeps them so
// small that each comes well within that time, whatever the kernel's defaults.
func sip(cl client, rate int) (got []byte) {
	for began := time.Now(); time.Since(began) < patient*3/2; time.Sleep(50 * time.Millisecond) {
		due := int(time.Since(began).Seconds() * float64(rate))
		got = append(got, cl.read(due-len(got))...)
	}
	return got
}

func narrow(t *testing.T, cl client) {
	t.Helper()
	nc := cl.Conn
	if tc, ok := nc.(*tls.Conn); ok {
		nc = tc.NetConn()
	}
	if err := nc.(interface{ SetReadBuffer(int) error }).SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
}

// A peer that takes a little at a time is slow, not dead.
func TestSlowButAlive(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		want := pattern(12 << 20)
		r := start(t, on, loop.Options{WriteTimeout: patient}, func(p *probe) {
			p.open = func(c *loop.Conn) { c.Send(want); c.Finish(errTest) }
		})
		cl, _, _ := r.dial()
		narrow(t, cl)
		got := sip(cl, 1<<20)
		rest, err := io.ReadAll(cl)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(append(got, rest...), want) {
			t.Errorf("client got %d of %d bytes", len(got)+len(rest), len(want))
		}
	})
}

// A peer may take so little at a time that the kernel never tells of room.
func TestTrickle(t *testing.T) {
	t.Parallel()
	r := start(t, carriers()[0], loop.Options{WriteTimeout: patient}, nil)
	cl, p, c := r.dial()
	narrow(t, cl)
	r.on(c, func() { c.Send(make([]byte, 16<<20)) })
	sip(cl, 120<<10)
	r.on(c, func() {
		if !c.Open() {
			t.Error("cut while it was reading")
		}
		c.Abort(errTest)
	})
	once(t, r, p, errTest)
}

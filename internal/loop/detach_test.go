package loop_test

import (
	"bytes"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"throng"
	"throng/internal/loop"
)

// Detach returns exactly what was read and not consumed, and what was queued and
// not written.
func TestDetach(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		seen := 0
		r := start(t, on, loop.Options{}, func(p *probe) {
			p.data = func(_ *loop.Conn, b []byte) int { seen = len(b); return 0 }
		})
		cl, p, c := r.dial()
		cl.send([]byte("question"))
		eventually(t, "it came", func() (all bool) { r.on(c, func() { all = seen == 8 }); return all })
		out := append(pattern(10<<20), "the end"...)
		r.on(c, func() { c.Send(out[:10<<20]); c.Send(out[10<<20:]) })
		waits2 := r.e.Stats(0).BytesOut.Load
		eventually(t, "stalled", func() bool {
			before := waits2()
			time.Sleep(50 * time.Millisecond)
			return before > 0 && before == waits2() || on.kind == loop.Goroutine
		})
		var d loop.Detached
		var err error
		r.on(c, func() {
			d, err = c.Detach()
			if _, again := c.Detach(); !errors.Is(again, net.ErrClosed) {
				t.Errorf("detached twice: %v", again)
			}
			c.Send([]byte("lost"))
			c.Abort(errTest)
			c.SetDeadline(1)
		})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Conn.Close()
		if string(d.In) != "question" {
			t.Errorf("In is %q", d.In)
		}
		if n := r.e.Connections(); n != 1 || r.e.Load(0) != 0 {
			t.Errorf("%d connections, load %d", n, r.e.Load(0))
		}
		got := make([]byte, len(out))
		group(
			func() { _, _ = d.Conn.Write(d.Unwritten()) },
			func() { copy(got, cl.read(len(out))) },
		)
		if !bytes.Equal(got, out) {
			t.Error("what the client got is not what was sent")
		}
		idle(t, r, cl)
		r.e.Release()
		r.onLoop(0, func() {})
		if len(p.ended) > 0 {
			t.Error("the handler was told of an end")
		}
	})
}

// idle fails when bytes for a detached connection keep its old loop busy.
func idle(t *testing.T, r *rig, cl client) {
	t.Helper()
	cl.send([]byte("for somebody else"))
	time.Sleep(20 * time.Millisecond)
	turns := func() (n uint64) {
		for i := range loop.TurnBuckets {
			n += r.e.Stats(0).Turns[i].Load()
		}
		return n
	}
	before := turns()
	time.Sleep(100 * time.Millisecond)
	if n := turns() - before; n > 10 {
		t.Errorf("%d turns of the loop that the connection left", n)
	}
}

// From within Data, what Data was given is the handler's, the rest is In: also
// when it came with Adopt and is more than the read buffer holds.
func TestDetachWithinData(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		want := pattern(200_000)
		r := start(t, on, loop.Options{}, nil)
		for _, when := range []string{"open", "data"} {
			cl, nc := on.pair(t)
			p := newProbe(t)
			done := make(chan loop.Detached, 1)
			leave := func(c *loop.Conn) {
				d, err := c.Detach()
				if err != nil {
					t.Error(err)
				}
				done <- d
			}
			var mine []byte
			if when == "open" {
				p.open = func(c *loop.Conn) { c.Send([]byte("hello")); leave(c) }
			}
			p.data = func(c *loop.Conn, b []byte) int {
				if len(b) < 60_000 {
					t.Errorf("only %d bytes came", len(b))
				}
				mine = bytes.Clone(b)
				leave(c)
				return 17
			}
			r.e.Adopt(nc, want, p, false)
			d := receive(t, done)
			r.onLoop(0, func() {}) // for mine
			switch {
			case when == "open" && (string(d.Unwritten()) != "hello" || len(d.In) > 0):
				t.Errorf("out %v, in %d bytes", d.Out, len(d.In))
			case when == "data" && !bytes.Equal(slices.Concat(mine, d.In), want):
				t.Errorf("%d and %d bytes are not what was given", len(mine), len(d.In))
			}
			_ = d.Conn.Close()
			_ = cl.Close()
			r.e.Release()
		}
	})
}

// A connection moves to and fro between engines under traffic in both
// directions, and no byte is lost, doubled or out of order.
func TestDetachAdoptUnderTraffic(t *testing.T) {
	const volume, moves = 6 << 20, 60
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, echoing)
		others := []*loop.Engine{r.e}
		for _, k := range append(kinds(), kinds()...) {
			e := newEngine(t, k, loop.Options{Loops: 2})
			e.Start()
			defer stop(t, e)
			others = append(others, e)
		}
		cl, p, c := r.dial()
		sent := pattern(volume)
		var got []byte
		group(
			func() {
				for i, n := 0, 0; i < len(sent); i += n {
					n = min(len(sent)-i, 1+i%30_011)
					_, _ = cl.Write(sent[i : i+n])
				}
			},
			func() { got = cl.read(volume) },
			func() {
				for i := range moves {
					time.Sleep(time.Millisecond)
					p, c = move(t, others[i%len(others)], others[(i+1)%len(others)], p, c)
					if c == nil {
						return
					}
				}
			},
		)
		if !bytes.Equal(got, sent) {
			t.Error("bytes were lost, doubled or changed")
		}
		_ = cl.Close()
		if p != nil {
			_ = p.cause()
		}
	})
}

// move takes a connection from one engine to another. It returns nil when the
// connection has ended.
func move(t *testing.T, from, to *loop.Engine, p *probe, c *loop.Conn) (*probe, *loop.Conn) {
	next := newProbe(t)
	echoing(next)
	done := make(chan bool, 1)
	from.Mailbox(c.Loop().Index()).Post(task(func() {
		d, err := c.Detach()
		if err != nil {
			t.Error(err)
			done <- false
			return
		}
		next.open = func(c *loop.Conn) { c.Resend(d.Out) }
		to.Adopt(d.Conn, d.In, next, false)
		from.Release()
		done <- true
	}))
	if !receive(t, done) {
		return p, nil
	}
	if len(p.ended) > 0 {
		t.Error("the handler that was left was told of an end")
	}
	return next, receive(t, next.opened)
}

// What a writer had in hand comes back as it was given, all but the rest of what it had
// begun: it may be shed, and what is urgent may pass it.
func TestDetachKeepsClasses(t *testing.T) {
	const size = 1000
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{WriteTimeout: patience}, nil)
		cl, _, c := r.dial()
		narrow(t, cl)
		var sent []byte
		for still := 0; still < 20; time.Sleep(time.Millisecond) {
			r.on(c, func() {
				if still++; c.Queued() > 400*size {
					return
				}
				still = 0
				for range 100 {
					b := frame('p', size)
					sent = append(sent, b...)
					c.SendDroppable(b, throng.Timing{}, 7)
				}
			})
		}
		var d loop.Detached
		var err error
		r.on(c, func() { d, err = c.Detach() })
		if err != nil {
			t.Fatal(err)
		}
		defer d.Conn.Close()
		for i, f := range d.Out {
			switch {
			case f.Class == 0 && i == 0 && len(f.B) < size+5:
			case f.Class != 7 || len(f.B) != size+5:
				t.Fatalf("frame %d of %d: %d bytes of class %d", i, len(d.Out), len(f.B), f.Class)
			}
		}
		if len(d.Out) < 200 {
			t.Errorf("%d frames", len(d.Out))
		}
		got := make([]byte, len(sent))
		group(
			func() { _, _ = d.Conn.Write(d.Unwritten()) },
			func() { copy(got, cl.read(len(sent))) },
		)
		if !bytes.Equal(got, sent) {
			t.Error("what the client got is not what was sent")
		}
		r.e.Release()
	})
}

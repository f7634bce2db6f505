package loop_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"throng/internal/loop"
	"throng/test/tries"
)

var errTest = errors.New("test")

// once fails when a handler is told the end twice.
func once(t *testing.T, r *rig, p *probe, want error) {
	t.Helper()
	if got := p.cause(); !errors.Is(got, want) {
		t.Errorf("ended with %v, want %v", got, want)
	}
	r.onLoop(0, func() {})
	if len(p.ended) > 0 {
		t.Error("told twice")
	}
	eventually(t, "connection freed", func() bool { return r.e.Connections() == 0 })
}

func TestPeerClose(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		cl, p, _ := r.dial()
		cl.send([]byte("last words"))
		_ = cl.Close()
		once(t, r, p, io.EOF)
	})
}

func TestAbort(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		cl, p, c := r.dial()
		r.on(c, func() {
			c.Send([]byte("never seen"))
			c.Abort(errTest)
			c.Abort(io.EOF)
			c.Finish(io.EOF)
			c.Send([]byte("nor this"))
			if c.Open() {
				t.Error("still open")
			}
		})
		once(t, r, p, errTest)
		if got := cl.rest(); len(got) > 0 {
			t.Errorf("client got %q", got)
		}
	})
}

func TestFinishThenAbort(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		_, p, c := r.dial()
		r.on(c, func() { c.Finish(errTest); c.Abort(io.EOF) })
		once(t, r, p, errTest)
		_, p, c = r.dial()
		r.on(c, func() { c.Finish(errTest) })
		r.on(c, func() { c.Abort(io.EOF) }) // while it lingers
		once(t, r, p, errTest)
	})
}

// A finishing connection's last bytes arrive although the peer goes on sending,
// reads late (later than a lingering peer is waited for) and slowly.
func TestFinishDeliversAll(t *testing.T) {
	want := pattern(12 << 20)
	onAll(t, func(t *testing.T, on carrier) {
		tries.Longer(t, time.Second, func(t testing.TB, unit time.Duration) { finishDelivers(t, on, unit, want) })
	})
}

func finishDelivers(t testing.TB, on carrier, unit time.Duration, want []byte) {
	r := start(t, on, loop.Options{Linger: 2 * unit}, func(p *probe) {
		p.data = func(c *loop.Conn, b []byte) int {
			for i := 0; i < len(want); i += 1 << 19 {
				c.Send(want[i : i+1<<19])
			}
			c.Finish(errTest)
			return len(b)
		}
	})
	cl, p, c := r.dial()
	cl.send([]byte("go"))
	if err := p.cause(); !errors.Is(err, errTest) {
		t.Errorf("ended with %v", err)
	}
	done := make(chan struct{})
	go func() { // ends when the connection does
		defer close(done)
		for b := make([]byte, 100); ; time.Sleep(time.Millisecond) {
			if _, err := cl.Write(b); err != nil {
				return
			}
		}
	}()
	time.Sleep(5 * unit / 2)
	r.on(c, func() {
		if c.Queued() == 0 {
			t.Error("the kernel took all: this tests nothing")
		}
	})
	var got []byte
	for b := make([]byte, 1<<20); ; {
		n, err := cl.Read(b)
		got = append(got, b[:n]...)
		if err != nil {
			break
		}
	}
	if !bytes.Equal(got, want) {
		t.Errorf("client got %d of %d bytes", len(got), len(want))
	}
	_ = cl.Close()
	<-done
	eventually(t, "connection freed", func() bool { return r.e.Connections() == 0 })
}

// A peer that doesn't close after a Finish is cut off.
func TestLingerEnds(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		cl, p, c := r.dial()
		r.on(c, func() { c.Send([]byte("bye")); c.Finish(errTest) })
		once(t, r, p, errTest)
		if got := cl.rest(); string(got) != "bye" {
			t.Errorf("client got %q", got)
		}
	})
}

// A peer that closed only its direction gets the answers to all it said.
func TestHalfClose(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		want := pattern(3 << 20)
		r := start(t, on, loop.Options{}, func(p *probe) {
			n := 0
			p.data = func(c *loop.Conn, b []byte) int {
				if n += len(b); n == 1000 {
					c.Send(want)
				}
				return len(b)
			}
		})
		cl, p, _ := r.dial()
		cl.send(make([]byte, 1000))
		cl.closeWrite()
		if got := cl.rest(); !bytes.Equal(got, want) {
			t.Errorf("client got %d of %d bytes", len(got), len(want))
		}
		if err := p.cause(); !errors.Is(err, io.EOF) {
			t.Errorf("ended with %v", err)
		}
		eventually(t, "connection freed", func() bool { return r.e.Connections() == 0 })
	})
}

// A half-closed peer that takes nothing is not kept for ever.
func TestHalfClosedAndSlow(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{WriteTimeout: 200 * time.Millisecond}, func(p *probe) {
			p.open = func(c *loop.Conn) { c.Send(make([]byte, 16<<20)) }
		})
		cl, p, _ := r.dial()
		cl.closeWrite()
		_ = p.cause()
		eventually(t, "connection freed", func() bool { return r.e.Connections() == 0 })
	})
}

func TestReset(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		cl, p, c := r.dial()
		if on.network != "unix" {
			cl.reset()
		} else { // closing with something unread resets a Unix socket
			r.on(c, func() { c.Send([]byte("x")); c.Flush() })
			r.on(c, func() {})
			eventually(t, "written", func() bool { return r.e.Stats(0).BytesOut.Load() == 1 })
		}
		_ = cl.Close()
		if err := p.cause(); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("ended with %v", err)
		}
		eventually(t, "connection freed", func() bool { return r.e.Connections() == 0 })
	})
}

// A peer that goes away while it is stalled and not read from is noticed.
func TestResetWhilePaused(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, func(p *probe) {
			p.data = func(c *loop.Conn, b []byte) int { c.Send(make([]byte, 16<<20)); return len(b) }
		})
		cl, p, _ := r.dial()
		cl.send([]byte("?"))
		cl.read(1000) // it has begun
		_ = cl.Close()
		if err := p.cause(); err == nil {
			t.Error("ended without a cause")
		}
		eventually(t, "connection freed", func() bool { return r.e.Connections() == 0 })
	})
}

func TestStop(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{Loops: 2}, echoing)
		var clients []client
		var probes []*probe
		for i := range 20 {
			cl, p, c := r.dial()
			switch i % 4 {
			case 1: // lingering ones are told nothing more
				r.on(c, func() { c.Finish(errTest) })
				_ = p.cause()
				continue
			case 2: // stalled
				r.on(c, func() { c.Send(make([]byte, 16<<20)) })
			case 3: // busy
				go func() { _, _ = io.Copy(cl, cl) }()
				cl.send([]byte("x"))
			}
			clients, probes = append(clients, cl), append(probes, p)
		}
		stop(t, r.e)
		r.checkBooks()
		for i, p := range probes {
			if err := p.cause(); !errors.Is(err, loop.ErrStopped) {
				t.Errorf("ended with %v", err)
			}
			_ = clients[i].Close()
		}
		stop(t, r.e) // again
	})
}

// After Stop an engine takes nothing in, and keeps nothing of it.
func TestAfterStop(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		_, _, c := r.dial()
		ref := c.Ref()
		stop(t, r.e)
		cl, nc := on.pair(t)
		ln := listen(t, on.network)
		p := newProbe(t)
		r.e.Adopt(nc, nil, p, false)
		if _, err := cl.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the connection was not closed: %v", err)
		}
		_ = cl.Close()
		if err := r.e.Serve(ln, nil); !errors.Is(err, loop.ErrListenerClosed) {
			t.Errorf("Serve: %v", err)
		}
		r.e.Post(ref, "nobody")
		r.e.Start()
		r.checkBooks()
	})
}

func TestStopWithoutStart(t *testing.T) {
	t.Parallel()
	for _, on := range carriers() {
		e := newEngine(t, on.kind, loop.Options{Loops: 3})
		stop(t, e)
		stop(t, e)
	}
}

// Connections that arrive, talk and leave while the engine stops.
func TestStopUnderWay(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{Loops: 2}, echoing)
		quit := make(chan struct{})
		var clients []func()
		for range 4 {
			clients = append(clients, func() {
				for {
					select {
					case <-quit:
						return
					default:
					}
					nc, err := on.dial(r.ln)
					if err != nil {
						return // the listener is closed
					}
					_, _ = nc.Write([]byte("hello"))
					_, _ = nc.Read(make([]byte, 5))
					_ = nc.Close()
				}
			})
		}
		clients = append(clients, func() {
			defer close(quit)
			eventually(t, "some connections", func() bool { return r.e.Stats(0).Accepted.Load() > 20 })
			stop(t, r.e)
		})
		group(clients...)
		eventually(t, "all released", func() bool { return r.e.Connections() == 0 })
	})
}

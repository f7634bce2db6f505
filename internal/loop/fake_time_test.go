package loop_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/loop"
)

// In a bubble time is fake and pipes are the network, so the goroutine engine
// shows what it does when, exactly. Epoll cannot: its waits are system calls.

// bubble runs a test with an engine in fake time.
func bubble(t *testing.T, o loop.Options, test func(t *testing.T, r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		o.Clock = throng.NewClock()
		r := &rig{t: t, e: newEngine(t, loop.Goroutine, o)}
		r.e.Start()
		test(t, r)
		stop(t, r.e)
		r.checkBooks()
	})
}

// pipe connects a client through a pipe, which has no buffer.
func (r *rig) pipe(p *probe) (net.Conn, *loop.Conn) {
	r.t.Helper()
	cl, nc := net.Pipe()
	r.e.Adopt(nc, nil, p, false)
	return cl, <-p.opened
}

func TestFakeTimeWriteTimeout(t *testing.T) {
	bubble(t, loop.Options{WriteTimeout: 30 * time.Second}, func(t *testing.T, r *rig) {
		p := newProbe(t)
		cl, c := r.pipe(p)
		begin := time.Now()
		r.on(c, func() { c.Send(make([]byte, 100)) })
		if err := <-p.ended; !errors.Is(err, loop.ErrSlow) {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(begin); took != 30*time.Second {
			t.Errorf("ended after %v", took)
		}
		_ = cl.Close()
	})
}

// Frames with deadlines must not keep a peer alive that takes nothing, nor end
// one before its time.
func TestFakeTimeWriteTimeoutOfDroppable(t *testing.T) {
	bubble(t, loop.Options{WriteTimeout: 30 * time.Second}, func(t *testing.T, r *rig) {
		p := newProbe(t)
		cl, c := r.pipe(p)
		begin := time.Now()
		r.on(c, func() { c.SendDroppable(make([]byte, 100), throng.Timing{ExpiresAt: c.Loop().Now() + 3_600_000}, 1) })
		if err := <-p.ended; !errors.Is(err, loop.ErrSlow) {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(begin); took != 30*time.Second {
			t.Errorf("ended after %v", took)
		}
		_ = cl.Close()
	})
}

func TestFakeTimeSlowButAlive(t *testing.T) {
	bubble(t, loop.Options{WriteTimeout: 30 * time.Second}, func(t *testing.T, r *rig) {
		p := newProbe(t)
		cl, c := r.pipe(p)
		want := pattern(100)
		r.on(c, func() { c.Send(want) })
		got := make([]byte, 100)
		for i := range got { // more than half an hour
			time.Sleep(20 * time.Second)
			if _, err := io.ReadFull(cl, got[i:i+1]); err != nil {
				t.Fatal(err)
			}
		}
		if string(got) != string(want) {
			t.Error("bytes changed")
		}
		_ = cl.Close()
		if err := <-p.ended; !errors.Is(err, io.EOF) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestFakeTimeExpiryInTheWriter(t *testing.T) {
	bubble(t, loop.Options{}, func(t *testing.T, r *rig) {
		p := newProbe(t)
		cl, c := r.pipe(p)
		r.on(c, func() {
			now := c.Loop().Now()
			c.SendDroppable(frame('A', 10), throng.Timing{ExpiresAt: now + 2000}, 1) // tried until then
			c.SendDroppable(frame('B', 10), throng.Timing{ExpiresAt: now + 1000}, 1) // never tried
			c.SendDroppable(frame('C', 10), throng.Timing{ExpiresAt: now + 9000}, 1)
			c.SendDroppable(frame('D', 10), throng.Timing{ExpiresAt: now + 9000}, 1)
			c.Send(frame('Z', 0))
		})
		time.Sleep(5 * time.Second)
		first := client{cl, t}.read(1) // C has begun,
		time.Sleep(5 * time.Second)    // so it is ended; D is late now
		rest := client{cl, t}.read(14)
		if first[0] != 'C' || rest[13] != 'C' {
			t.Errorf("got %q, %q", first, rest)
		}
		if got := (client{cl, t}).names(); got != "" {
			t.Errorf("then %q", got)
		}
		if n := r.e.Stats(0).Expired.Load(); n != 3 {
			t.Errorf("%d counted as expired", n)
		}
		_ = cl.Close()
		<-p.ended
	})
}

func TestFakeTimeDeadlines(t *testing.T) {
	bubble(t, loop.Options{}, func(t *testing.T, r *rig) {
		p := newProbe(t)
		fired := make(chan time.Time, 1)
		p.timer = func(*loop.Conn) { fired <- time.Now() }
		cl, c := r.pipe(p)
		const tick = 64 * time.Millisecond
		for _, after := range []time.Duration{
			0, 1, 63, 64, 65, 1000, 65_535, 65_536, 65_537, 131_072, 600_000, 86_400_000,
		} {
			after *= time.Millisecond
			begin := time.Now()
			r.on(c, func() { c.SetDeadline(c.Loop().Now() + after.Milliseconds()) })
			took := (<-fired).Sub(begin)
			if took < after || took > after+tick+time.Millisecond {
				t.Errorf("%v came after %v", after, took)
			}
		}
		if idle := c.LastRead(); c.Loop().Now()-idle < 86_400_000 {
			t.Error("LastRead is too late")
		}
		_ = cl.Close()
		<-p.ended
	})
}

func TestFakeTimeDrainIsEven(t *testing.T) {
	bubble(t, loop.Options{Loops: 2}, func(t *testing.T, r *rig) {
		const conns, over = 200, 10 * time.Second
		for i := range conns {
			p := newProbe(t)
			p.shutdown = func(c *loop.Conn) {
				if i%2 == 0 { // the others take their time
					c.Finish(errTest)
					return
				}
				c.SetDeadline(c.Loop().Now() + 3000)
			}
			p.timer = func(c *loop.Conn) { c.Finish(errTest) }
			cl, _ := r.pipe(p)
			defer cl.Close()
		}
		done := make(chan error)
		begin := time.Now()
		go func() { done <- r.e.Drain(context.Background(), over) }()
		for _, at := range []struct {
			after    time.Duration
			min, max int
		}{{1, 186, 194}, {5, 126, 134}, {9, 46, 54}} {
			time.Sleep(at.after*time.Second - time.Since(begin))
			synctest.Wait()
			if n := r.e.Connections(); n < at.min || n > at.max {
				t.Errorf("%d connections after %d s", n, at.after)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took < over+2*time.Second || took > over+4*time.Second {
			t.Errorf("drained in %v", took)
		}
	})
}

// pipeTLS is pipe with TLS: a record in hand, and what the peer doesn't take.
func (r *rig) pipeTLS(p *probe) (net.Conn, *loop.Conn) {
	r.t.Helper()
	cl, nc := net.Pipe()
	tc, s := tls.Client(cl, clientTLS()), loop.NewSecure(nc, nil, serverTLS())
	group(
		func() { _ = tc.Handshake(); _, _ = tc.Read(make([]byte, 1)) },
		func() {
			if err := handshake(s); err != nil {
				r.t.Error(err)
			}
			_, _ = s.Write([]byte("x")) // behind the session ticket
		},
	)
	r.e.Adopt(s, nil, p, false)
	return tc, <-p.opened
}

// Older ciphertext is what a peer's slowness is judged by, whether what it holds
// has a deadline or not.
func TestFakeTimeSecureWriteTimeout(t *testing.T) {
	certificate() // not in the bubble
	for _, deadline := range []int64{0, 1000, 3_600_000} {
		bubble(t, loop.Options{WriteTimeout: 30 * time.Second}, func(t *testing.T, r *rig) {
			p := newProbe(t)
			cl, c := r.pipeTLS(p)
			begin := time.Now()
			r.on(c, func() {
				if deadline == 0 {
					c.Send(make([]byte, 100))
				} else {
					c.SendDroppable(make([]byte, 100), throng.Timing{ExpiresAt: c.Loop().Now() + deadline}, 1)
				}
			})
			if err := <-p.ended; !errors.Is(err, loop.ErrSlow) {
				t.Errorf("ended with %v", err)
			}
			if took := time.Since(begin); took != 30*time.Second {
				t.Errorf("deadline %d: ended after %v", deadline, took)
			}
			_ = cl.Close()
		})
	}
}

func TestFakeTimeSecureExpiryInTheWriter(t *testing.T) {
	certificate()
	bubble(t, loop.Options{}, func(t *testing.T, r *rig) {
		p := newProbe(t)
		cl, c := r.pipeTLS(p)
		r.on(c, func() {
			now := c.Loop().Now()
			c.SendDroppable(frame('A', 10), throng.Timing{ExpiresAt: now + 2000}, 1) // encrypted at once, so it must be written
			c.SendDroppable(frame('B', 10), throng.Timing{ExpiresAt: now + 1000}, 1)
			c.SendDroppable(frame('C', 10), throng.Timing{ExpiresAt: now + 9000}, 1)
			c.SendDroppable(frame('D', 10), throng.Timing{ExpiresAt: now + 4000}, 1)
			c.Send(frame('Z', 0))
		})
		time.Sleep(5 * time.Second)
		if got := (client{cl, t}).names(); got != "AC" {
			t.Errorf("client got %q", got)
		}
		if n := r.e.Stats(0).Expired.Load(); n != 2 {
			t.Errorf("%d counted as expired", n)
		}
		_ = cl.Close()
		<-p.ended
	})
}

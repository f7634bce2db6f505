package loop_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"throng/internal/loop"
)

func TestPlacement(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{Loops: 4}, nil)
		byLoop := make([][]client, 4)
		dial := func(n int) {
			for range n {
				cl, _, c := r.dial()
				byLoop[c.Loop().Index()] = append(byLoop[c.Loop().Index()], cl)
			}
		}
		even := func() {
			t.Helper()
			for i := range 4 {
				if n := r.e.Load(i); n != 10 {
					t.Errorf("loop %d has %d of 40 connections", i, n)
				}
			}
		}
		dial(40)
		even()
		for _, cl := range byLoop[2] { // all leave one loop
			_ = cl.Close()
		}
		eventually(t, "they left", func() bool { return r.e.Load(2) == 0 })
		dial(10)
		even()
	})
}

func TestConnectionLimit(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{MaxConns: 3, Refusal: []byte("full")}, echoing)
		var in []client
		for range 3 {
			cl, _, _ := r.dial()
			in = append(in, cl)
		}
		for i := range 5 {
			cl := r.knock()
			if i%2 == 0 {
				_, _ = cl.Write([]byte("GET / HTTP/1.1\r\n\r\n")) // may be too late
			}
			if got := string(cl.read(4)); got != "full" {
				t.Errorf("refused with %q", got)
			}
		}
		eventually(t, "all are counted as refused", func() bool { return r.e.AcceptStats().Refused.Load() == 5 && r.e.Connections() == 3 })
		if n := r.e.MaxConns(); n != 3 {
			t.Errorf("room for %d connections", n)
		}
		_ = in[0].Close()
		eventually(t, "one left", func() bool { return r.e.Connections() == 2 })
		cl, _, _ := r.dial()
		cl.send([]byte("hello"))
		cl.read(5)
	})
}

// Each connection is asked once, and Drain waits for those that take their time.
func TestDrain(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		asked := make(chan *loop.Conn, 100)
		r := start(t, on, loop.Options{Loops: 2}, func(p *probe) {
			p.shutdown = func(c *loop.Conn) { asked <- c }
		})
		for range 30 {
			r.dial()
		}
		r.e.CloseListeners()
		done := make(chan error, 1)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		go func() { done <- r.e.Drain(ctx, 300*time.Millisecond) }()
		var all []*loop.Conn
		seen := map[*loop.Conn]bool{}
		for range 30 {
			c := receive(t, asked)
			if seen[c] {
				t.Error("asked twice")
			}
			seen[c] = true
			all = append(all, c)
		}
		time.Sleep(100 * time.Millisecond)
		if len(asked) > 0 || len(done) > 0 {
			t.Errorf("%d asked again, ended: %d", len(asked), len(done))
		}
		for _, c := range all {
			r.on(c, func() { c.Abort(errTest) })
		}
		if err := receive(t, done); err != nil {
			t.Error(err)
		}
	})
}

func TestDrainGivesUp(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		r.dial()
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if err := r.e.Drain(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Drain: %v", err)
		}
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, o := range []loop.Options{
		{Kind: "uring"},
		{Loops: loop.MaxLoops + 1},
		{MaxConns: 1 << 40},
	} {
		if e, err := loop.New(o); err == nil {
			t.Errorf("%+v was accepted", o)
			stop(t, e)
		}
	}
	e, err := loop.New(loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, e)
	if e.Loops() < 1 || e.MaxConns() < 1 || int64(e.MaxConns()) > loop.Descriptors() || e.Kind() == loop.Auto {
		t.Errorf("defaults: %d loops, %d connections, engine %s", e.Loops(), e.MaxConns(), e.Kind())
	}
}

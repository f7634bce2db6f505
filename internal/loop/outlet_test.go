package loop_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/loop"
)

// outlet is a probe whose client takes frames when the test says so.
type outlet struct {
	*probe
	takes int // how many frames it takes at once; 0 none
	calls int
	got   []string
}

func newOutlet(t *testing.T) *outlet { return &outlet{probe: newProbe(t)} }

// Take implements loop.Outlet.
func (o *outlet) Take(_ *loop.Conn, frames []loop.Frame) int {
	o.calls++
	if len(frames) == 0 {
		o.t.Error("nothing is offered")
	}
	n := min(o.takes, len(frames))
	for _, f := range frames[:n] {
		o.got = append(o.got, string(f.B))
	}
	o.takes -= n
	return n
}

func (o *outlet) text() string { return strings.Join(o.got, " ") }

// onEngines runs a test on an engine of each kind, without a listener.
func onEngines(t *testing.T, opts loop.Options, test func(t *testing.T, r *rig)) {
	t.Parallel()
	kinds := make(map[loop.Kind]bool)
	for _, on := range carriers() {
		if kinds[on.kind] {
			continue
		}
		kinds[on.kind] = true
		t.Run(string(on.kind), func(t *testing.T) {
			t.Parallel()
			r := &rig{t: t, e: newEngine(t, on.kind, opts)}
			r.e.Start()
			test(t, r)
			stop(t, r.e)
			r.checkBooks()
		})
	}
}

// adopt gives an outlet to the engine.
func (r *rig) adopt(o *outlet) *loop.Conn {
	r.t.Helper()
	if !r.e.AdoptOutlet(o) {
		r.t.Fatal("refused")
	}
	return receive(r.t, o.opened)
}

// turn lets the loop of a connection end its turn.
func (r *rig) turn(c *loop.Conn) {
	r.t.Helper()
	r.on(c, func() {})
	r.on(c, func() {})
}

// What waits is offered at the end of the turn, in order, and again after Ready.
func TestOutletTakes(t *testing.T) {
	onEngines(t, loop.Options{}, func(t *testing.T, r *rig) {
		o := newOutlet(t)
		c := r.adopt(o)
		r.on(c, func() {
			o.takes = 3
			c.Send([]byte("a"))
			c.SendScratch(append(c.Scratch(), "b"...), 0)
			c.SendDroppable([]byte("c"), throng.Timing{}, 1)
			c.Send([]byte("d"))
			c.SendScratch(append(c.Scratch(), "-e"...), 1)
			if o.calls > 0 || c.Queued() != 5 {
				t.Errorf("%d calls in the turn, %d bytes wait", o.calls, c.Queued())
			}
		})
		r.turn(c)
		r.on(c, func() {
			if o.text() != "a b c" || c.Queued() != 2 || o.calls != 1 {
				t.Errorf("took %q in %d calls, %d bytes wait", o.text(), o.calls, c.Queued())
			}
			c.Send([]byte("f"))
			c.SendScratch(append(c.Scratch(), "g"...), 0)
		})
		for range 5 { // scratch memory is used again by others
			r.on(c, func() { _ = append(c.Scratch(), "xxxxxxxx"...) })
		}
		r.on(c, func() {
			if o.calls != 1 {
				t.Errorf("asked %d times before Ready", o.calls)
			}
			c.Flush()
			if o.calls != 1 {
				t.Error("asked by Flush before Ready")
			}
			o.takes = 1
			c.Ready()
			if o.text() != "a b c d" {
				t.Errorf("after Ready: %q", o.text())
			}
			o.takes = 10
			c.Ready()
			if o.text() != "a b c d e f g" || c.Queued() != 0 {
				t.Errorf("at last: %q, %d bytes wait", o.text(), c.Queued())
			}
			calls := o.calls
			c.Ready()
			if o.calls != calls {
				t.Error("offered nothing")
			}
			c.Send([]byte("h"))
			c.Flush()
			if o.text() != "a b c d e f g h" {
				t.Errorf("after Flush: %q", o.text())
			}
		})
	})
}

// A frame's deadline holds while it waits, and shedding spares answers.
func TestOutletExpiryAndShed(t *testing.T) {
	onEngines(t, loop.Options{}, func(t *testing.T, r *rig) {
		o := newOutlet(t)
		c := r.adopt(o)
		r.on(c, func() {
			c.SendDroppable([]byte("soon"), throng.Timing{ExpiresAt: c.Loop().Now() + 1}, 1)
			c.SendDroppable([]byte("shed"), throng.Timing{}, 2)
			c.SendDroppable([]byte("kept"), throng.Timing{ExpiresAt: c.Loop().Now() + 3_600_000}, 3)
			c.Send([]byte("answer"))
		})
		time.Sleep(5 * time.Millisecond)
		r.on(c, func() {
			c.Flush() // what is out of date goes though nobody takes
			if c.Queued() != len("shedkeptanswer") {
				t.Errorf("%d bytes wait", c.Queued())
			}
			var lost []uint32
			if freed := c.Shed(1, func(class uint32) { lost = append(lost, class) }); freed != 4 || fmt.Sprint(lost) != "[2]" {
				t.Errorf("freed %d of %v", freed, lost)
			}
			o.takes = 9
			c.Ready()
			if o.text() != "kept answer" {
				t.Errorf("took %q", o.text())
			}
		})
		if n := r.e.Stats(0).Expired.Load(); n != 1 {
			t.Errorf("%d expired", n)
		}
		r.on(c, func() { // all that waits may expire
			o.takes = 0
			c.SendDroppable([]byte("x"), throng.Timing{ExpiresAt: c.Loop().Now() + 1}, 1)
		})
		time.Sleep(5 * time.Millisecond)
		r.on(c, func() {
			o.takes = 9
			c.Ready()
			if o.text() != "kept answer" || c.Queued() != 0 {
				t.Errorf("took %q, %d bytes wait", o.text(), c.Queued())
			}
			c.Send([]byte("y"))
		})
		r.turn(c)
		r.on(c, func() {
			if o.text() != "kept answer y" {
				t.Errorf("took %q", o.text())
			}
		})
	})
}

func TestOutletEnds(t *testing.T) {
	onEngines(t, loop.Options{}, func(t *testing.T, r *rig) {
		o := newOutlet(t)
		c := r.adopt(o)
		ref := c.Ref()
		r.on(c, func() {
			c.Send([]byte("never"))
			c.Abort(errTest)
			o.takes = 1
			c.Ready()
			c.Send([]byte("nor this"))
		})
		once(t, r, o.probe, errTest)
		r.onLoop(int(ref.Loop), func() {
			if r.e.Lookup(ref) != nil || len(o.got) > 0 {
				t.Errorf("it is still there, and got %q", o.text())
			}
		})
		o = newOutlet(t) // finished: told at once, over when all is taken
		c = r.adopt(o)
		r.on(c, func() {
			c.Send([]byte("a"))
			c.Send([]byte("b"))
			c.Finish(errTest)
			o.takes = 1
		})
		if err := o.cause(); !errors.Is(err, errTest) {
			t.Errorf("ended with %v", err)
		}
		r.on(c, func() {
			if o.text() != "a" || r.e.Connections() != 1 {
				t.Errorf("took %q, %d connections", o.text(), r.e.Connections())
			}
			o.takes = 1
			c.Ready()
		})
		eventually(t, "connection freed", func() bool { return r.e.Connections() == 0 })
		if o.text() != "a b" {
			t.Errorf("took %q", o.text())
		}
	})
}

// An outlet is a connection like others: it counts, is named, and has a place.
func TestOutletCounts(t *testing.T) {
	onEngines(t, loop.Options{Loops: 2, MaxConns: 4}, func(t *testing.T, r *rig) {
		var all []*loop.Conn
		var outlets []*outlet
		for range 4 {
			o := newOutlet(t)
			all, outlets = append(all, r.adopt(o)), append(outlets, o)
		}
		if r.e.Connections() != 4 || r.e.Load(0) != 2 || r.e.Load(1) != 2 {
			t.Errorf("%d connections, %d and %d", r.e.Connections(), r.e.Load(0), r.e.Load(1))
		}
		if r.e.AdoptOutlet(newOutlet(t)) {
			t.Error("taken over the limit")
		}
		heard := make(chan any, 1)
		r.on(all[0], func() { outlets[0].message = func(_ *loop.Conn, m any) { heard <- m } })
		r.e.Post(all[0].Ref(), "hello")
		if m := receive(t, heard); m != "hello" {
			t.Errorf("heard %v", m)
		}
		r.on(all[1], func() {
			if a := all[1].RemoteAddr(); a.IsValid() {
				t.Errorf("has the address %v", a)
			}
			if _, err := all[1].Detach(); !errors.Is(err, errors.ErrUnsupported) || !all[1].Open() {
				t.Errorf("detached: %v", err)
			}
			all[1].Abort(errTest)
		})
		_ = outlets[1].cause()
		eventually(t, "room for one more", func() bool { return r.e.Connections() == 3 })
		r.adopt(newOutlet(t))
	})
}

func TestOutletDrainAndStop(t *testing.T) {
	onEngines(t, loop.Options{}, func(t *testing.T, r *rig) {
		asked, stays := newOutlet(t), newOutlet(t)
		asked.shutdown = func(c *loop.Conn) { c.Abort(errTest) }
		r.adopt(asked)
		c := r.adopt(stays)
		r.on(c, func() { c.Send([]byte("waits")) })
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		r.e.CloseListeners()
		if err := r.e.Drain(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("drained: %v", err)
		}
		if err := asked.cause(); !errors.Is(err, errTest) {
			t.Errorf("ended with %v", err)
		}
		if r.e.AdoptOutlet(newOutlet(t)) {
			t.Error("taken while draining")
		}
		stop(t, r.e)
		if err := stays.cause(); !errors.Is(err, loop.ErrStopped) {
			t.Errorf("ended with %v", err)
		}
		if r.e.AdoptOutlet(newOutlet(t)) {
			t.Error("taken after the end")
		}
	})
}

// An outlet on its way to a loop that stops is forgotten, and hears nothing.
func TestOutletAbandoned(t *testing.T) {
	for _, on := range carriers() {
		r := &rig{t: t, e: newEngine(t, on.kind, loop.Options{})}
		o := newOutlet(t)
		if !r.e.AdoptOutlet(o) {
			t.Error("refused")
		}
		stop(t, r.e)
		r.checkBooks()
		if len(o.opened)+len(o.ended) > 0 {
			t.Error("it was opened")
		}
	}
}

func TestFakeTimeOutlet(t *testing.T) {
	bubble(t, loop.Options{WriteTimeout: 30 * time.Second}, func(t *testing.T, r *rig) {
		o := newOutlet(t)
		fired := make(chan time.Time, 1)
		o.timer = func(*loop.Conn) { fired <- time.Now() }
		c := r.adopt(o)
		begin := time.Now()
		r.on(c, func() {
			c.Send([]byte("waits")) // for longer than sockets may
			c.SetDeadline(c.Loop().Now() + 60_000)
		})
		if took := (<-fired).Sub(begin); took < time.Minute || took > time.Minute+65*time.Millisecond {
			t.Errorf("fired after %v", took)
		}
		r.on(c, func() {
			if silent := c.Loop().Now() - c.LastRead(); silent < 60_000 {
				t.Errorf("silent for %d ms", silent)
			}
			c.Heard()
			if silent := c.Loop().Now() - c.LastRead(); silent > 64 {
				t.Errorf("heard now, silent for %d ms", silent)
			}
			o.takes = 1
			c.Ready()
			if o.text() != "waits" {
				t.Errorf("took %q", o.text())
			}
			c.Abort(nil)
		})
		<-o.ended
	})
}

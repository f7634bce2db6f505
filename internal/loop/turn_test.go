package loop_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"throng"
	"throng/internal/loop"
)

func TestDeadlines(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		clock := throng.NewClock()
		fired := make(chan int64, 10)
		r := start(t, on, loop.Options{Clock: clock}, func(p *probe) {
			p.timer = func(*loop.Conn) { fired <- clock.Now() }
		})
		_, _, c := r.dial()
		set := func(after int64) (at int64) {
			r.on(c, func() {
				if at = after; after != 0 {
					at += clock.Now()
				}
				c.SetDeadline(at)
			})
			return at
		}
		for _, after := range []int64{1, 64, 65, 200, -5} {
			at := set(after)
			if got := receive(t, fired); got < at {
				t.Errorf("fired %d ms early", at-got)
			}
		}
		var at int64
		r.on(c, func() {
			c.SetDeadline(clock.Now() + 30)
			at = clock.Now() + 150 // instead
			c.SetDeadline(at)
		})
		if got := receive(t, fired); got < at {
			t.Errorf("fired %d ms early", at-got)
		}
		r.on(c, func() {
			c.SetDeadline(clock.Now() + 30)
			c.SetDeadline(0) // never
		})
		time.Sleep(200 * time.Millisecond)
		if len(fired) > 0 {
			t.Error("a deadline fired that was taken back, or one fired twice")
		}
	})
}

func TestMessages(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		got := make(chan any, 10)
		r := start(t, on, loop.Options{}, func(p *probe) {
			p.message = func(_ *loop.Conn, m any) { got <- m }
		})
		cl, p, c := r.dial()
		old := c.Ref()
		r.e.Post(throng.Ref{}, "to nobody")
		r.e.Post(throng.Ref{Loop: 63, Slot: 1 << 31, Gen: 7}, "to nobody")
		r.e.Post(throng.Ref{Loop: old.Loop, Slot: old.Slot + 1, Gen: old.Gen}, "to nobody")
		r.e.Post(old, "first")
		if m := receive(t, got); m != "first" {
			t.Errorf("got %v", m)
		}
		_ = cl.Close()
		_ = p.cause()
		eventually(t, "connection freed", func() bool { return r.e.Connections() == 0 })
		_, _, c = r.dial()
		if ref := c.Ref(); ref.Slot != old.Slot || ref == old {
			t.Fatalf("%+v follows %+v: the slot was to be used again", ref, old)
		}
		r.e.Post(old, "to the dead")
		r.on(c, func() {
			if r.e.Lookup(old) != nil || r.e.Lookup(c.Ref()) != c || r.e.Lookup(throng.Ref{Loop: 9}) != nil {
				t.Error("Lookup found somebody else")
			}
		})
		r.e.Post(c.Ref(), "second")
		if m := receive(t, got); m != "second" {
			t.Errorf("got %v", m)
		}
	})
}

func TestTasksKeepOrder(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		const posters, each = 4, 2000
		r := start(t, on, loop.Options{}, nil)
		var next [posters]int
		var done sync.WaitGroup
		done.Add(posters * each)
		for p := range posters {
			go func() {
				for i := range each {
					r.e.Mailbox(0).Post(task(func() {
						if next[p] != i {
							t.Errorf("task %d of poster %d came when %d was due", i, p, next[p])
						}
						next[p] = i + 1
						done.Done()
					}))
				}
			}()
		}
		done.Wait()
	})
}

// endless always has more to do.
type endless struct{ turns atomic.Int64 }

func (e *endless) Turn() bool {
	e.turns.Add(1)
	for end := time.Now().Add(200 * time.Microsecond); time.Now().Before(end); {
	}
	return true
}

// Endless background work leaves connections, timers and tasks their turns.
func TestTurnerStarvesNobody(t *testing.T) {
	for _, on := range carriers() { // one at a time: they take a processor each
		t.Run(string(on.kind)+"/"+on.network, func(t *testing.T) {
			e := newEngine(t, on.kind, loop.Options{})
			work := &endless{}
			e.Attach(0, work)
			defer stop(t, e)
			fired := make(chan bool, 1)
			r := newRig(t, on, e, func(p *probe) {
				echoing(p)
				p.timer = func(*loop.Conn) { fired <- true }
			})
			for range 3 {
				cl, _, c := r.dial()
				for range 10 {
					cl.send([]byte("hello"))
					cl.read(5)
				}
				r.on(c, func() { c.SetDeadline(c.Loop().Now() + 10) })
				receive(t, fired)
			}
			before := work.turns.Load()
			eventually(t, "background work", func() bool { return work.turns.Load() > before })
		})
	}
}

// An idle loop sleeps: no turns without a reason.
func TestIdleLoopSleeps(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, echoing)
		for range 5 {
			cl, _, _ := r.dial()
			cl.send([]byte("hello"))
			cl.read(5)
		}
		turns := func() (n uint64) {
			for i := range loop.TurnBuckets {
				n += r.e.Stats(0).Turns[i].Load()
			}
			return n
		}
		time.Sleep(50 * time.Millisecond)
		before := turns()
		time.Sleep(300 * time.Millisecond)
		if n := turns() - before; n > 5 {
			t.Errorf("%d turns of an idle loop", n)
		}
	})
}

package loop

import (
	"maps"
	"math"
	"math/rand/v2"
	"testing"
)

const lap = wheelSlots << tickShift // milliseconds

// TestWheelModel compares the wheel with a plain list of deadlines.
func TestWheelModel(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		now := int64(1_700_000_000_000)
		w := newWheel(now)
		conns := make([]Conn, 50)
		model := map[*Conn]int64{}
		for range 4000 {
			c := &conns[rnd.IntN(len(conns))]
			switch rnd.IntN(4) {
			case 0:
				w.remove(c)
				delete(model, c)
			case 1, 2:
				at := now + []int64{-5, 1, 64, 1000, lap - 64, lap, lap + 1, 3 * lap, 50 * lap}[rnd.IntN(9)] + rnd.Int64N(200)
				w.add(c, at)
				model[c] = at
			default:
				now += []int64{0, 1, 63, 64, 65, 5000, lap, 2*lap + 7}[rnd.IntN(8)]
				fired := w.expire(now)
				for _, c := range fired {
					at, set := model[c]
					if !set || at > now || c.due != 0 {
						t.Fatalf("seed %d: fired at %d, was due at %d (%v)", seed, now, at, set)
					}
					delete(model, c)
				}
			}
			checkWheel(t, w, model, now)
		}
	}
}

// checkWheel fails when something is set that should not be, is late by more than
// a tick, or would not be woken up for.
func checkWheel(t *testing.T, w *wheel, model map[*Conn]int64, now int64) {
	t.Helper()
	set := map[*Conn]int64{}
	for i, c := range w.slots {
		if used := w.used[i>>6]>>(i&63)&1 == 1; used != (c != nil) {
			t.Fatalf("slot %d: used is %v", i, used)
		}
		for ; c != nil; c = c.next {
			if c.next != nil && c.next.prev != c {
				t.Fatal("broken links")
			}
			set[c] = model[c]
		}
	}
	if !maps.Equal(set, model) {
		t.Fatalf("%d deadlines are set, want %d", len(set), len(model))
	}
	wait := w.wait(now)
	if (wait < 0) != (len(model) == 0) {
		t.Fatalf("wait is %d with %d deadlines", wait, len(model))
	}
	for c, at := range model {
		// What was due before the last expire is due with the next tick.
		if latest := max(at, w.millis(w.done)) + 1<<tickShift; w.millis(c.due) > latest || w.millis(c.due) < at {
			t.Fatalf("due at %d for a deadline at %d", w.millis(c.due), at)
		}
		if now+wait > max(now, w.millis(c.due)) {
			t.Fatalf("wait %d sleeps over a deadline in %d", wait, w.millis(c.due)-now)
		}
	}
}

// Handlers change deadlines while due ones are gone through.
func TestWheelChangesDuringExpire(t *testing.T) {
	w := newWheel(0)
	conns := make([]Conn, 3)
	for i := range conns {
		w.add(&conns[i], 100)
	}
	fired := w.expire(1000)
	if len(fired) != 3 {
		t.Fatalf("%d fired", len(fired))
	}
	for _, c := range fired {
		w.add(c, 1000)       // again, at once
		w.remove(&conns[0])  // whoever that is
		w.add(&conns[1], 10) // long past
	}
	if len(fired) != 3 || len(w.expire(1000)) != 0 {
		t.Error("a deadline set during expire fired in the same turn")
	}
	again := w.expire(1064)
	for _, c := range again {
		if c == &conns[0] && conns[0].due != 0 {
			t.Error("removed, but fired")
		}
	}
}

func TestWheelFarDeadlines(t *testing.T) {
	const year = 366 * 24 * 3_600_000
	w := newWheel(1_700_000_000_000)
	now := int64(1_700_000_000_000)
	var c Conn
	for _, at := range []int64{now + 20*year, now + 2000*year, math.MaxInt64} {
		w.add(&c, at)
		if len(w.expire(now+3*year)) > 0 {
			t.Fatalf("a deadline %d years away fired within three", (at-now)/year)
		}
		w.remove(&c)
		w = newWheel(now)
	}
}

func BenchmarkWheelAddRemove(b *testing.B) {
	w := newWheel(0)
	conns := make([]Conn, 1024)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c := &conns[i&1023]
		w.add(c, int64(i*37&0xfffff))
		if i&1 == 0 {
			w.remove(c)
		}
	}
}

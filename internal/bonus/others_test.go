package bonus_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/bonus"
)

// neighbour is the world of another node on the same store.
func (w *world) neighbour() *world {
	o := w.opts
	n := &world{T: w.T, journal: w.journal, channels: new(channels), clock: w.clock, opts: o}
	n.start()
	return n
}

// TestOthers: what one node creates, exhausts or withdraws, the clients of the other one
// are told of; who has it there has it here, also in the last moment.
func TestOthers(t *testing.T) {
	bubbleOf(t, bonus.Options{Look: 2 * time.Second}, func(w *world) {
		n := w.neighbour()
		defer n.end()
		w.offer("b", func(b *throng.Bonus) { b.Deadline += 60_000; b.Quota = 3 })
		w.offer("later", func(b *throng.Bonus) { b.Deadline += 60_000; b.StartsAt = w.clock.Now() + 10_000 })
		w.offer("gone", func(b *throng.Bonus) { b.Deadline += 60_000 })
		w.wantTold("room:1 bonus_offer", "room:1 bonus_offer")
		n.want(n.claim("b", "ann", "c"), "won 1") // before the other one has looked
		n.wantTold("@user:ann bonus_result", "room:1 bonus_offer")
		time.Sleep(2100 * time.Millisecond)
		n.wantTold("room:1 bonus_offer")
		w.want(w.claim("b", "ann", "c"), "won 1")
		w.want(w.claim("b", "ann", ""), "already 1")
		w.wantTold("@user:ann bonus_result") // her screens here turn too
		if _, err := w.End(w.Context(), "gone"); err != nil {
			t.Fatal(err)
		}
		w.want(w.claim("b", "bob", ""), "won 2")
		w.want(w.claim("b", "cid", ""), "won 3")
		w.wantTold("@user:bob bonus_result", "@user:cid bonus_result", "room:1 bonus_end", "room:1 bonus_end")
		n.want(n.claim("b", "dan", ""), "exhausted")
		n.want(n.claim("b", "bob", ""), "already 2")
		time.Sleep(2100 * time.Millisecond)
		n.wantTold("room:1 bonus_end", "room:1 bonus_end")
		time.Sleep(6 * time.Second)
		w.wantTold("room:1 bonus_offer")
		n.wantTold("room:1 bonus_offer")
	})
}

// TestLooking: who looks for the bonuses of others reads each once.
func TestLooking(t *testing.T) {
	bubbleOf(t, bonus.Options{Look: 2 * time.Second}, func(w *world) {
		for i := range 300 {
			w.offer(fmt.Sprintf("b%03d", i), func(b *throng.Bonus) { b.Deadline += 600_000; b.Audience = throng.Audience{Users: []string{"ann"}} })
		}
		n := w.neighbour()
		defer n.end()
		w.journal.reads(t, 300) // after its start
		n.channels.told()
		time.Sleep(10 * time.Second)
		w.journal.reads(t, 0)
		w.offer("late", func(b *throng.Bonus) { b.Deadline += 600_000; b.Audience = throng.Audience{Users: []string{"ann"}} })
		w.channels.told()
		time.Sleep(10 * time.Second)
		w.journal.reads(t, 1)
		n.wantTold("@user:ann bonus_offer")
		n.want(string(n.channels.last["@user:ann bonus_offer"].Data[:35]), `{"id":"late","data":{"text":"hello"`)
		n.want(n.claim("late", "bob", ""), "102") // it is for ann
		n.want(n.claim("late", "ann", ""), "won 1")
	})
}

// reads takes how many bonuses were read whole since the last call.
func (s *journal) reads(t *testing.T, want int) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.whole != want {
		t.Errorf("%d bonuses were read whole, want %d", s.whole, want)
	}
	s.whole = 0
}

// TestLastMoment: a claim that came in time and is granted late by one node is known to
// the other one, which does not say that it is too late to who has it.
func TestLastMoment(t *testing.T) {
	bubbleOf(t, bonus.Options{Look: 2 * time.Second}, func(w *world) {
		n := w.neighbour()
		defer n.end()
		b := w.offer("b", nil)
		time.Sleep(time.Duration(b.Deadline-w.clock.Now()-1) * time.Millisecond)
		n.Claim(bonus.Claim{Bonus: "b", User: "ann", At: w.clock.Now(), Channel: "room:1"}, func(throng.Judged, error) {})
		time.Sleep(3 * time.Millisecond) // the deadline; it still gathers
		w.want(w.claim("b", "bob", ""), "expired")
		time.Sleep(20 * time.Millisecond)
		w.want(w.claim("b", "ann", ""), "already 1")
		synctest.Wait()
	})
}

// TestPrune: old bonuses leave the store, and not before their time.
func TestPrune(t *testing.T) {
	bubbleOf(t, bonus.Options{Retention: 24 * time.Hour}, func(w *world) {
		w.offer("b", nil)
		w.want(w.claim("b", "ann", ""), "won 1")
		time.Sleep(23 * time.Hour)
		w.want(w.claim("b", "ann", ""), "already 1")
		time.Sleep(3 * time.Hour)
		w.want(w.claim("b", "ann", ""), "102")
	})
}

// TestErase: an erased user is in nobody's memory, and places stay.
func TestErase(t *testing.T) {
	bubble(t, func(w *world) {
		w.offer("b", func(b *throng.Bonus) { b.Quota = 2 })
		w.want(w.claim("b", "ann", ""), "won 1")
		w.want(w.claim("b", "bob", ""), "won 2")
		if n, err := w.Erase(w.Context(), "ann"); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		w.want(w.claim("b", "ann", ""), "exhausted")
		w.want(w.claim("b", "bob", ""), "already 2")
		w.want(w.claim("b", "cid", ""), "exhausted")
	})
}

// TestEraseNamed: an erased user is no more among those whom a bonus is for, in memory as
// in the store, and is told nothing more of it.
func TestEraseNamed(t *testing.T) {
	bubble(t, func(w *world) {
		for _, start := range []int64{0, 1000} {
			w.offer(fmt.Sprint("b", start), func(b *throng.Bonus) {
				b.StartsAt = w.clock.Now() + start
				b.Audience = throng.Audience{Users: []string{"ann", "bob"}}
			})
		}
		w.wantTold("@user:ann bonus_offer", "@user:bob bonus_offer")
		w.want(w.claim("b0", "ann", ""), "won 1")
		w.wantTold("@user:ann bonus_result")
		if n, err := w.Erase(w.Context(), "ann"); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		w.want(w.claim("b0", "ann", ""), "102") // it is for bob
		_, list := w.event("ann", "room:1", "bonus_list", "{}")
		w.want(list, `{"bonuses":[],"time":NOW}`)
		time.Sleep(time.Second)
		w.wantTold("@user:bob bonus_offer")
		w.want(w.claim("b1000", "ann", ""), "102")
		w.want(w.claim("b1000", "bob", ""), "won 1")
		w.want(w.claim("b0", "bob", ""), "won 2")
		time.Sleep(10 * time.Second)
		w.wantTold("@user:bob bonus_end", "@user:bob bonus_end", "@user:bob bonus_result", "@user:bob bonus_result")
	})
}

// TestEraseElsewhere: a user who is erased by another node's call has it here until the
// offer leaves memory.
func TestEraseElsewhere(t *testing.T) {
	bubbleOf(t, bonus.Options{Look: 2 * time.Second}, func(w *world) {
		n := w.neighbour()
		defer n.end()
		b := w.offer("b", func(b *throng.Bonus) { b.Deadline += 60_000 })
		n.want(n.claim("b", "ann", ""), "won 1")
		if _, err := w.Erase(w.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		n.want(n.claim("b", "ann", ""), "already 1")
		w.want(w.claim("b", "ann", ""), "won 2")
		time.Sleep(time.Duration(b.Deadline-w.clock.Now())*time.Millisecond + 11*time.Minute)
		n.want(n.claim("b", "ann", ""), "already 2")
	})
}

// TestClosed: a desk that ends answers everybody.
func TestClosed(t *testing.T) {
	bubble(t, func(w *world) {
		w.offer("b", nil)
		w.journal.set(hangs)
		got := make(chan string, 2)
		for range cap(got) {
			w.Claim(bonus.Claim{Bonus: "b", User: "ann", At: w.clock.Now(), Channel: "room:1"}, func(j throng.Judged, err error) { got <- textOf(j, err) })
			time.Sleep(10 * time.Millisecond)
		}
		w.stop()
		ctx, cancel := context.WithTimeout(w.Context(), time.Second)
		defer cancel()
		if err := w.Close(ctx); err == nil {
			t.Error("what was at the store was not waited for")
		}
		w.want(<-got, "108")
		w.want(<-got, "108")
		w.want(w.claim("b", "bob", ""), "108")
		w.journal.set(works)
	})
}

package bonus_test

import (
	"fmt"
	"testing"
	"time"

	"throng/internal/bonus"
)

// asked is how often the store was called.
func (s *journal) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// TestLate: where another node may still grant, a crowd that comes too late is looked up
// together, and what is found is right; when none can any more, memory knows.
func TestLate(t *testing.T) {
	bubbleOf(t, bonus.Options{Look: time.Minute}, func(w *world) {
		b := w.offer("b", nil)
		w.want(w.claim("b", "ann", ""), "won 1")
		n := w.neighbour()
		defer n.end()
		for i := range 50 {
			n.send(make(chan string, 1), "b", fmt.Sprint("user", i))
		}
		time.Sleep(time.Duration(b.Deadline-w.clock.Now())*time.Millisecond + time.Second)
		crowd := func(most int) {
			t.Helper()
			before := w.journal.asked()
			got := make(chan string, 4000)
			for i := range 2000 {
				w.send(got, "b", fmt.Sprint("user", i%1000))
				w.send(got, "b", "eve")
			}
			counts := count(got, 4000)
			for i := range 50 {
				if counts[fmt.Sprint("already ", i+2)] != 2 {
					t.Errorf("place %d: %v", i+2, counts)
				}
			}
			if counts["expired"] != 3900 {
				t.Errorf("%d are too late", counts["expired"])
			}
			if asked := w.journal.asked() - before; asked > most {
				t.Errorf("the store was asked %d times", asked)
			}
		}
		crowd(4)                     // batches
		time.Sleep(11 * time.Second) // no node grants any more
		crowd(3)                     // the journal is read
		crowd(0)
	})
}

// TestLateAway: a crowd that comes too late is told together that the store is away.
func TestLateAway(t *testing.T) {
	for name, how := range map[string]trouble{"refuses": refuses, "hangs": hangs} {
		t.Run(name, func(t *testing.T) {
			bubbleOf(t, bonus.Options{Look: time.Minute}, func(w *world) {
				w.offer("b", nil)
				w.want(w.claim("b", "ann", ""), "won 1")
				time.Sleep(20 * time.Second)
				w.journal.set(how)
				began := time.Now()
				got := make(chan string, 5000)
				for i := range cap(got) {
					w.send(got, "b", fmt.Sprint("user", i))
				}
				if counts := count(got, cap(got)); counts["108"] != cap(got) {
					t.Error(counts)
				}
				if took := time.Since(began); took > 5100*time.Millisecond {
					t.Errorf("the last was told after %v", took)
				}
				w.journal.set(works)
				w.want(w.claim("b", "ann", ""), "already 1")
				w.want(w.claim("b", "bob", ""), "expired")
			})
		})
	}
}

// TestShare: when half of the queue is taken, one user gets no more of it.
func TestShare(t *testing.T) {
	bubbleOf(t, bonus.Options{Queue: 1000}, func(w *world) {
		w.offer("b", nil)
		w.offer("c", nil)
		w.journal.slow = time.Second
		eve, all := make(chan string, 700), make(chan string, 300)
		for range cap(eve) {
			w.send(eve, "b", "eve")
		}
		for i := range cap(all) {
			w.send(all, "c", fmt.Sprint("user", i))
		}
		won := 0
		for range cap(all) {
			if got := <-all; got != "111" {
				won++
			}
		}
		if won != cap(all) {
			t.Errorf("%d of %d others won", won, cap(all))
		}
		if counts := count(eve, cap(eve)); counts["111"] != 200 || counts["won 1"] != 1 || counts["already 1"] != 499 {
			t.Error(counts)
		}
		w.journal.slow = 0
		time.Sleep(2 * time.Second)
		for range 500 { // she is forgotten
			w.send(eve, "c", "eve")
		}
		if counts := count(eve, 500); counts["111"] != 0 {
			t.Error(counts)
		}
		if _, waiting, _ := w.Count(); waiting != 0 {
			t.Errorf("%d claims wait", waiting)
		}
	})
}

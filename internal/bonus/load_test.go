package bonus_test

import (
	"fmt"
	"testing"
	"time"

	"throng"
	"throng/internal/bonus"
)

// count counts answers by what they say.
func count(got chan string, n int) map[string]int {
	counts := make(map[string]int)
	for range n {
		counts[<-got]++
	}
	return counts
}

// send claims and has the answer put into got.
func (w *world) send(got chan string, id, user string) {
	w.Claim(bonus.Claim{Bonus: id, User: user, At: w.clock.Now(), Channel: "room:1"}, func(j throng.Judged, err error) { got <- textOf(j, err) })
}

// TestMadeUpIDs: claims of bonuses that there are not hold up neither those of live ones
// nor the look-ups of others, and one user does not make many.
func TestMadeUpIDs(t *testing.T) {
	bubble(t, func(w *world) {
		w.offer("b", nil)
		w.journal.slow = 20 * time.Millisecond
		got := make(chan string, 2000)
		for i := range 1000 {
			w.send(got, fmt.Sprint("eve's", i), "eve")
		}
		for i := range 90 {
			w.send(got, fmt.Sprint("no", i), fmt.Sprint("user", i/9))
		}
		began := time.Now()
		w.want(w.claim("b", "ann", ""), "won 1")
		if took := time.Since(began); took > 30*time.Millisecond {
			t.Errorf("a claim waited %v", took)
		}
		if counts := count(got, 1090); counts["111"] != 990 || counts["102"] != 100 {
			t.Error(counts)
		}
		w.want(w.claim("eve's", "eve", ""), "102") // a second later
		if n := w.Stats().Crowded.Load(); n != 990 {
			t.Errorf("%d were told that there are too many", n)
		}
	})
}

// TestOldIDs: bonuses that are over and not in memory are looked up for who asks, and don't
// come back into it.
func TestOldIDs(t *testing.T) {
	bubble(t, func(w *world) {
		const bonuses = 50
		for i := range bonuses {
			id := fmt.Sprint("old", i)
			w.offer(id, func(b *throng.Bonus) {
				if b.Quota = 2; i%2 == 1 {
					b.Audience = throng.Audience{Users: []string{"ann", "bob", "cid"}}
				}
			})
			w.want(w.claim(id, "ann", "c"), "won 1")
			if i%4 < 2 {
				w.want(w.claim(id, "bob", ""), "won 2")
			}
		}
		w.end()
		time.Sleep(time.Minute)
		w.start()
		for i := range bonuses {
			id, stranger := fmt.Sprint("old", i), "expired"
			if i%2 == 1 {
				stranger = "102"
			}
			time.Sleep(time.Second)
			w.want(w.claim(id, "ann", "c"), "won 1")
			w.want(w.claim(id, "ann", ""), "already 1")
			w.want(w.claim(id, "cid", ""), "expired")
			w.want(w.claim(id, "eve", ""), stranger)
		}
		w.journal.slow = 10 * time.Millisecond
		before, got := w.journal.asked(), make(chan string, 500)
		for i := range cap(got) {
			w.send(got, "old0", fmt.Sprint("user", i))
		}
		if counts := count(got, cap(got)); counts["expired"] != cap(got) {
			t.Error(counts)
		}
		if asked := w.journal.asked() - before; asked > 4 {
			t.Errorf("the store was asked %d times for a crowd", asked)
		}
		w.journal.set(refuses)
		w.want(w.claim("old1", "cid", ""), "108")
		w.journal.set(works)
		if _, waiting, remembered := w.Count(); w.Offers() != 0 || waiting != 0 || remembered != 0 {
			t.Errorf("%d bonuses and %d claims are in memory, %d wait", w.Offers(), remembered, waiting)
		}
	})
}

// TestFoundLate: a claim that came in time counts also where its bonus was not in memory,
// and the deadline passes while that is looked up.
func TestFoundLate(t *testing.T) {
	bubbleOf(t, bonus.Options{Look: time.Minute}, func(w *world) {
		n := w.neighbour()
		defer n.end()
		b := n.offer("b", nil)
		time.Sleep(time.Duration(b.Deadline-w.clock.Now()-1) * time.Millisecond)
		w.journal.slow = 20 * time.Millisecond
		got := make(chan string, 1)
		w.send(got, "b", "ann")
		time.Sleep(5 * time.Millisecond)
		w.want(w.claim("b", "bob", ""), "expired")
		w.want(<-got, "won 1")
	})
}

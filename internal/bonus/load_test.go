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

package hub_test

import (
	"math/rand/v2"
	"testing"

	"throng/internal/hub"
)

// Who is there all the time is seen, whoever comes and goes between the pieces, also
// while a sweep is under way.
func TestWalk(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		w := newWorld(t, 1, 3)
		var stay, going []*member
		for range 1 + random.IntN(40) {
			if random.IntN(2) == 0 {
				stay = append(stay, w.add(0, "c", false))
			} else {
				going = append(going, w.add(0, "c", false))
			}
		}
		seen := map[hub.Subscriber]bool{}
		pieces := 0
		for before := 1 << 30; before > 0; pieces++ {
			n := 1 + random.IntN(5)
			before = w.hub.Table(0).Walk("c", before, n, func(s hub.Subscriber) { seen[s] = true; n-- })
			if n < 0 {
				t.Fatal("a piece is larger than was asked for")
			}
			switch random.IntN(3) {
			case 0:
				if last := len(going) - 1; last >= 0 {
					going[last].leave()
					going = going[:last]
				}
			case 1:
				going = append(going, w.add(0, "c", false))
			case 2:
				w.publish("c", "x")
				w.receive()
				w.hub.Table(0).Turn()
			}
			if pieces > 1000 {
				t.Fatal("it does not end")
			}
		}
		for _, m := range stay {
			if !seen[m] {
				t.Fatalf("one of %d that stay was not seen", len(stay))
			}
		}
	}
}

func TestWalkNobody(t *testing.T) {
	w := newWorld(t, 1, 3)
	if next := w.hub.Table(0).Walk("c", 1<<30, 10, func(hub.Subscriber) { t.Error("somebody") }); next != 0 {
		t.Errorf("goes on at %d", next)
	}
}

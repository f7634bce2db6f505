package load

import (
	"math/rand/v2"
	"testing"
)

func TestTimersComeInOrder(t *testing.T) {
	t.Parallel()
	var all timers
	for range 1000 {
		all.add(timer{at: rand.Int64N(500), kind: timerKind(rand.IntN(4))})
	}
	rounds := 0
	for _, x := range all {
		if x.kind == timerRound {
			rounds++
		}
	}
	all.forget(timerRound)
	if len(all) != 1000-rounds {
		t.Fatalf("%d are left of %d without %d", len(all), 1000, rounds)
	}
	last := int64(-1)
	for now := range int64(500) {
		for {
			x, ok := all.due(now)
			if !ok {
				break
			}
			if x.at > now || x.at < last || x.kind == timerRound {
				t.Fatalf("at %d came %+v after %d", now, x, last)
			}
			last = x.at
		}
		if len(all) > 0 && all[0].at <= now {
			t.Fatalf("at %d one of %d is left", now, all[0].at)
		}
	}
	if len(all) > 0 {
		t.Errorf("%d are left", len(all))
	}
}

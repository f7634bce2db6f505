package visits_test

import (
	"testing"
	"time"
)

// A connection that is dark, on which Reap or Prune gets no answer, keeps nobody from
// being looked for. What was ordered before is not carried out then: the store may have
// been away meanwhile, and who could not beat is not dead.
func TestReapInTime(t *testing.T) {
	for name, rest := range map[string]time.Duration{"reap": time.Minute, "prune": time.Hour - 10*time.Second} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				a, b := w.start("a"), w.start("b")
				a.come("ann")
				time.Sleep(rest)
				b.line.setSweep(hangs)
				time.Sleep(50 * time.Second)
				a.line.set(refuses) // the store is away for all, and b's order lies there
				b.line.set(refuses)
				time.Sleep(20 * time.Second)
				b.line.setSweep(works)
				a.line.set(works)
				b.line.set(works)
				mended := time.Now()
				time.Sleep(time.Minute)
				if got := a.Stats().Fenced.Load(); got != 0 {
					t.Errorf("%d leases of nodes that live were lost", got)
				}
				asked := b.line.asked(mended)
				if len(asked) == 0 {
					t.Fatal("nobody was looked for in the minute after the dark connection")
				}
				if first := asked[0].Sub(mended); first < 8*time.Second {
					t.Errorf("dead nodes were looked for %v after the outage", first)
				}
				_, _ = a.drain(), b.drain()
			})
		})
	}
}

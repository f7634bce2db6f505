package throng_test

import (
	"testing"
	"testing/synctest"
	"time"

	"throng"
)

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(300 * time.Microsecond) // begin in the middle of a millisecond
		begin := time.Now()
		c := throng.NewClock()
		if got := c.Now(); got != begin.UnixMilli() {
			t.Errorf("begins at %d, want the wall's %d", got, begin.UnixMilli())
		}
		last := c.Now()
		for _, step := range []time.Duration{time.Microsecond, time.Millisecond, time.Second, 100 * 24 * time.Hour} {
			time.Sleep(step)
			now := c.Now()
			if now < last {
				t.Errorf("after %v it went back from %d to %d", step, last, now)
			}
			if wall := time.Now().UnixMilli(); now < wall-1 || now > wall {
				t.Errorf("after %v it says %d, the wall %d", step, now, wall)
			}
			last = now
		}
	})
}

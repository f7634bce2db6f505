//go:build linux

package loop_test

import (
	"testing"
	"time"

	"throng/internal/loop"
)

// A connection says that it takes nothing before something waits: its kernel's buffer may
// be full of what has left.
func TestTakesNow(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{WriteTimeout: patience}, nil)
		cl, _, c := r.dial()
		narrow(t, cl)
		left, sent := false, 0
		for refused := 0; refused < 20; {
			takes := false
			r.on(c, func() {
				left = c.Queued() == 0 && !c.Writing()
				if takes = c.TakesNow(); takes {
					c.Send(frame('p', 4000))
					sent++
				}
			})
			if refused++; takes {
				refused = 0
				continue
			}
			time.Sleep(time.Millisecond)
		}
		if !left || sent == 0 {
			t.Errorf("something waits though %d frames were only sent when they would leave", sent)
		}
	})
}

package loop_test

import (
	"testing"

	"throng/internal/loop"
)

// Pieces of any size show each connection once, those that end in between too unless
// they have ended before; a connection may be ended by who looks at it.
func TestWalk(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{Loops: 1}, nil)
		const many = 25
		for range many {
			r.dial()
		}
		r.onLoop(0, func() {
			for _, piece := range []int{1, 7, 1000} {
				seen := map[*loop.Conn]int{}
				for from, steps := uint32(0), 0; ; steps++ {
					from = r.e.Walk(0, from, piece, func(c *loop.Conn) { seen[c]++ })
					if from == 0 {
						break
					}
					if steps > many {
						t.Error("it does not end")
						return
					}
				}
				if len(seen) != many {
					t.Errorf("in pieces of %d: %d connections", piece, len(seen))
				}
				for _, n := range seen {
					if n != 1 {
						t.Errorf("in pieces of %d: one was seen %d times", piece, n)
					}
				}
			}
			r.e.Walk(0, 0, many, func(c *loop.Conn) { c.Abort(nil) })
			r.e.Walk(0, 0, many, func(*loop.Conn) { t.Error("one that has ended") })
		})
		eventually(t, "all are gone", func() bool { return r.e.Connections() == 0 })
	})
}

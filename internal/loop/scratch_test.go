package loop

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestScratchModel builds answers of all sizes and looks at them at the end of
// the turn.
func TestScratchModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	var s scratch
	for range 300 {
		var built, copies [][]byte
		for range rnd.IntN(60) {
			b := s.tail()
			if len(b) != 0 || cap(b) < scratchRoom {
				t.Fatalf("tail of %d bytes with room for %d", len(b), cap(b))
			}
			n := []int{0, 1, 100, scratchRoom, scratchRoom + 1, scratchSize, 2 * scratchSize}[rnd.IntN(7)]
			if n > 100 && rnd.IntN(10) > 0 {
				n = rnd.IntN(100)
			}
			for range n {
				b = append(b, byte(rnd.Uint32()))
			}
			room := cap(s.buf) - len(s.buf)
			if inside := s.take(b); inside != (n <= room) {
				t.Fatalf("%d bytes with room for %d: inside is %v", n, room, inside)
			}
			built, copies = append(built, b), append(copies, bytes.Clone(b))
		}
		for i := range built {
			if !bytes.Equal(built[i], copies[i]) {
				t.Fatal("an answer was overwritten within its turn")
			}
		}
		s.reset()
	}
}

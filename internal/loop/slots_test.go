package loop

import (
	"math/rand/v2"
	"testing"
)

// Whoever has a slot has it alone and stays there; one that is free is given out
// before a new one is made.
func TestSlots(t *testing.T) {
	var s slots
	random := rand.New(rand.NewPCG(1, 2))
	at := make(map[uint32]*Conn)
	var taken []uint32
	most := 0
	for _, leaning := range []float64{0.7, 0.5, 0.3, 0.7} {
		for range 10 * blockSlots {
			if random.Float64() < leaning || len(taken) == 0 {
				c := &Conn{}
				slot := s.put(c)
				if at[slot] != nil {
					t.Fatalf("slot %d was given to two", slot)
				}
				at[slot] = c
				taken = append(taken, slot)
				most = max(most, len(taken))
			} else {
				i, last := random.IntN(len(taken)), len(taken)-1
				s.drop(taken[i])
				delete(at, taken[i])
				taken[i], taken = taken[last], taken[:last]
			}
		}
		for slot := range uint32(s.made) + 2*blockSlots {
			if s.at(slot) != at[slot] {
				t.Fatalf("another connection is at slot %d", slot)
			}
		}
		if s.taken != len(taken) || s.made != most {
			t.Fatalf("%d of %d slots are taken, not %d of %d", s.taken, s.made, len(taken), most)
		}
	}
}

// However many there are, the next one makes the loop copy nothing.
func TestSlotsStay(t *testing.T) {
	var s slots
	s.put(&Conn{})
	first := &s.block(0).conns[0]
	for range 100 * blockSlots {
		s.put(&Conn{})
	}
	if &s.block(0).conns[0] != first {
		t.Error("the slots have moved")
	}
}

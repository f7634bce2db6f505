package loop

// slots are the places of a loop's connections. They lie in blocks and never
// move: to copy those of a million into a larger slice would stop the loop for
// tens of milliseconds.
type slots struct {
	blocks []*slotBlock
	made   int    // slots that there are
	taken  int    // those with a connection
	free   uint32 // the newest that is free again, plus one; 0: none
}

type slotBlock struct {
	conns [blockSlots]*Conn
	free  [blockSlots]uint32 // of a free one the next that is free, plus one
}

const blockSlots = 1024

// put gives a connection a slot.
func (s *slots) put(c *Conn) (slot uint32) {
	if s.free != 0 {
		slot = s.free - 1
		s.free = s.block(slot).free[slot%blockSlots]
	} else {
		if s.made == len(s.blocks)*blockSlots {
			s.blocks = append(s.blocks, new(slotBlock))
		}
		slot = uint32(s.made)
		s.made++
	}
	s.block(slot).conns[slot%blockSlots] = c
	s.taken++
	return slot
}

// at returns the connection at a slot, nil when there is none.
func (s *slots) at(slot uint32) *Conn {
	if uint64(slot) >= uint64(s.made) {
		return nil
	}
	return s.block(slot).conns[slot%blockSlots]
}

// drop frees a slot.
func (s *slots) drop(slot uint32) {
	b := s.block(slot)
	b.conns[slot%blockSlots], b.free[slot%blockSlots] = nil, s.free
	s.free = slot + 1
	s.taken--
}

func (s *slots) block(slot uint32) *slotBlock { return s.blocks[slot/blockSlots] }

package presence

import "slices"

// places are those who are in a room, each at an index, without holes. Who leaves is
// replaced by the last one; so a walk downward leaves nobody out who stays, though
// somebody may come twice. They lie in blocks, of which the first one grows with what
// it holds: a large slice would take long to grow.
type places struct {
	blocks [][]*member
	n      int
}

const blockPlaces = 256

func (ps *places) at(i int) *member { return ps.blocks[i/blockPlaces][i%blockPlaces] }

func (ps *places) add(m *member) {
	b := ps.n / blockPlaces
	switch {
	case b < len(ps.blocks):
	case b == 0:
		ps.blocks = make([][]*member, 1)
	default:
		ps.blocks = append(ps.blocks, make([]*member, 0, blockPlaces))
	}
	ps.blocks[b] = append(ps.blocks[b], m)
	m.place = int32(ps.n)
	ps.n++
}

func (ps *places) remove(m *member) {
	ps.n--
	last := ps.at(ps.n)
	ps.blocks[m.place/blockPlaces][m.place%blockPlaces] = last
	last.place = m.place
	m.place = -1
	b := ps.n / blockPlaces
	ps.blocks[b][ps.n%blockPlaces] = nil
	ps.blocks[b] = ps.blocks[b][:ps.n%blockPlaces]
	if spare := len(ps.blocks) - 1; spare > b && ps.n%blockPlaces < blockPlaces/2 { // not for who comes back
		ps.blocks = slices.Delete(ps.blocks, spare, spare+1)
	}
}

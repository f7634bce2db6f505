package presence

// places are those who are in a room, each at an index, without holes. Who leaves is
// replaced by the last one; so a walk downward leaves nobody out who stays, though
// somebody may come twice. They lie in blocks: a large slice would take long to grow.
type places struct {
	blocks []*[blockPlaces]*member
	n      int
}

const blockPlaces = 256

func (ps *places) at(i int) *member { return ps.blocks[i/blockPlaces][i%blockPlaces] }

func (ps *places) add(m *member) {
	if ps.n == len(ps.blocks)*blockPlaces {
		ps.blocks = append(ps.blocks, new([blockPlaces]*member))
	}
	ps.blocks[ps.n/blockPlaces][ps.n%blockPlaces] = m
	m.place = int32(ps.n)
	ps.n++
}

func (ps *places) remove(m *member) {
	ps.n--
	last := ps.at(ps.n)
	ps.blocks[m.place/blockPlaces][m.place%blockPlaces] = last
	last.place = m.place
	ps.blocks[ps.n/blockPlaces][ps.n%blockPlaces] = nil
	m.place = -1
	if spare := len(ps.blocks) - 1; ps.n < spare*blockPlaces-blockPlaces/2 {
		ps.blocks[spare] = nil
		ps.blocks = ps.blocks[:spare]
	}
}

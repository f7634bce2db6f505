package presence

import (
	"hash/maphash"

	"throng/internal/shrink"
)

// index finds members by what they are called in a room. That of a crowd is in parts,
// so that none of its maps takes long to make smaller.
type index struct {
	seed  maphash.Seed
	parts []part
}

type part struct {
	named map[string]*member
	most  shrink.Most
}

const crowdParts = 64

// split puts all members into another number of parts.
func (x *index) split(n int) {
	old := x.parts
	x.seed = maphash.MakeSeed()
	x.parts = make([]part, n)
	for i := range x.parts {
		x.parts[i].named = make(map[string]*member)
	}
	for i := range old {
		for id, m := range old[i].named {
			x.put(id, m)
		}
	}
}

func (x *index) part(id string) *part {
	if len(x.parts) == 1 {
		return &x.parts[0]
	}
	return &x.parts[maphash.String(x.seed, id)%uint64(len(x.parts))]
}

func (x *index) find(id string) *member   { return x.part(id).named[id] }
func (x *index) put(id string, m *member) { x.part(id).named[id] = m }
func (x *index) drop(id string, m *member) {
	p := x.part(id)
	if p.named[id] == m { // not another one who came under its name since
		shrink.Delete(&p.named, &p.most, id)
	}
}

// each calls f for all members; f may drop the one it is called with. It is for rooms
// that are no crowd.
func (x *index) each(f func(id string, m *member)) {
	for i := range x.parts {
		for id, m := range x.parts[i].named {
			f(id, m)
		}
	}
}

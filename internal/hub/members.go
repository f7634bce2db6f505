package hub

// members are the places of a topic, by index. All but the first block are of one
// size and stay where they are: to copy a million places into a larger slice would
// stop the loop for a fifth of a second.
type members struct {
	first []member // grows with what it holds, up to a block
	rest  *blocks  // nil as long as the first is enough
}

// blocks are the places behind the first block.
type blocks struct {
	at []*[blockPlaces]member
	n  int // places taken
}

const (
	blockPlaces = 1024
	smallFirst  = 64 // a first block that is kept for any number
)

func (ms *members) len() int {
	if ms.rest == nil {
		return len(ms.first)
	}
	return len(ms.first) + ms.rest.n
}

// at returns the place of an index. It is valid until the next push or pop.
func (ms *members) at(i int) *member {
	if i < len(ms.first) {
		return &ms.first[i]
	}
	return &ms.rest.at[i/blockPlaces-1][i%blockPlaces]
}

func (ms *members) push(m member) {
	n := len(ms.first)
	if n == blockPlaces {
		if ms.rest == nil {
			ms.rest = &blocks{}
		}
		ms.rest.push(m)
		return
	}
	if n == cap(ms.first) && n >= blockPlaces/2 { // append would make it larger than a block
		ms.first = append(make([]member, 0, blockPlaces), ms.first...)
	}
	ms.first = append(ms.first, m)
}

// pop takes the last place off. Memory is given back when so much is free that the
// next who comes doesn't ask for it again.
func (ms *members) pop() {
	if ms.rest != nil && ms.rest.n > 0 {
		ms.rest.pop()
		return
	}
	n := len(ms.first) - 1
	ms.first[n] = member{}
	ms.first = ms.first[:n]
	if n < blockPlaces/2 {
		ms.rest = nil
	}
	if cap(ms.first) > smallFirst && n < cap(ms.first)/4 {
		ms.first = append(make([]member, 0, 2*n), ms.first...)
	}
}

func (b *blocks) push(m member) {
	if b.n == len(b.at)*blockPlaces {
		b.at = append(b.at, new([blockPlaces]member))
	}
	b.at[b.n/blockPlaces][b.n%blockPlaces] = m
	b.n++
}

func (b *blocks) pop() {
	b.n--
	b.at[b.n/blockPlaces][b.n%blockPlaces] = member{}
	if last := len(b.at) - 1; b.n < last*blockPlaces-blockPlaces/2 {
		b.at[last] = nil
		b.at = b.at[:last]
	}
}

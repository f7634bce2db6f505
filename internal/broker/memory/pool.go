package memory

import "math/rand/v2"

// pool is the channels of a shard that can give something back, in no order. A
// channel is in one pool at most, and knows its place there.
type pool []*channel

// samples is how many channels are compared for the one to take from. The oldest
// of five, again and again, are nearly the oldest of all.
const samples = 5

func (p *pool) add(c *channel) {
	*p = append(*p, c)
	c.place = int32(len(*p) - 1)
}

func (p *pool) remove(c *channel) {
	last := len(*p) - 1
	(*p)[c.place] = (*p)[last]
	(*p)[c.place].place = c.place
	(*p)[last] = nil
	*p = (*p)[:last]
	if cap(*p) > 4*samples && last < cap(*p)/4 {
		*p = append(make(pool, 0, 2*last), *p...)
	}
}

// pick returns the channel that was left alone for longest, among some; nil when
// there is none.
func (p pool) pick() (oldest *channel) {
	if len(p) <= samples {
		for _, c := range p {
			oldest = older(oldest, c)
		}
		return oldest
	}
	for range samples {
		oldest = older(oldest, p[rand.IntN(len(p))])
	}
	return oldest
}

func older(a, b *channel) *channel {
	if a == nil || b.age() < a.age() {
		return b
	}
	return a
}

// age is when the oldest publication came, or else when the stream was touched.
func (c *channel) age() int64 {
	if p := c.stream.window.oldest(); p != nil {
		return p.Time
	}
	return c.touched
}

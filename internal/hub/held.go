package hub

import "throng"

// holding is what came for a subscriber while it was held.
type holding struct {
	waiting []*delivery
	bytes   int64
	over    bool // more came than is kept
}

// How much may come while a subscriber's beginning is being worked out. Beyond,
// it has to begin anew.
const (
	maxHeld      = 4096
	maxHeldBytes = 8 << 20
)

// hold keeps publications for a held subscriber.
func (t *Table) hold(s Subscriber, more []*delivery) {
	h := t.held[s]
	if h.over {
		return
	}
	for _, d := range more {
		h.bytes += d.size
	}
	h.waiting = append(h.waiting, more...)
	if len(h.waiting) > maxHeld || h.bytes > maxHeldBytes {
		h = holding{over: true}
	}
	t.held[s] = h
}

// Release lets a held subscriber's publications flow from behind a position: what
// was held and is newer is pushed now. From here on a gap in the offsets, or another
// epoch, is a loss. It reports false when more came than was kept: the subscriber gets
// nothing any more, as if it had been told by Lost.
func (t *Table) Release(name string, index int, at throng.Position) bool {
	tp := t.topic(name)
	m := tp.members.at(index)
	s := m.sub
	t.position(tp, m, at)
	ok := t.Flow(name, index)
	tp.settle(s)
	return ok
}

// Flow is Release for a subscriber that counts no offsets.
func (t *Table) Flow(name string, index int) bool {
	tp := t.topic(name)
	m := tp.members.at(index)
	s := m.sub
	m.held = false
	h, any := t.held[s]
	if !any {
		return true
	}
	delete(t.held, s)
	if h.over {
		m.lost = true
		t.stats.Gaps.Add(1)
		return false
	}
	now := t.hub.opts.Clock.Now()
	for _, d := range h.waiting {
		if !tp.give(s, d, now) {
			break
		}
	}
	return true
}

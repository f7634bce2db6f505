package hub

import (
	"unsafe"

	"throng"
)

var noClient throng.ClientID // never a client

// topic is a channel on one loop: its subscribers, and the publications that not
// all of them have got.
type topic struct {
	name    string
	table   *Table
	channel *channel // of the index, shared with the topics of the other loops
	members members

	positions *positions // of those members that count offsets

	// pending[i] has the sequence first+i. A member needs those from its next
	// on. These numbers are the topic's own; offsets exist in some channels only.
	pending []*delivery
	first   uint64

	since  uint32 // the number of the last delivery that was posted before the topic began
	cursor int32  // members before it were visited by the sweep under way
	target uint64 // all that the sweep under way brings to everybody
	urgent uint64 // how many of pending lead up to the last urgent one
	next   [links]*topic
}

// member is a subscriber's place in a topic. Places lie side by side, so that a
// sweep finds out who needs nothing without touching their sessions.
type member struct {
	sub        Subscriber
	next       uint64 // the sequence it needs next
	offset     uint64 // its position in the stream, if positioned
	era        uint32 // of the stream, if positioned
	encoding   Encoding
	positioned bool
	held       bool
	lost       bool
}

// MemberBytes is what a subscriber costs the hub, apart from its topic.
const MemberBytes = int(unsafe.Sizeof(member{}))

// stale reports whether a delivery was posted to the loop when it had subscribers of the
// channel before, who all left. A message may still come to who is here now: it is as new
// as any. But who was told from the beginning who is there must not hear of older steps,
// of which the later ones did not come here.
func (tp *topic) stale(d *delivery) bool {
	if d.record != tp.channel || int32(d.number-tp.since) <= 0 {
		return true
	}
	// No stale one can come from now on. Numbers may run around; those of publishes
	// at the same time may come in another order.
	const apart = 1 << 20
	tp.since = d.number - apart
	return false
}

func (tp *topic) end() uint64 { return tp.first + uint64(len(tp.pending)) }

// waiting reports whether somebody may need something.
func (tp *topic) waiting() bool { return len(tp.pending) > 0 }

func (tp *topic) add(s Subscriber, e Encoding, hold bool) {
	s.Moved(tp.members.len())
	tp.members.push(member{sub: s, encoding: e, next: tp.end(), held: hold})
}

// remove closes the gap with a member that the sweep under way counts likewise:
// nobody is visited twice, nobody is left out.
func (tp *topic) remove(i int) {
	last := tp.members.len() - 1
	tp.members.at(i).sub.Moved(-1)
	if i < int(tp.cursor) {
		tp.cursor--
		tp.move(int(tp.cursor), i)
		i = int(tp.cursor)
	}
	tp.move(last, i)
	tp.members.pop()
}

func (tp *topic) move(from, to int) {
	if from != to {
		*tp.members.at(to) = *tp.members.at(from)
		tp.members.at(to).sub.Moved(to)
	}
}

// sweep goes on with the round through the members, at most budget of them, and
// returns how many it visited. What the round began with has reached everybody
// at its end.
func (tp *topic) sweep(budget int, now int64) (visited int) {
	if tp.cursor == 0 {
		tp.target = tp.end()
	}
	for int(tp.cursor) < tp.members.len() && visited < budget {
		i := int(tp.cursor)
		if visited%nearby == 0 {
			tp.prefetch(i, min(nearby, budget-visited))
		}
		tp.cursor++
		visited++
		tp.visit(i, now)
	}
	if int(tp.cursor) >= tp.members.len() {
		tp.cursor = 0
		tp.discard(tp.target)
	}
	return visited
}

// nearby is how many members are looked at ahead: as many as a processor can ask the
// memory for at once, about.
const nearby = 16

// prefetch looks at those who are visited next. A visit has to wait for one record to
// find the next one, for longer than all else takes; here the records of all are waited
// for together. Who needs nothing is not touched.
func (tp *topic) prefetch(from, n int) {
	end := tp.end()
	for i := from; i < min(from+n, tp.members.len()); i++ {
		if m := tp.members.at(i); m.next < end && !m.held {
			m.sub.Prefetch()
		}
	}
}

// visit gives a member all that waits for it. A member may remove itself, or be
// removed, in the middle of it.
func (tp *topic) visit(i int, now int64) {
	m := tp.members.at(i)
	next, end := max(m.next, tp.first), tp.end()
	if next >= end {
		return
	}
	m.next = end
	s := m.sub
	if m.held {
		tp.table.hold(s, tp.pending[next-tp.first:])
		return
	}
	for _, d := range tp.pending[next-tp.first:] {
		if !tp.give(s, d, now) {
			return
		}
	}
}

// give hands one publication to a member, wherever it is by now, and reports
// whether the member takes more.
func (tp *topic) give(s Subscriber, d *delivery, now int64) bool {
	i := s.Index()
	if i < 0 {
		return false // it left meanwhile
	}
	m := tp.members.at(i)
	if m.lost {
		return false
	}
	p := d.pub
	if m.positioned && (p.Offset != 0 || d.mark) {
		yes, lost := tp.positions.step(m, d)
		if lost {
			tp.lose(m, d)
		}
		if !yes {
			return !lost
		}
	}
	switch {
	case d.mark:
	case p.Expired(now):
		tp.table.stats.Expired.Add(1)
	case p.Exclude != noClient && p.Exclude == s.Client():
	default:
		tp.table.pushed++
		s.Push(d.frame(m.encoding), p)
	}
	return true
}

// lose ends what a member gets.
func (tp *topic) lose(m *member, d *delivery) {
	m.lost = true
	tp.table.stats.Gaps.Add(1)
	if d.mark {
		tp.table.stats.Behind.Add(1)
	}
	m.sub.Lost()
}

// catchUp visits a member now.
func (tp *topic) catchUp(i int) {
	if tp.members.at(i).next < tp.end() {
		tp.visit(i, tp.table.hub.opts.Clock.Now())
	}
}

// discard forgets the publications before a sequence.
func (tp *topic) discard(before uint64) {
	if before <= tp.first {
		return
	}
	n := min(int(before-tp.first), len(tp.pending))
	for _, d := range tp.pending[:n] {
		tp.table.stats.Backlog.Add(-d.size)
	}
	rest := copy(tp.pending, tp.pending[n:])
	clear(tp.pending[rest:])
	tp.pending = tp.pending[:rest]
	tp.first += uint64(n)
	tp.urgent -= min(tp.urgent, uint64(n))
	if rest == 0 && cap(tp.pending) > 64 {
		tp.pending = nil
	}
}

package hub

import "throng"

// positions is what a topic knows of the stream that its positioned members follow;
// nil without such members. They all follow the same epoch: one that is of an
// earlier era is lost, and is told so when it is visited.
type positions struct {
	epoch string
	era   uint32 // counts the epochs
	count int32  // positioned members

	// safe is an offset that every member of this era has, or will have when it
	// was given what waits; or else it is found to be lost on the way.
	safe uint64
	// owed is what the last check of the position missed, foreign the other epoch
	// that it saw. It may just have been under way.
	owed    uint64
	foreign string
}

// begin is the first position of another epoch. Whoever is in the topic is of an
// earlier era from now on.
func (ps *positions) begin(at throng.Position) {
	ps.era++
	ps.epoch, ps.safe, ps.owed, ps.foreign = at.Epoch, at.Offset, 0, ""
}

// received notes what comes for everybody: a member either steps to it or is lost.
func (ps *positions) received(p *throng.Publication) {
	switch {
	case p.Offset == 0:
	case p.Epoch != ps.epoch:
		ps.begin(throng.Position{Offset: p.Offset, Epoch: p.Epoch})
	default:
		ps.safe = max(ps.safe, p.Offset)
	}
}

// position lets a member of the topic count offsets from a position on. Of two epochs
// the one that was read last is believed: the members of the other are lost, and
// if they were right they come back.
func (t *Table) position(tp *topic, m *member, at throng.Position) {
	ps := tp.positions
	switch {
	case ps == nil:
		ps = &positions{epoch: at.Epoch}
		tp.positions = ps
	case ps.epoch != at.Epoch:
		ps.begin(at)
		t.mark(tp, throng.Position{Epoch: at.Epoch})
	}
	if !m.positioned {
		m.positioned = true
		ps.count++
		tp.channel.positioned.Add(1)
	}
	m.offset, m.era = at.Offset, ps.era
}

// settle takes a member's beginning into account once it flows.
func (tp *topic) settle(s Subscriber) {
	i, ps := s.Index(), tp.positions
	if i < 0 || ps == nil {
		return // it left meanwhile
	}
	if offset := tp.members.at(i).offset; ps.count == 1 || offset < ps.safe {
		ps.safe = offset
	}
}

// unposition is position for a member that leaves.
func (tp *topic) unposition(m *member) {
	if !m.positioned {
		return
	}
	tp.channel.positioned.Add(-1)
	if tp.positions.count--; tp.positions.count == 0 {
		tp.positions = nil
	}
}

// step moves a positioned member along its stream. It reports whether the
// publication is for the member, and whether the member has missed one.
func (ps *positions) step(m *member, d *delivery) (yes, lost bool) {
	p := d.pub
	switch {
	case m.era != ps.era:
		return false, true
	case p.Epoch != ps.epoch:
		return false, false // the end of a stream that another one has replaced
	case d.mark:
		return false, m.offset < p.Offset
	case p.Offset <= m.offset:
		return false, false // known from the history
	case p.Offset != m.offset+1:
		return false, true
	}
	m.offset = p.Offset
	return true, false
}

// mark makes the sweep look at the position of all members, behind what waits for
// them: who is before it, or of another era, is lost.
func (t *Table) mark(tp *topic, at throng.Position) {
	t.enqueue(tp, &delivery{
		hub: t.hub, channel: tp.name, mark: true, pub: &throng.Publication{Offset: at.Offset, Epoch: at.Epoch},
	})
}

// check is the top of a channel's stream on its way to a loop.
type check struct {
	hub     *Hub
	channel string
	at      throng.Position
}

// Check compares the top of a channel's stream, as the broker has it, with what
// came here. What was missing at two checks in a row is not under way any more: the
// subscribers that are behind it are lost, all of them if the epoch is another
// one. Between two calls for a channel must be as much time as a publication may
// take from the broker.
func (h *Hub) Check(name string, at throng.Position) {
	c := &check{hub: h, channel: name, at: at}
	h.each(name, func(loop int) { h.opts.Mailboxes[loop].Post(c) })
}

// Run implements throng.Task.
func (c *check) Run(loop int) {
	t := c.hub.tables[loop]
	if tp := t.topic(c.channel); tp != nil && tp.positions != nil {
		t.check(tp, c.at)
	}
}

func (t *Table) check(tp *topic, top throng.Position) {
	ps := tp.positions
	owed, foreign := ps.owed, ps.foreign
	ps.owed, ps.foreign = 0, ""
	switch {
	case top.Epoch != ps.epoch && top.Epoch != foreign:
		ps.foreign = top.Epoch
	case top.Epoch != ps.epoch:
		ps.begin(top)
		t.mark(tp, throng.Position{Epoch: top.Epoch})
	case top.Offset <= ps.safe:
	case owed > ps.safe:
		t.mark(tp, throng.Position{Offset: owed, Epoch: top.Epoch})
		ps.safe = owed
		if top.Offset > owed {
			ps.owed = top.Offset
		}
	default:
		ps.owed = top.Offset
	}
}

// Parts is in how many parts Positioned lists the channels.
const Parts = shards

// Positioned returns the channels of a part that have subscribers who count offsets.
// It may be called from anywhere.
func (h *Hub) Positioned(part int) (names []string) {
	s := &h.shards[part]
	s.mu.RLock()
	defer s.mu.RUnlock()
	for name, c := range s.channels {
		if c.positioned.Load() > 0 {
			names = append(names, name)
		}
	}
	return names
}

package hub

import (
	"sync/atomic"

	"throng"
)

// Subscriber is one session's subscription to one channel. Its methods are
// called on its loop. Push and Lost may remove any subscriber, this one too;
// none of them may add one or run the table's other work.
type Subscriber interface {
	// Client is who subscribes, for publications that exclude one.
	Client() throng.ClientID
	// Push hands over a publication and its frame, which is shared.
	Push(frame []byte, p *throng.Publication)
	// Prefetch reads what Push will, and returns something of it: so that the records of
	// several subscribers come from memory at once.
	Prefetch() int
	// Lost says that publications are missing that can't be had from the hub.
	// The subscriber gets no more and should be removed and resynchronised.
	Lost()
	// Moved says at which index of its topic the subscriber now is, and Index
	// gives it back; -1 when it was removed.
	Moved(index int)
	Index() int
}

// Stats are one table's counters; anyone may read them.
type Stats struct {
	Backlog    atomic.Int64  // bytes of publications on their way to the loop or through it
	Deliveries atomic.Uint64 // frames handed to subscribers
	Arrived    atomic.Uint64 // publications whose deadline had come when they came to the loop: nobody was visited
	Expired    atomic.Uint64 // not handed to a subscriber because the deadline had come
	Gaps       atomic.Uint64 // subscribers that missed publications
	Behind     atomic.Uint64 // of those, who was found by a check of the position
	Topics     atomic.Int64
	Members    atomic.Int64
}

// Table holds one loop's subscribers. It is for use on that loop only; it
// implements the loop's background work.
type Table struct {
	hub    *Hub
	loop   int
	topics topics
	turns  [lanes]turns
	led    [lanes]uint32          // turns of a lane for which others behind it waited too
	held   map[Subscriber]holding // those for whom something came
	stats  Stats
	pushed uint64 // not yet among the stats: to share a counter costs as much as a push
}

func newTable(h *Hub, loop int) *Table {
	return &Table{hub: h, loop: loop, held: make(map[Subscriber]holding), turns: newTurns()}
}

// Stats returns the table's counters.
func (t *Table) Stats() *Stats { return &t.stats }

// Add subscribes s to a channel, from the next publication on, and returns the
// channel's name as it is shared by all its subscribers. A subscriber that is
// held gets nothing until Release or Flow.
func (t *Table) Add(name string, s Subscriber, e Encoding, hold bool) string {
	place := t.hub.place(name)
	tp := t.topics[place].named[name]
	if tp == nil {
		tp = &topic{name: name, table: t}
		t.topics[place].put(tp)
		t.stats.Topics.Add(1)
		tp.channel, tp.since = t.hub.join(name, t.loop)
	}
	tp.add(s, e, hold)
	tp.channel.subscribers.Add(1)
	t.stats.Members.Add(1)
	return tp.name
}

// Remove ends the subscription at an index of a channel.
func (t *Table) Remove(name string, index int) {
	place := t.hub.place(name)
	tp := t.topics[place].named[name]
	m := tp.members.at(index)
	if m.held {
		delete(t.held, m.sub)
	}
	tp.unposition(m)
	tp.remove(index)
	tp.channel.subscribers.Add(-1)
	t.stats.Members.Add(-1)
	if tp.members.len() == 0 {
		t.topics[place].drop(name) // what waits in it, its next turn discards
		t.stats.Topics.Add(-1)
		t.hub.leave(name, t.loop)
	}
}

// CatchUp pushes all that waits for one subscriber, ahead of its turn.
func (t *Table) CatchUp(name string, index int) { t.topic(name).catchUp(index) }

// Position returns the offset up to which a subscriber has everything, and
// whether it counts offsets at all.
func (t *Table) Position(name string, index int) (offset uint64, positioned bool) {
	m := t.topic(name).members.at(index)
	return m.offset, m.positioned
}

func (t *Table) receive(d *delivery) {
	tp := t.topics[d.place].named[d.channel]
	if tp == nil || tp.stale(d) && d.pub.Presence() {
		t.stats.Backlog.Add(-d.size)
		return
	}
	if tp.positions != nil {
		tp.positions.received(d.pub)
	}
	// One with an offset moves positions also when nobody is shown it, of members too
	// that are held and have none yet.
	if d.pub.ExpiresAt != 0 && d.pub.Offset == 0 && d.pub.Expired(t.hub.opts.Clock.Now()) {
		t.stats.Arrived.Add(1)
		t.stats.Backlog.Add(-d.size)
		return
	}
	t.enqueue(tp, d)
}

func (t *Table) enqueue(tp *topic, d *delivery) {
	tp.pending = append(tp.pending, d)
	if d.pub.Urgent {
		tp.urgent = uint64(len(tp.pending))
	}
	t.queue(tp)
}

// Turn visits at most a slice of subscribers and reports whether more wait. Those of
// topics with something urgent come first, then those of small topics, one topic after the
// other, then those of big ones, who take turns; each leaves a share to those behind.
func (t *Table) Turn() bool {
	defer t.count()
	if !t.waiting() {
		return false
	}
	now := t.hub.opts.Clock.Now()
	for budget := t.hub.opts.Slice; budget > 0 && t.waiting(); {
		tp := t.next()
		if !tp.waiting() { // its other queue had brought all
			budget-- // there may be as many as there are users
			continue
		}
		budget -= max(1, tp.sweep(budget, now)) // one that was left by all costs a little too
		if tp.waiting() {
			t.queue(tp)
		}
	}
	return t.waiting()
}

func (t *Table) count() {
	if t.pushed > 0 {
		t.stats.Deliveries.Add(t.pushed)
		t.pushed = 0
	}
}

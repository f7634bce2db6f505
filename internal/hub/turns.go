package hub

// turns is the queue of the topics with publications that wait. It runs through the
// topics themselves: however many there are, none is ever moved.
type turns struct {
	link link
	last *topic // its next is the first; nil when nobody waits
}

// lane tells the queues apart. The big topics wait in bulk and take turns, a slice at a
// time: who is behind one waits for no more than that. The small ones are brought to
// all one after the other, ahead of bulk: by turns, each would be done only when all
// are, as late as the last.
type lane uint8

const (
	bulk lane = iota
	small
	urgent
	lanes
)

// link is by which of its links a topic waits in a queue. One may be both urgent and in
// the queue still in which it was when something urgent came.
type link uint8

const (
	ordinary link = iota
	hasty
	links
)

func newTurns() [lanes]turns {
	return [lanes]turns{{link: ordinary}, {link: ordinary}, {link: hasty}}
}

func (q *turns) empty() bool { return q.last == nil }

func (q *turns) push(tp *topic) {
	q.pushFirst(tp)
	q.last = tp
}

func (q *turns) pushFirst(tp *topic) {
	if q.last == nil {
		tp.next[q.link] = tp
		q.last = tp
	} else {
		tp.next[q.link], q.last.next[q.link] = q.last.next[q.link], tp
	}
}

func (q *turns) pop() *topic {
	tp := q.last.next[q.link]
	if tp == q.last {
		q.last = nil
	} else {
		q.last.next[q.link] = tp.next[q.link]
	}
	tp.next[q.link] = nil
	return tp
}

// queued reports whether the topic waits in a queue.
func (tp *topic) queued(in link) bool { return tp.next[in] != nil }

const (
	// fewSlices is how many slices a sweep through a small topic takes at most.
	fewSlices = 4
	// share is how turns are shared when several lanes have topics: of so many, one is
	// not for a lane but for those behind it.
	share = 4
)

// queue puts a topic where it belongs: one that is small and in the middle of its sweep
// goes on with it. Urgent publications take with them what came before them in their
// channel.
func (t *Table) queue(tp *topic) {
	in := bulk
	switch {
	case tp.urgent > 0:
		in = urgent
	case tp.members.len() <= fewSlices*t.hub.opts.Slice:
		in = small
	}
	q := &t.turns[in]
	switch {
	case tp.queued(q.link):
	case in == small && tp.cursor > 0:
		q.pushFirst(tp)
	default:
		q.push(tp)
	}
}

// waiting reports whether any topic waits.
func (t *Table) waiting() bool { return t.below(lanes) }

// below reports whether topics wait in the lanes behind one.
func (t *Table) below(ahead lane) bool {
	for in := range ahead {
		if !t.turns[in].empty() {
			return true
		}
	}
	return false
}

// next takes the topic whose turn it is. One must wait.
func (t *Table) next() *topic {
	for in := urgent; in > bulk; in-- {
		if !t.turns[in].empty() && (!t.below(in) || t.leads(in)) {
			return t.turns[in].pop()
		}
	}
	return t.turns[bulk].pop()
}

// leads reports whether a lane has this turn, for which those behind it wait too.
func (t *Table) leads(in lane) bool {
	t.led[in]++
	return t.led[in]%share != 0
}

package hub

// turns is the queue of the topics with publications that wait. It runs through the
// topics themselves: however many there are, none is ever moved.
type turns struct {
	lane lane
	last *topic // its next is the first; nil when nobody waits
}

// lane tells the two queues apart. A topic may be in both: in that of bulk still, where
// it was when something urgent came.
type lane uint8

const (
	bulk lane = iota
	urgent
	lanes
)

func (q *turns) empty() bool { return q.last == nil }

func (q *turns) push(tp *topic) {
	if q.last == nil {
		tp.next[q.lane] = tp
	} else {
		tp.next[q.lane], q.last.next[q.lane] = q.last.next[q.lane], tp
	}
	q.last = tp
}

func (q *turns) pop() *topic {
	tp := q.last.next[q.lane]
	if tp == q.last {
		q.last = nil
	} else {
		q.last.next[q.lane] = tp.next[q.lane]
	}
	tp.next[q.lane] = nil
	return tp
}

// queued reports whether the topic waits in a queue.
func (tp *topic) queued(in lane) bool { return tp.next[in] != nil }

// bulkShare is how turns are shared when both wait: of so many, one is bulk's.
const bulkShare = 4

// queue puts a topic where it belongs. Urgent publications take with them what came
// before them in their channel.
func (t *Table) queue(tp *topic) {
	in := bulk
	if tp.urgent > 0 {
		in = urgent
	}
	if !tp.queued(in) {
		t.turns[in].push(tp)
	}
}

// waiting reports whether any topic waits.
func (t *Table) waiting() bool { return !t.turns[bulk].empty() || !t.turns[urgent].empty() }

// next takes the topic whose turn it is.
func (t *Table) next() *topic {
	switch {
	case t.turns[urgent].empty():
		return t.turns[bulk].pop()
	case t.turns[bulk].empty():
		return t.turns[urgent].pop()
	}
	if t.hasty++; t.hasty%bulkShare == 0 {
		return t.turns[bulk].pop()
	}
	return t.turns[urgent].pop()
}

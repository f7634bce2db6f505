package hub

// turns is the queue of the topics with publications that wait. It runs through the
// topics themselves: however many there are, none is ever moved.
type turns struct {
	last *topic // its next is the first; nil when nobody waits
}

func (q *turns) empty() bool { return q.last == nil }

func (q *turns) push(tp *topic) {
	if q.last == nil {
		tp.next = tp
	} else {
		tp.next, q.last.next = q.last.next, tp
	}
	q.last = tp
}

func (q *turns) pop() *topic {
	tp := q.last.next
	if tp == q.last {
		q.last = nil
	} else {
		q.last.next = tp.next
	}
	tp.next = nil
	return tp
}

// queued reports whether the topic waits for its turn.
func (tp *topic) queued() bool { return tp.next != nil }

package hub

// turns is the queue of the topics with publications that wait.
type turns struct {
	topics []*topic
	head   int // topics before it were popped
}

const maxIdleTurns = 1024 // a longer queue's memory is given back when it is empty

func (q *turns) empty() bool { return q.head == len(q.topics) }

func (q *turns) push(tp *topic) { q.topics = append(q.topics, tp) }

func (q *turns) pop() *topic {
	tp := q.topics[q.head]
	q.topics[q.head] = nil
	q.head++
	switch {
	case q.empty():
		q.topics, q.head = q.topics[:0], 0
		if cap(q.topics) > maxIdleTurns {
			q.topics = nil
		}
	case q.head > len(q.topics)/2: // each topic is copied once per pop at most
		n := copy(q.topics, q.topics[q.head:])
		clear(q.topics[n:])
		q.topics, q.head = q.topics[:n], 0
	}
	return tp
}

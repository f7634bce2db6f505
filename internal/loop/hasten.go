package loop

// share is how the room ahead of bulk is shared: of so many urgent publications that
// found bulk waiting, one lets the first of it pass.
const share = 8

// run is what an urgent publication may go ahead of: the bulk at the end of a queue,
// behind the last that is none. A client that does not read has thousands of them, so
// what is asked of each urgent publication is known without a look at them.
type run struct {
	n     int32
	class uint32 // of all of them, 0: of several
	// seen has the bit class%64 for each class. One that is there no more costs a walk.
	seen uint64
}

func (r *run) add(class uint32) {
	switch {
	case r.n == 0:
		r.class = class
	case r.class != class:
		r.class = 0
	}
	r.n++
	r.seen |= 1 << (class % 64)
}

// recount finds the run of a queue of which something was taken out.
func (q *queue) recount() {
	q.run = run{}
	for i := len(q.segs) - 1; i >= q.head && q.segs[i].bulk(); i-- {
		q.run.add(q.segs[i].class)
	}
}

// hasten moves the last segment, an urgent publication, ahead of what waits of other
// classes and is not urgent. It takes what waits of its own class with it, so that no
// channel changes its order, and it passes no reply: some say what the publications
// around them mean. What is partly written is ended first.
func (q *queue) hasten() {
	last, from := len(q.segs)-1, q.head
	if q.sent > 0 {
		from++
	}
	from = max(from, last-int(q.run.n))
	class := q.segs[last].class
	if q.run.class == class {
		from = last // of its own all
	}
	own := q.run.seen&(1<<(class%64)) != 0
	for own && from < last && q.segs[from].class == class {
		from++
	}
	if from < last {
		if q.ahead++; q.ahead%share == 0 {
			from++
		}
	}
	switch {
	case from == last:
		q.run = run{}
	case own:
		q.part(from)
	default:
		q.lead(from)
		q.run.n = int32(last - from)
	}
}

// part moves what is of the last segment's class before all else from an index on; both
// keep their order. The places behind the end serve as room.
func (q *queue) part(from int) {
	end, to := len(q.segs), from
	class := q.segs[end-1].class
	q.run = run{}
	for i := from; i < end; i++ {
		if s := q.segs[i]; s.class == class {
			q.segs[to] = s
			to++
		} else {
			q.segs = append(q.segs, s)
			q.run.add(s.class)
		}
	}
	copy(q.segs[to:end], q.segs[end:])
	clear(q.segs[end:])
	q.segs = q.segs[:end]
}

// lead moves the last segment to an index, by the shorter way: what is between makes
// room, or what is before it does, which moves into the places of written ones.
func (q *queue) lead(to int) {
	const few, places = 64, 16
	last := len(q.segs) - 1
	s := q.segs[last]
	if behind := last - to; behind <= few || behind <= to-q.head {
		copy(q.segs[to+1:], q.segs[to:last])
		q.segs[to] = s
		return
	}
	q.segs[last] = segment{}
	q.segs = q.segs[:last]
	if q.head == 0 { // room for more than this one: it is dear
		q.segs = append(q.segs, make([]segment, places)...)
		copy(q.segs[places:], q.segs)
		clear(q.segs[:places])
		q.head, to = places, to+places
	}
	copy(q.segs[q.head-1:], q.segs[q.head:to])
	q.head--
	q.segs[to-1] = s
}

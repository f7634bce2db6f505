package loop

import "math"

// queue is what waits for one connection, in order. It exists while something
// waits.
type queue struct {
	segs     []segment
	head     int    // segs[:head] are written
	sent     int    // bytes of segs[head] that are written
	bytes    int    // unwritten bytes of all segments
	replies  int    // those of replies
	expiring int    // segments with a deadline
	volatile int    // segments in scratch memory, written ones included
	since    tick   // stalled since, for the write timeout
	ahead    uint32 // urgent publications that found bulk waiting, see hasten
	run      run    // the bulk at the end; it may have begun before head
}

func (q *queue) push(s segment) {
	if len(q.segs) == cap(q.segs) && q.head > len(q.segs)/2 {
		q.compact() // instead of growing
	}
	q.segs = append(q.segs, s)
	q.bytes += len(s.b)
	if s.expires != 0 {
		q.expiring++
	}
	switch {
	case s.bulk():
		q.run.add(s.class)
	case s.urgent():
		q.hasten()
	default:
		q.replies += len(s.b)
		q.run = run{}
		if s.volatile() {
			q.volatile++
		}
	}
}

func (q *queue) empty() bool { return q.head == len(q.segs) }

// front returns the unwritten part of the first segment.
func (q *queue) front() []byte { return q.segs[q.head].b[q.sent:] }

// advance takes n written bytes off the front.
func (q *queue) advance(n int) {
	q.bytes -= n
	for n > 0 {
		rest := len(q.segs[q.head].b) - q.sent
		if q.segs[q.head].class == 0 {
			q.replies -= min(n, rest)
		}
		if n < rest {
			q.sent += n
			return
		}
		n -= rest
		q.pop()
	}
}

func (q *queue) pop() {
	if q.segs[q.head].expires != 0 {
		q.expiring--
	}
	q.segs[q.head] = segment{}
	q.head++
	q.sent = 0
}

// filter removes the segments for which drop says so, never one that is partly
// written, and returns the bytes removed.
func (q *queue) filter(drop func(s *segment) bool) (removed int) {
	keep := q.head
	if q.sent > 0 {
		keep++
	}
	for i := keep; i < len(q.segs); i++ {
		s := q.segs[i]
		if drop(&s) {
			removed += len(s.b)
			if s.expires != 0 {
				q.expiring--
			}
			continue
		}
		q.segs[keep] = s
		keep++
	}
	clear(q.segs[keep:])
	q.segs = q.segs[:keep]
	q.bytes -= removed
	if removed > 0 {
		q.recount()
	}
	return removed
}

// expire removes what must not be written any more.
func (q *queue) expire(now int64) (removed, count int) {
	removed = q.filter(func(s *segment) bool {
		if s.expires != 0 && now >= s.expires {
			count++
			return true
		}
		return false
	})
	return removed, count
}

// shed drops the oldest droppable segments until need bytes are free, urgent ones
// last, and never one that is partly written. A slow peer's queue is shed for every
// frame that comes, so this costs what it drops and passes over, not what waits.
func (q *queue) shed(need int, lost func(class uint32)) (freed int) {
	freed = q.drop(need, (*segment).bulk, lost)
	if freed < need {
		freed += q.drop(need-freed, (*segment).urgent, lost)
	}
	return freed
}

// drop drops the oldest segments of a kind until need bytes are free.
func (q *queue) drop(need int, kind func(*segment) bool, lost func(class uint32)) (freed int) {
	end := q.head
	if q.sent > 0 {
		end++
	}
	for ; end < len(q.segs) && freed < need; end++ {
		s := &q.segs[end]
		if !kind(s) {
			continue
		}
		if s.expires != 0 {
			q.expiring--
		}
		freed += len(s.b)
		lost(s.class)
		*s = segment{}
	}
	// What was passed over moves to the end of the gap.
	to := end
	for i := end - 1; i >= q.head; i-- {
		if q.segs[i].b != nil {
			to--
			q.segs[to], q.segs[i] = q.segs[i], q.segs[to]
		}
	}
	q.head = to
	q.run.n = min(q.run.n, int32(len(q.segs)-end))
	q.bytes -= freed
	return freed
}

// gather appends whole segments to dst as long as they fit its capacity, at
// least one of them.
func (q *queue) gather(dst []byte) []byte {
	dst = append(dst, q.front()...)
	for _, s := range q.segs[q.head+1:] {
		if len(dst)+len(s.b) > cap(dst) {
			break
		}
		dst = append(dst, s.b...)
	}
	return dst
}

// due reports whether the deadline of something in the first n bytes has come that was
// not begun.
func (q *queue) due(n int, now int64) bool {
	if q.expiring == 0 {
		return false
	}
	left := n + q.sent
	for i := q.head; i < len(q.segs) && left > 0; i++ {
		s := &q.segs[i]
		if s.expires != 0 && now >= s.expires && (i > q.head || q.sent == 0) {
			return true
		}
		left -= len(s.b)
	}
	return false
}

// timed reports whether the first n bytes begin something with a deadline.
func (q *queue) timed(n int) bool { return q.due(n, math.MaxInt64) }

// frames returns all that waits. Of a frame that is partly written the rest has no
// deadline any more, and is nobody's to drop.
func (q *queue) frames() (all []Frame) {
	for i := q.head; i < len(q.segs); i++ {
		s := q.segs[i]
		s.settle()
		f := s.frame()
		if i == q.head && q.sent > 0 {
			f = Frame{B: f.B[q.sent:]}
		}
		all = append(all, f)
	}
	return all
}

// settle copies what lies in the loop's scratch memory, because it outlives the
// turn.
func (q *queue) settle() {
	if q.volatile > 0 {
		for i := range q.segs {
			q.segs[i].settle()
		}
		q.volatile = 0
	}
	if q.head > len(q.segs)/2 {
		q.compact()
	}
}

// compact gives the places of written segments back.
func (q *queue) compact() {
	n := copy(q.segs, q.segs[q.head:])
	clear(q.segs[n:])
	q.segs, q.head = q.segs[:n], 0
}

// queues keeps empty queues for reuse on one loop.
type queues []*queue

const (
	maxFreeQueues   = 1024
	maxFreeSegments = 64 // a queue that grew beyond is left to the collector
)

func (p *queues) get() *queue {
	n := len(*p)
	if n == 0 {
		return &queue{segs: make([]segment, 0, 4)}
	}
	q := (*p)[n-1]
	*p = (*p)[:n-1]
	return q
}

func (p *queues) put(q *queue) {
	if len(*p) >= maxFreeQueues || cap(q.segs) > maxFreeSegments {
		return
	}
	clear(q.segs)
	*q = queue{segs: q.segs[:0]}
	*p = append(*p, q)
}

package loop

import (
	"math/bits"
	"time"
)

// LagBuckets is the number of buckets of the histogram of lags: how long it took from a
// publication's birth to the call that wrote its first byte. Bucket i counts lags shorter
// than LagBound(i); the last one all longer ones, from 23 seconds on.
const LagBuckets = 38

const (
	firstLag  = 64 // microseconds, the bound of the first bucket
	firstBits = 7  // of its bound
)

// LagBound returns the upper bound of a bucket: 64 and 96 µs, and both doubled each time.
func LagBound(bucket int) time.Duration {
	return time.Duration(firstLag+bucket%2*firstLag/2) << (bucket / 2) * time.Microsecond
}

func lagBucket(micros uint32) int {
	if micros < firstLag {
		return 0
	}
	octave := bits.Len32(micros) - firstBits
	half := int(micros>>(octave+firstBits-2)) & 1
	return min(2*octave+half+1, LagBuckets-1)
}

// moment is when a write call is made, for the publications that it begins. Calls that
// write answers alone don't ask for the time.
func (l *Loop) moment(q *queue) (micros int64) {
	if q.bytes == q.replies {
		return 0
	}
	return l.clock.Micros()
}

// began notes which publications the first n bytes of a queue begin, for a write call
// that was made at a moment.
func (s *Stats) began(q *queue, n int, at int64) {
	if at == 0 {
		return
	}
	var t tally
	t.began(s, q, n, at)
	t.add(s)
}

// tally gathers what is noted of one write call: most of it is one bucket's, and shared
// counters are dear.
type tally struct {
	bucket        int
	n, sum, tardy uint64
}

func (t *tally) note(s *Stats, seg *segment, at int64) {
	if micros, known := seg.lag(at); known {
		if b := lagBucket(micros); b != t.bucket {
			t.add(s)
			t.bucket = b
		}
		t.n++
		t.sum += uint64(micros)
	}
	if seg.expires != 0 && at/1000 >= seg.expires {
		t.tardy++
	}
}

// began notes the publications that the first n bytes of a queue begin.
func (t *tally) began(s *Stats, q *queue, n int, at int64) {
	left := n + q.sent
	for i := q.head; left > 0; i++ {
		if i > q.head || q.sent == 0 {
			t.note(s, &q.segs[i], at)
		}
		left -= len(q.segs[i].b)
	}
}

// add adds the tally to the counters, and begins it anew.
func (t *tally) add(s *Stats) {
	if t.n > 0 {
		s.Lags[t.bucket].Add(t.n)
		s.LagSum.Add(t.sum)
	}
	if t.tardy > 0 {
		s.Late.Add(t.tardy)
	}
	*t = tally{bucket: t.bucket}
}

// begun is began for segments that a stream's writer begins.
func (s *Stats) begun(segs []segment, at int64) {
	var t tally
	for i := range segs {
		t.note(s, &segs[i], at)
	}
	t.add(s)
}

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

// began notes which publications the first n bytes of a queue begin, for a write call
// that was made at a time, in microseconds of the Clock.
func (s *Stats) began(q *queue, n int, at int64) {
	if q.bytes == q.replies {
		return
	}
	left := n + q.sent
	for i := q.head; left > 0; i++ {
		if i > q.head || q.sent == 0 {
			s.begun(&q.segs[i], at)
		}
		left -= len(q.segs[i].b)
	}
}

// begun is began for one segment.
func (s *Stats) begun(seg *segment, at int64) {
	if micros, known := seg.lag(at); known {
		s.Lags[lagBucket(micros)].Add(1)
		s.LagSum.Add(uint64(micros))
	}
	if seg.expires != 0 && at/1000 >= seg.expires {
		s.Late.Add(1)
	}
}

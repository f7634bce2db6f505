package loop

import (
	"sync/atomic"
	"time"
)

// Stats are one loop's counters; anyone may read them.
type Stats struct {
	Accepted atomic.Uint64
	BytesIn  atomic.Uint64
	BytesOut atomic.Uint64
	Writes   atomic.Uint64
	Expired  atomic.Uint64 // publications dropped at their deadline, before the socket
	Late     atomic.Uint64 // those whose deadline had come when the call was made that wrote their first byte
	LagSum   atomic.Uint64 // microseconds from birth to that call, of all publications
	Lags     [LagBuckets]atomic.Uint64
	Queued   atomic.Int64 // bytes that wait in all queues
	Busy     atomic.Int64 // nanoseconds spent in turns
	Turns    [TurnBuckets]atomic.Uint64
}

// TurnBuckets is the number of buckets of the histogram of turn times. Bucket i
// counts turns shorter than TurnBound(i); the last one all longer turns.
const TurnBuckets = 12

// TurnBound returns the upper bound of a bucket: 16 µs, doubled each time.
func TurnBound(bucket int) time.Duration { return 16 * time.Microsecond << bucket }

func (s *Stats) turn(d time.Duration, queued int64) {
	b := 0
	for b < TurnBuckets-1 && d >= TurnBound(b) {
		b++
	}
	s.Turns[b].Add(1)
	s.Busy.Add(int64(d))
	s.Queued.Store(queued)
}

// Stats returns the counters of a loop.
func (e *Engine) Stats(loop int) *Stats { return &e.loops[loop].stats }

// AcceptStats returns the counters of the listeners.
func (e *Engine) AcceptStats() *AcceptStats { return &e.accept }

// Load returns how many connections a loop owns.
func (e *Engine) Load(loop int) int { return int(e.load[loop].Load()) }

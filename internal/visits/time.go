package visits

import "sync/atomic"

// All times in the books are the store's. The node reads its own monotonic clock and
// adds an offset, which each answer of the store bounds: the store looked at its clock
// after the request went out and before the answer was there, so the offset lies
// between two numbers. One that does is left alone. One that does not is brought back
// slowly, so that no visit gets longer or shorter by more than slewPart, and time
// never runs backwards. Where that would take too long, somebody set a clock: the
// ledger begins a new lease, in a frame of its own.

const (
	// slewPart is the part of a time by which it may be wrong while the offset is
	// corrected: 500 ppm, as NTP does it.
	slewPart = 2000
	// stepFrom is how far off the offset may be before it is a step, in milliseconds.
	stepFrom = 1000
)

// frame turns the node's time into the store's. Within a frame time is continuous.
type frame struct{ now atomic.Pointer[slew] }

// slew is an offset that moves from one value towards another, all in milliseconds.
type slew struct {
	from   int64 // of the node's clock
	offset int64 // then
	target int64
}

func newFrame(at, offset int64) *frame {
	f := new(frame)
	f.now.Store(&slew{at, offset, offset})
	return f
}

// at returns the store's time at a time of the node's clock.
func (f *frame) at(clock int64) int64 { return clock + f.now.Load().at(clock) }

func (s *slew) at(clock int64) int64 {
	most := max(0, clock-s.from) / slewPart
	return s.offset + min(max(s.target-s.offset, -most), most)
}

// measure takes an answer of the store: it said now, between two times of the node's
// clock. If that contradicts the offset by a step, measure changes nothing and says
// so.
func (f *frame) measure(asked, answered, now int64) (step bool) {
	least, most := now-answered, now-asked
	is := f.now.Load().at(answered)
	// The store's answer counts whole milliseconds, and so do we.
	target := min(max(is, least-1), most+1)
	if d := target - is; d > stepFrom || d < -stepFrom {
		return true
	}
	f.now.Store(&slew{answered, is, target})
	return false
}

package throng

import "time"

// Clock is a wall clock that never jumps: the wall time at its creation plus the
// monotonic time since then. All deadlines of a node are judged by one Clock, so
// that an operator who sets the system clock expires nothing by accident.
type Clock struct{ start time.Time }

// NewClock starts a clock at the present wall time.
func NewClock() *Clock { return &Clock{start: time.Now()} }

// Now returns milliseconds since the Unix epoch.
func (c *Clock) Now() int64 {
	return c.start.UnixMilli() + time.Since(c.start).Milliseconds()
}

// Micros is Now in microseconds.
func (c *Clock) Micros() int64 {
	return c.start.UnixMilli()*1000 + time.Since(c.start).Microseconds()
}

// Earlier returns the earlier of two deadlines, of which 0 is none.
func Earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

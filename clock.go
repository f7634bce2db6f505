package throng

import "time"

// Clock is a wall clock that never jumps: the wall time at its creation plus the
// monotonic time since then. All deadlines of a node are judged by one Clock, so
// that an operator who sets the system clock expires nothing by accident.
type Clock struct {
	start time.Time
	wall  int64 // milliseconds since the Unix epoch at the start
}

// NewClock starts a clock at the present wall time.
func NewClock() *Clock { return NewClockAt(time.Now()) }

// NewClockAt starts a clock that says another time now: what a clock is when the
// system's was set after it had started.
func NewClockAt(now time.Time) *Clock { return &Clock{start: time.Now(), wall: now.UnixMilli()} }

// Now returns milliseconds since the Unix epoch.
func (c *Clock) Now() int64 { return c.wall + time.Since(c.start).Milliseconds() }

// Micros is Now in microseconds.
func (c *Clock) Micros() int64 { return c.wall*1000 + time.Since(c.start).Microseconds() }

// Earlier returns the earlier of two deadlines, of which 0 is none.
func Earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

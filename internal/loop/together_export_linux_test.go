package loop

import (
	"time"

	"golang.org/x/sys/unix"
)

// BreakRing makes the loop's ring refuse everything, as a system does that is short of
// memory, until mend is called. Both are for the loop.
func (l *Loop) BreakRing() (mend func()) {
	r := l.together.ring
	fd := r.fd
	r.fd = -1
	return func() {
		if r.fd = fd; l.together.ring == nil { // it was given up, and closed what it had for one
			_ = unix.Close(fd)
		}
	}
}

// StandStill gathers writes of connections, stands still for a time and makes them.
func (l *Loop) StandStill(d time.Duration, conns ...*Conn) {
	for _, c := range conns {
		l.gather(c)
	}
	time.Sleep(d)
	l.enter()
}

// LeaveUnanswered does as if the system had not said what came of writes of connections.
func (l *Loop) LeaveUnanswered(conns ...*Conn) {
	l.together.conns = append(l.together.conns, conns...)
	l.judge(errUnanswered, len(conns))
	l.together.conns = nil
}

// RingGone reports whether the loop does without a ring.
func (l *Loop) RingGone() bool { return l.together.ring == nil }

package loop

// BreakRing makes the loop's ring refuse everything, as a system does that is short of
// memory, until mend is called. Both are for the loop.
func (l *Loop) BreakRing() (mend func()) {
	r := l.together.ring
	fd := r.fd
	r.fd = -1
	return func() { r.fd = fd }
}

// StandStill gathers writes of connections, lets so many microseconds pass and makes them.
func (l *Loop) StandStill(micros int64, conns ...*Conn) {
	for _, c := range conns {
		l.gather(c)
	}
	l.together.began -= micros
	l.enter()
}

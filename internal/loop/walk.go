package loop

// Walk calls f for the connections at n slots of a loop, from a slot on, and returns
// the slot to go on from; 0 at the end. A connection keeps its slot, so that one that
// is there from the first call to the last is seen once. It is for use on that loop
// only, in pieces small enough that the loop's other connections don't wait. f may
// end connections.
func (e *Engine) Walk(loop int, from uint32, n int, f func(*Conn)) (next uint32) {
	s := &e.loops[loop].slots
	end := min(uint64(from)+uint64(n), uint64(s.made))
	for slot := uint64(from); slot < end; slot++ {
		if c := s.at(uint32(slot)); c != nil && c.Open() {
			f(c)
		}
	}
	if end >= uint64(s.made) {
		return 0
	}
	return uint32(end)
}

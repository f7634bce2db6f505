package loop

// scratch is memory for the answers of one turn. What is still unsent at the end
// of the turn is copied out (queue.settle), then all of it is used again.
type scratch struct{ buf []byte }

const (
	scratchSize = 64 << 10
	scratchRoom = 4 << 10 // below it, a fresh buffer spares the answer a growth
)

// tail returns the free end, empty, with room for a usual answer.
func (s *scratch) tail() []byte {
	if cap(s.buf)-len(s.buf) < scratchRoom {
		// Segments of this turn still point into the old buffer; it lives until
		// they are written.
		s.buf = make([]byte, 0, scratchSize)
	}
	return s.buf[len(s.buf):]
}

// take claims b, which was appended to tail, and reports whether it lies in the
// scratch memory. If it outgrew the room, append has moved it to memory of its
// own.
func (s *scratch) take(b []byte) bool {
	if len(b) > cap(s.buf)-len(s.buf) {
		return false
	}
	s.buf = s.buf[:len(s.buf)+len(b)]
	return true
}

func (s *scratch) reset() { s.buf = s.buf[:0] }

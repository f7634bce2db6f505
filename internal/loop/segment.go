package loop

import "throng"

// segment is a run of bytes that waits for a connection.
type segment struct {
	b       []byte
	expires int64  // Clock milliseconds from which on it may not be written; 0: never
	class   uint32 // 0: a reply, never dropped
	// mark takes what would be padding. Its lowest bit says of a reply that it lies in
	// the loop's scratch memory, which the end of the turn reclaims, of a publication
	// that it is urgent. The others are when a publication was born, in microseconds as
	// far as they fit: an hour, longer than anything waits; 0 if that is not known.
	mark uint32
}

const markBit = 1

// publication makes the segment of a publication.
func publication(b []byte, t throng.Timing, class uint32) segment {
	s := segment{b: b, expires: t.ExpiresAt, class: class, mark: uint32(t.Born) &^ markBit}
	if t.Urgent && class != 0 {
		s.mark |= markBit
	}
	return s
}

func (s *segment) volatile() bool { return s.class == 0 && s.mark&markBit != 0 }

func (s *segment) urgent() bool { return s.class != 0 && s.mark&markBit != 0 }

// bulk reports whether an urgent publication of another class may go ahead of it.
func (s *segment) bulk() bool { return s.class != 0 && s.mark&markBit == 0 }

// lag returns how many microseconds ago a publication was born, by a Clock's Micros.
func (s *segment) lag(now int64) (micros uint32, known bool) {
	born := s.mark &^ markBit
	return uint32(now) - born, born != 0 && s.class != 0
}

// settle moves the segment's bytes out of scratch memory.
func (s *segment) settle() {
	if s.volatile() {
		s.b, s.mark = append([]byte(nil), s.b...), 0
	}
}

// Frame is a segment as it leaves the loop: what was given to Send, or with a class to
// SendDroppable.
type Frame struct {
	B      []byte
	Timing throng.Timing
	Class  uint32
}

// frame returns the segment for somebody else. When it was born is not kept.
func (s *segment) frame() Frame {
	return Frame{B: s.b, Timing: throng.Timing{ExpiresAt: s.expires, Urgent: s.urgent()}, Class: s.class}
}

package gateway

import (
	"throng"
	"throng/internal/loop"
	"throng/internal/websocket"
)

// A message that has begun must end: who sends a byte now and then would hold
// its buffer, and look alive, for ever. It has HeaderTimeout, and a millisecond
// more for each byte, so that a slow line has time for a big message. The
// deadline shares the connection's one timer with the protocol's.
//
// socket.begun is when the message in progress began, 0 for none: the low bits
// of Clock milliseconds (differences are right for 24 days), moved on by the
// bytes that came.

// errMessageTimeout is told like a client that is silent for too long.
var errMessageTimeout = &websocket.CloseError{Code: websocket.CloseProtocolError, Reason: "message took too long"}

// pace is told when n bytes were read and no whole message is left among them.
// rest says that a part of a frame's header is, and whole that one or more
// messages were completed.
func (s *socket) pace(n int, rest, whole bool) {
	if !rest && s.reader == (websocket.Reader{}) {
		s.begun = 0
		return
	}
	now := uint32(s.Loop().Now())
	if s.begun == 0 || whole {
		s.begun = now | 1
		s.watch()
		return
	}
	credit := min(int32(n), max(0, int32(now-s.begun))) // never into the future
	s.begun = (s.begun + uint32(credit)) | 1
}

// watch sets the timer for the message in progress; the protocol puts its own
// deadline, if it has one and it is earlier, in place of it.
func (s *socket) watch() {
	s.SetDeadline(0)
	s.proto.Timer()
}

// left is how many milliseconds the message in progress has.
func (s *socket) left() int64 {
	elapsed := int32(uint32(s.Loop().Now()) - s.begun) // -1 at the least, for the bit that makes it not 0
	return s.at.gw.opts.HeaderTimeout.Milliseconds() - int64(elapsed)
}

// SetDeadline implements the protocol's Conn: the earliest of the protocol's wish
// (0: none), what the message in progress has, and the next ping or its pong.
func (s *socket) SetDeadline(at int64) {
	if s.begun != 0 {
		at = throng.Earlier(at, s.Loop().Now()+max(0, s.left()))
	}
	s.Conn.SetDeadline(throng.Earlier(at, s.nextPing()))
}

// Timer implements loop.Handler.
func (s *socket) Timer(*loop.Conn) {
	switch {
	case s.begun != 0 && s.left() <= 0:
		s.fail(errMessageTimeout)
	case s.ping():
		s.watch()
	}
}

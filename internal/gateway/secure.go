package gateway

import (
	"throng/internal/loop"
)

// secure is the first handler of connections to a TLS listener. It waits on the
// loop until the ClientHello is there, so that who connects and says nothing, or
// says it slowly, costs a record and no goroutine; then the handshake begins.
type secure struct{ *door }

// A TLS record has a header of five bytes, type and length among them, and a
// fragment of at most 2^14 bytes (RFC 8446 section 5.1). A ClientHello begins in
// the first one.
const (
	recordHeader    = 5
	recordHandshake = 0x16
	maxRecord       = 1 << 14
)

// Open gives the client its time to say hello.
func (s *secure) Open(c *loop.Conn) {
	c.SetDeadline(c.Loop().Now() + s.g.opts.HandshakeTimeout.Milliseconds())
}

// Data waits for the first record.
func (s *secure) Data(c *loop.Conn, b []byte) int {
	if b[0] != recordHandshake {
		if 'A' <= b[0] && b[0] <= 'Z' { // a method
			s.refuse(c, 400, "this port speaks TLS: use https or wss", "")
		} else {
			s.drop(c)
		}
		return len(b)
	}
	if len(b) < recordHeader {
		return 0
	}
	n := int(b[3])<<8 | int(b[4])
	switch {
	case b[1] != 3 || n > maxRecord || n == 0:
		s.drop(c)
		return len(b)
	case len(b) < recordHeader+n:
		return 0
	}
	if !s.g.admitHandshake(c.RemoteAddr().Addr()) {
		s.g.stats.Handshakes[HandshakeRefused].Add(1)
		c.Abort(errRefused)
		return len(b)
	}
	return s.g.handshakes.begin(c, b)
}

// drop ends what can't be answered: an alert would be an answer to a client that
// speaks TLS.
func (s *secure) drop(c *loop.Conn) {
	s.g.stats.Handshakes[HandshakeFailed].Add(1)
	c.Abort(errRefused)
}

// Timer ends a client that has not said hello in time, or had to wait too long
// for its handshake.
func (s *secure) Timer(c *loop.Conn) {
	s.g.stats.Handshakes[HandshakeLate].Add(1)
	c.Abort(errRefused)
}

package loop

import (
	"crypto/tls"
	"net"
)

// Secure is the server's side of a TLS connection that can live on a loop. After
// the handshake, which its maker does on a goroutine, it is given to
// Engine.Adopt like any other connection; Detach returns it as it is, and what
// was encrypted and not yet written goes first with the next Write, Close or
// Adopt.
//
// On its own it is a net.Conn as net/http knows it.
type Secure struct {
	*tls.Conn
	wire wire

	// While it is on a loop.
	c    *Conn
	shut bool // our direction ends when all that waits was written
}

// NewSecure makes a connection of nc; in is what was read from it already, such
// as the ClientHello. HandshakeContext must have succeeded before Adopt.
func NewSecure(nc net.Conn, in []byte, cfg *tls.Config) *Secure {
	// It counts as large from the beginning: the hello may be, and is, for post-quantum keys.
	s := &Secure{wire: wire{nc: nc, fd: -1, in: in, large: true}}
	s.Conn = tls.Server(&s.wire, cfg)
	return s
}

// CloseWrite says close_notify and closes our direction of the socket.
func (s *Secure) CloseWrite() error {
	err := s.Conn.CloseWrite()
	if cw, ok := s.wire.nc.(interface{ CloseWrite() error }); ok {
		if e := cw.CloseWrite(); err == nil {
			err = e
		}
	}
	return err
}

// Secure returns what the handshake agreed on, or nil for a connection without
// TLS.
func (c *Conn) Secure() *tls.ConnectionState {
	if c.is(flagGone) {
		return nil // it may be on another loop
	}
	var s *Secure
	switch t := c.carrier.(type) {
	case *sealed:
		s = (*Secure)(t)
	case *stream:
		s = t.secure
	}
	if s == nil {
		return nil
	}
	state := s.ConnectionState()
	return &state
}

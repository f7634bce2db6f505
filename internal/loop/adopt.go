package loop

import (
	"net"
	"net/netip"
)

// Adopt gives a connection to the least loaded loop. In is input that was read
// from it already (for a Secure: decrypted). The connection counts against the
// limit unless counted says that it does already. It belongs to the engine after
// the call; one that has stopped closes it, and the handler hears nothing.
func (e *Engine) Adopt(nc net.Conn, in []byte, h Handler, counted bool) {
	e.AdoptFrom(netip.AddrPort{}, nc, in, h, counted)
}

// AdoptFrom is Adopt with an address for Conn.SetPeer, if it is valid.
func (e *Engine) AdoptFrom(peer netip.AddrPort, nc net.Conn, in []byte, h Handler, counted bool) {
	if !counted {
		e.total.Add(1)
	}
	t := &adoption{l: e.place(), nc: nc, in: in, h: h, peer: peer}
	if e.opts.Kind != Goroutine {
		t.takeFD() // what has none is a stream
	}
	t.l.Post(t)
}

// adoption is the task that brings a connection to its loop: a descriptor, a
// Secure on one, or a net.Conn.
type adoption struct {
	l    *Loop
	fd   int
	safe *Secure
	nc   net.Conn
	in   []byte
	h    Handler
	peer netip.AddrPort
}

func (t *adoption) takeFD() {
	if s, ok := t.nc.(*Secure); ok {
		if s.wire.board() == nil {
			t.fd, t.safe, t.nc = int(s.wire.fd), s, nil
		}
		return
	}
	if fd, err := takeFD(t.nc); err == nil {
		t.fd, t.nc = fd, nil
	}
}

func (t *adoption) Run(int) {
	l := t.l
	var c *Conn
	if t.nc != nil {
		c = l.adoptStream(t.nc, t.h)
	} else {
		var err error
		if c, err = l.adoptFD(t.fd, t.h); err != nil {
			l.log.Warn("connection could not be registered", "error", err)
			t.abandon()
			return
		}
		if t.safe != nil {
			t.safe.c, t.safe.shut = c, false
			c.carrier = (*sealed)(t.safe)
		}
	}
	if t.peer.IsValid() {
		c.SetPeer(t.peer)
	}
	l.stats.Accepted.Add(1)
	t.h.Open(c)
	l.present(c, t.in)
	if c.carrier != nil && !c.is(flagGone) {
		c.carrier.start()
	}
}

// abandon closes a connection that no loop takes.
func (t *adoption) abandon() {
	switch {
	case t.nc != nil:
		_ = t.nc.Close()
	case t.safe != nil:
		_ = t.safe.Close()
	default:
		closeFD(t.fd)
	}
	t.l.engine.release(t.l)
}

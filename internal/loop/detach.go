package loop

import (
	"net"
	"net/netip"
)

// Detached is a connection that left its loop: a socket, the bytes that were read from
// it and not consumed, and what was queued and not written.
type Detached struct {
	Conn net.Conn // a *Secure, if it was adopted as one
	In   []byte
	Out  []Frame        // for Conn.Resend
	Peer netip.AddrPort // what Conn.SetPeer said, for AdoptFrom; else invalid
}

// Unwritten returns the bytes of Out, for who writes them at once.
func (d *Detached) Unwritten() (b []byte) {
	for _, f := range d.Out {
		b = append(b, f.B...)
	}
	return b
}

// Detach takes the connection away from the engine. The handler hears nothing
// more of it, Closed included; the engine still counts it until Release.
//
// Called from within the handler's Data, the bytes given to Data are the
// caller's, and In is what comes behind them.
func (c *Conn) Detach() (Detached, error) {
	if !c.Open() {
		return Detached{}, net.ErrClosed
	}
	l := c.loop
	var d Detached
	var unread []byte
	var unwritten []Frame
	var err error
	if c.carrier != nil {
		d.Conn, unread, unwritten, err = c.carrier.detach()
	} else {
		d.Conn, err = c.detachFD()
	}
	if err != nil {
		return Detached{}, err
	}
	if l.feeding == c {
		d.In = append(d.In, l.unseen...)
	} else if c.in != nil {
		d.In = append(d.In, *c.in...)
	}
	d.In = append(d.In, unread...)
	d.Out = unwritten
	if c.out != nil {
		l.expire(c.out)
		d.Out = append(d.Out, c.out.frames()...)
	}
	d.Peer = c.setPeer()
	l.forget(c)
	l.engine.unplace(l)
	l.manners.called(l.woke)
	return d, nil
}

package loop

import (
	"errors"
	"net"
)

var errBusy = errors.New("a write is under way")

// Detached is a connection that left its loop: a socket, and the bytes that were
// read from it and not consumed, or queued and not written.
type Detached struct {
	Conn    net.Conn
	In, Out []byte
}

// Detach takes the connection away from the engine. The handler hears nothing
// more of it, Closed included; the engine still counts it until Release.
func (c *Conn) Detach() (Detached, error) {
	if c.is(flagGone | flagFinishing | flagLinger) {
		return Detached{}, net.ErrClosed
	}
	var d Detached
	if c.in != nil {
		d.In = append(d.In, *c.in...)
	}
	if c.out != nil {
		d.Out = append(d.Out, c.out.front()...)
		for _, s := range c.out.segs[c.out.head+1:] {
			d.Out = append(d.Out, s.b...)
		}
	}
	if c.stream != nil {
		nc, unread, err := c.stream.detach()
		if err != nil {
			return Detached{}, err
		}
		d.Conn, d.In = nc, append(d.In, unread...)
		c.loop.forget(c)
		c.loop.engine.unplace(c.loop)
		return d, nil
	}
	nc, err := connFromFD(int(c.fd))
	if err != nil {
		return Detached{}, err
	}
	d.Conn = nc
	c.loop.forget(c)
	closeFD(int(c.fd)) // nc has a duplicate
	c.loop.engine.unplace(c.loop)
	return d, nil
}

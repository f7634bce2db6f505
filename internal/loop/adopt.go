package loop

import "net"

// Adopt gives a connection to the least loaded loop. In is input that was read
// from it already. The connection counts against the limit unless counted says
// that it does already. It belongs to the engine after the call; one that has
// stopped closes it, and the handler hears nothing.
func (e *Engine) Adopt(nc net.Conn, in []byte, h Handler, counted bool) {
	if !counted {
		e.total.Add(1)
	}
	t := &adoption{l: e.place(), nc: nc, in: in, h: h}
	if e.opts.Kind == Epoll {
		if fd, err := takeFD(nc); err == nil { // else it has none: a stream
			t.fd, t.nc = fd, nil
		}
	}
	t.l.Post(t)
}

// adoption is the task that brings a connection to its loop: a descriptor, or a
// net.Conn.
type adoption struct {
	l  *Loop
	fd int
	nc net.Conn
	in []byte
	h  Handler
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
	if t.nc != nil {
		_ = t.nc.Close()
	} else {
		closeFD(t.fd)
	}
	t.l.engine.release(t.l)
}

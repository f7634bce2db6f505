package loop

import (
	"errors"
	"net"
	"net/netip"
)

// Outlet is the handler of a connection that has no socket of its own: a session
// whose client comes and goes with HTTP requests. Such a connection has a Ref, a
// queue, a deadline and an end like every other; Data is never called.
type Outlet interface {
	Handler
	// Take is offered what waits at the end of a turn, one element for each Send,
	// in order and valid during the call (what has a class, for good), and returns how
	// many of them it took. If it did not take all it is asked again after Conn.Ready.
	// Deadlines of what it took are its own business.
	Take(c *Conn, frames []Frame) int
}

// AdoptOutlet gives a connection without a socket to the least loaded loop. It
// says no when the connection limit is reached or the engine drains; then the
// handler hears nothing.
func (e *Engine) AdoptOutlet(h Outlet) bool {
	if e.isDraining() || !e.admit() {
		return false
	}
	l := e.place()
	l.Post(&outletAdoption{l, h})
	return true
}

// outletAdoption is the task that brings an outlet to its loop.
type outletAdoption struct {
	l *Loop
	h Outlet
}

func (t *outletAdoption) Run(int) {
	c := &Conn{fd: -1, flags: flagDeaf} // there is nobody to wait for at its end
	c.carrier = &outlet{c, t.h}
	t.l.add(c, t.h)
	t.l.stats.Accepted.Add(1)
	t.h.Open(c)
}

func (t *outletAdoption) abandon() { t.l.engine.release(t.l) }

// Ready says that an Outlet takes frames again.
func (c *Conn) Ready() { c.loop.unstall(c) }

// Heard says that the client gave a sign of life; see LastRead.
func (c *Conn) Heard() { c.active = c.loop.wheel.tick(c.loop.now) }

// outlet is the carrier of a connection without a socket.
type outlet struct {
	c *Conn
	h Outlet
}

func (o *outlet) write(q *queue) (n int, moved bool, err error) {
	l := o.c.loop
	at := l.moment(q)
	if q.due(q.bytes, at/1000) {
		return 0, false, nil // the flush expires it, and comes again
	}
	frames := l.frames[:0]
	for i := q.head; i < len(q.segs); i++ {
		frames = append(frames, q.segs[i].frame())
	}
	taken := o.h.Take(o.c, frames)
	for _, f := range frames[:taken] {
		n += len(f.B)
	}
	if o.c.out == q { // it did not end
		l.stats.began(q, n, at)
	}
	if taken < len(frames) {
		err = errAgain
	}
	clear(frames)
	if l.frames = frames; cap(frames) > maxFreeSegments {
		l.frames = nil
	}
	l.stats.BytesOut.Add(uint64(n))
	return n, taken > 0, err
}

func (o *outlet) start()               {}
func (o *outlet) busy() bool           { return false }
func (o *outlet) resume()              {}
func (o *outlet) closeWrite()          {}
func (o *outlet) close()               {}
func (o *outlet) peer() netip.AddrPort { return netip.AddrPort{} }

func (o *outlet) detach() (net.Conn, []byte, []Frame, error) {
	return nil, nil, nil, errors.ErrUnsupported
}

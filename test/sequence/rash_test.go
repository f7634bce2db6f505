package sequence

import (
	"net"
	"time"

	"throng/internal/websocket"
)

// rash does one of the things that clients do to servers.
func (c *client) rash() error {
	c.left = 40 + c.rng.IntN(200)
	if c.slow && c.rng.IntN(3) > 0 {
		c.left /= 2
		return c.pauseReading()
	}
	what := c.rng.IntN(8)
	if what < 5 {
		c.run.count.cuts.Add(1)
	}
	switch what {
	case 0:
		c.w.reset()
		return errCut
	case 1: // half a message, then an RST
		_ = c.w.halfFrame()
		c.w.reset()
		return errCut
	case 2: // half a message, then a FIN
		_ = c.w.halfFrame()
		return c.fin()
	case 3:
		return c.fin()
	case 4:
		if err := c.w.sayClose(websocket.CloseNormal); err != nil {
			return err
		}
		return c.drain()
	case 5:
		return c.leave()
	case 6: // a second join of the same channel replaces the first
		c.run.count.duplicates.Add(1)
		s := c.subs[c.rng.IntN(len(c.subs))]
		if s.state == joined {
			c.join(c.w, s, rejoining)
			return c.w.flush()
		}
	}
	return nil
}

// pauseReading lets the server wait, so that its queue for this client may
// overflow. Sometimes the client leaves a channel in the middle of it: what was
// queued for the channel must not be thinned out either.
func (c *client) pauseReading() error {
	c.run.count.pauses.Add(1)
	time.Sleep(time.Duration(200+c.rng.IntN(600)) * time.Millisecond)
	var err error
	if c.rng.IntN(2) == 0 {
		err = c.leave()
		time.Sleep(time.Duration(c.rng.IntN(600)) * time.Millisecond)
	}
	return err
}

// leave leaves a channel; the reply brings the client back.
func (c *client) leave() error {
	s := c.subs[c.rng.IntN(len(c.subs))]
	if s.state != joined {
		return nil
	}
	join := s.ref
	c.refs++
	s.ref, s.state = c.refs, leaving
	c.w.push(refToken(join), refToken(s.ref), c.channel(s).name, "phx_leave", nil)
	return c.w.flush()
}

// fin ends the client's direction and takes what still comes.
func (c *client) fin() error {
	_ = c.w.nc.(*net.TCPConn).CloseWrite()
	return c.drain()
}

// drain takes what comes until the server's end of the connection; none of it
// may be lost either, because the client's position follows it.
func (c *client) drain() error {
	c.left = 1 << 30
	defer func() { c.left = 40 + c.rng.IntN(200) }()
	for {
		m, err := c.w.next(time.Now().Add(ioTimeout))
		if err == nil {
			err = c.handle(&m)
		}
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			c.run.problem("%s: the server does not end a connection that the client ended", c.name)
		}
		if err != nil {
			return errCut
		}
	}
}

// halfHandshake is gone before its request was whole.
func (c *client) halfHandshake() {
	nc, err := net.DialTimeout("tcp", c.run.addr, ioTimeout)
	if err != nil {
		return
	}
	_, _ = nc.Write([]byte("GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\nUpgr"))
	w := wire{nc: nc}
	w.reset()
}

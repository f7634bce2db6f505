package loop

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"time"
)

// stream carries a connection on two goroutines. The reader posts what it read
// and waits until the loop has consumed it, so it needs one buffer and a slow
// session slows its peer. The writer is handed batches of segments; what it has
// not been handed stays in the loop's queue, under the same policies as on epoll.
type stream struct {
	nc   net.Conn
	loop *Loop
	c    *Conn

	// Owned by the reader until it posts, then by the loop until it resumes.
	buf  []byte
	n    int
	err  error
	next chan bool // true: read on; false: end

	batches chan []segment // nil slice: close our direction
	spare   []segment      // owned by the loop
	busy    bool           // the writer has a batch
	quit    chan struct{}
	reader  chan struct{} // closed when the reader has ended
}

const streamBuffer = 8 << 10

// adoptStream gives a net.Conn to the loop.
func (l *Loop) adoptStream(nc net.Conn, h Handler) *Conn {
	c := &Conn{fd: -1}
	s := &stream{
		nc: nc, loop: l, c: c, buf: make([]byte, streamBuffer),
		next: make(chan bool, 1), batches: make(chan []segment, 2),
		quit: make(chan struct{}), reader: make(chan struct{}),
	}
	c.stream = s
	l.add(c, h)
	return c
}

// start lets the goroutines run; the handler was opened before.
func (s *stream) start() {
	go s.read()
	go s.serveWrites()
}

func (s *stream) read() {
	defer close(s.reader)
	for {
		s.n, s.err = s.nc.Read(s.buf)
		s.loop.Post((*streamRead)(s))
		if s.err != nil {
			return
		}
		select {
		case on := <-s.next:
			if !on {
				return
			}
		case <-s.quit:
			return
		}
	}
}

// streamRead is the task that a reader posts.
type streamRead stream

func (t *streamRead) Run(int) {
	s := (*stream)(t)
	c, l := s.c, s.loop
	if c.is(flagGone) {
		return
	}
	b := s.buf[:s.n]
	s.n = 0
	for len(b) > 0 && !c.is(flagGone) {
		off := l.input(c)
		n := copy(l.rbuf[off:], b)
		b = b[n:]
		l.received(c, off, n)
	}
	switch {
	case c.is(flagGone):
	case s.err != nil:
		l.eof(c, s.err)
	case !l.throttle(c):
		s.resume()
	}
}

// resume lets the reader go on.
func (s *stream) resume() {
	select {
	case s.next <- true:
	default:
	}
}

// write hands the writer all that waits.
func (s *stream) write(q *queue) (int, error) {
	if s.busy {
		return 0, errAgain
	}
	q.settle()
	n := q.bytes
	s.spare = append(s.spare[:0], q.segs...)
	s.busy = true
	s.batches <- s.spare // has room: one batch at a time, and one closeWrite
	return n, nil
}

// streamWrote is the task that a writer posts when it wants more.
type streamWrote struct {
	s   *stream
	err error
}

func (t streamWrote) Run(int) {
	s := t.s
	s.busy = false
	clear(s.spare)
	switch {
	case s.c.is(flagGone):
	case errors.Is(t.err, os.ErrDeadlineExceeded):
		s.c.Abort(ErrSlow)
	case t.err != nil:
		s.c.Abort(t.err)
	default:
		s.loop.unstall(s.c)
	}
}

func (s *stream) serveWrites() {
	var buf []byte
	for {
		select {
		case <-s.quit:
			return
		case batch := <-s.batches:
			if batch == nil {
				if cw, ok := s.nc.(interface{ CloseWrite() error }); ok {
					_ = cw.CloseWrite()
				} else {
					_ = s.nc.Close()
				}
				continue
			}
			var err error
			buf, err = s.writeBatch(buf[:0], batch)
			if cap(buf) > writeBuffer {
				buf = nil
			}
			s.loop.Post(streamWrote{s, err})
		}
	}
}

// writeBatch makes one write of all segments without a deadline that follow one
// another; one with a deadline is written by itself, if its time has not come.
func (s *stream) writeBatch(buf []byte, batch []segment) ([]byte, error) {
	for _, seg := range batch {
		if seg.expires == 0 {
			buf = append(buf, seg.b...)
			continue
		}
		if err := s.writeAll(buf); err != nil {
			return buf, err
		}
		buf = buf[:0]
		if err := s.writeUntil(seg); err != nil {
			return buf, err
		}
	}
	return buf, s.writeAll(buf)
}

func (s *stream) writeAll(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := s.nc.SetWriteDeadline(time.Now().Add(s.loop.engine.opts.WriteTimeout)); err != nil {
		return err
	}
	_, err := s.nc.Write(b)
	return err
}

// writeUntil gives up a segment of which nothing was written by its deadline.
func (s *stream) writeUntil(seg segment) error {
	left := time.Duration(seg.expires-s.loop.clock.Now()) * time.Millisecond
	if left <= 0 {
		s.loop.stats.Expired.Add(1)
		return nil
	}
	if err := s.nc.SetWriteDeadline(time.Now().Add(left)); err != nil {
		return err
	}
	n, err := s.nc.Write(seg.b)
	switch {
	case err == nil:
		return nil
	case n == 0 && errors.Is(err, os.ErrDeadlineExceeded):
		s.loop.stats.Expired.Add(1)
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return s.writeAll(seg.b[n:]) // begun, so it must be ended
	}
	return err
}

func (s *stream) closeWrite() { s.batches <- nil }

func (s *stream) close() {
	close(s.quit)
	_ = s.nc.Close()
}

// detach ends both goroutines and keeps the connection. It returns what was read
// and not yet seen by the loop.
func (s *stream) detach() (nc net.Conn, unread []byte, err error) {
	if s.busy {
		return nil, nil, errBusy
	}
	_ = s.nc.SetReadDeadline(time.Unix(1, 0))
	select {
	case s.next <- false:
	case <-s.reader:
	}
	<-s.reader
	close(s.quit)
	_ = s.nc.SetReadDeadline(time.Time{})
	_ = s.nc.SetWriteDeadline(time.Time{})
	return s.nc, s.buf[:s.n], nil
}

func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

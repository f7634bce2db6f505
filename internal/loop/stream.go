package loop

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// stream carries a connection on two goroutines. The reader posts what it read
// and waits until the loop has consumed it, so it needs one buffer and a slow
// session slows its peer. The writer is handed batches of segments; what it has
// not been handed stays in the loop's queue, under the same policies as on epoll.
type stream struct {
	nc     net.Conn
	secure *Secure // nc, if it is one
	loop   *Loop
	c      *Conn

	// Owned by the reader until it posts, then by the loop until it resumes.
	buf  []byte
	n    int
	err  error
	next chan struct{}

	// Owned by the loop, the batch by the writer while it is handed.
	batch   []segment
	handed  bool // the writer has a batch
	running bool
	kept    bool             // detached: the writer does not close nc
	batches chan []segment   // nil slice: close our direction
	quit    chan struct{}    // closed when the loop gives the stream up
	ended   [2]chan struct{} // closed when reader and writer have ended

	writer writer
	mu     sync.Mutex
	left   bool // the deadlines of nc are the loop's, for good
}

const streamBuffer = 8 << 10

// adoptStream gives a net.Conn to the loop.
func (l *Loop) adoptStream(nc net.Conn, h Handler) *Conn {
	c := &Conn{fd: -1}
	s := &stream{
		nc: nc, loop: l, c: c, buf: make([]byte, streamBuffer),
		next: make(chan struct{}, 1), batches: make(chan []segment, 2), quit: make(chan struct{}),
		ended: [2]chan struct{}{make(chan struct{}), make(chan struct{})},
	}
	s.writer.stream = s
	if s.secure, _ = nc.(*Secure); s.secure != nil {
		s.secure.wire.stream = s
	}
	c.carrier = s
	l.add(c, h)
	return c
}

// start lets the goroutines run; the handler was opened before.
func (s *stream) start() {
	s.running = true
	if s.secure != nil {
		s.secure.slim() // of the handshake
	}
	s.loop.engine.wg.Go(s.read)
	s.loop.engine.wg.Go(s.writer.run)
	s.prod()
}

// streamProd is the task that a wire posts for what the reader's side of a
// tls.Conn said: answers and alerts.
type streamProd stream

func (t *streamProd) Run(int) {
	if s := (*stream)(t); !s.c.is(flagGone) {
		s.prod()
	}
}

// prod makes the writer pass on the ciphertext that it was not handed.
func (s *stream) prod() {
	if s.secure != nil && s.secure.wire.waits() && !s.handed {
		s.handed = true
		s.batches <- []segment{} // has room, as in write
	}
}

func (s *stream) read() {
	defer close(s.ended[0])
	for {
		if s.n, s.err = s.nc.Read(s.buf); s.secure != nil {
			s.secure.slim()
		}
		s.loop.Post((*streamRead)(s))
		if s.err != nil {
			return
		}
		select {
		case <-s.next:
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
	l.present(c, b)
	switch {
	case c.is(flagGone):
	case s.secure != nil && errors.Is(s.err, io.ErrUnexpectedEOF):
		l.eof(c, io.EOF) // see sealed.end
	case s.err != nil:
		l.eof(c, s.err)
	case !l.throttle(c):
		s.resume()
	}
}

// resume lets the reader go on.
func (s *stream) resume() { s.next <- struct{}{} } // has room: the reader waits

// write hands the writer what waits, no more than one write buffer: what it has
// in hand can't be shed.
func (s *stream) write(q *queue) (n int, moved bool, err error) {
	if s.handed {
		return 0, false, errAgain
	}
	for _, seg := range q.segs[q.head:] {
		if n > 0 && n+len(seg.b) > writeBuffer {
			break
		}
		n += len(seg.b)
		seg.settle()
		s.batch = append(s.batch, seg)
	}
	s.handed = true
	s.batches <- s.batch // has room: one batch at a time, and one closeWrite
	return n, true, nil
}

// socket returns what is under the connection, nil where there is no asking it, as in a
// pipe.
func (s *stream) socket() (syscall.RawConn, error) {
	nc := s.nc
	if s.secure != nil {
		nc = s.secure.wire.nc
	}
	if sc, ok := nc.(syscall.Conn); ok {
		return sc.SyscallConn()
	}
	return nil, nil
}

// roomy reports whether the kernel takes something now. A writer that has nothing in hand
// may have filled it.
func (s *stream) roomy() (yes bool) {
	rc, err := s.socket()
	if rc == nil || err != nil {
		return true // the next write tells
	}
	err = rc.Control(func(fd uintptr) { yes = roomy(int(fd)) })
	return yes || err != nil
}

func (s *stream) busy() bool { return s.handed }

func (s *stream) peer() netip.AddrPort { return addrPort(s.nc.RemoteAddr()) }

// streamWrote is the task that a writer posts when it wants more.
type streamWrote stream

func (t *streamWrote) Run(int) {
	s := (*stream)(t)
	c := s.c
	s.handed = false
	clear(s.batch)
	if s.batch = s.batch[:0]; cap(s.batch) > maxFreeSegments {
		s.batch = nil
	}
	switch {
	case c.is(flagGone):
	case s.writer.err != nil:
		c.Abort(s.writer.err)
		return
	case c.is(flagStalled):
		s.loop.unstall(c)
	case c.out == nil:
		s.loop.drained(c)
	}
	if !c.is(flagGone) {
		s.prod()
	}
}

func (s *stream) closeWrite() { s.batches <- nil }

// close ends both goroutines; the last thing that the writer does is to close the
// connection, because that may block where it has a farewell to say, as TLS has.
func (s *stream) close() {
	s.leave()
	if !s.running {
		_ = s.nc.Close()
	}
}

// detach ends both goroutines and keeps the connection. It returns what was read
// and not yet seen by the loop, and what the writer had in hand and not written.
func (s *stream) detach() (nc net.Conn, unread []byte, unwritten []Frame, err error) {
	s.kept = true
	s.leave()
	if s.running {
		<-s.ended[0]
		<-s.ended[1]
	}
	select { // a batch that the writer has not begun
	case batch := <-s.batches:
		s.writer.leave(batch, 0)
	default:
	}
	_ = s.nc.SetDeadline(time.Time{})
	if s.secure != nil {
		s.secure.wire.stream = nil
	}
	return s.nc, s.buf[:s.n], s.writer.rest, nil
}

// leave makes both goroutines end soon, whatever they wait for.
func (s *stream) leave() {
	s.mu.Lock()
	s.left = true
	_ = s.nc.SetDeadline(time.Unix(1, 0))
	s.mu.Unlock()
	close(s.quit)
}

func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

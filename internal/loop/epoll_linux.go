package loop

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// epoll is the poller of Linux: level-triggered, so that a connection is read
// once a turn and a talkative one gets no more than its share.
type epoll struct {
	fd        int
	events    []unix.EpollEvent
	acceptors []*acceptor // whose listeners the loop waits for

	mu     sync.Mutex // a late wake must not write to whoever got waker's number
	waker  int        // an eventfd
	closed bool
}

const (
	// maxEvents is how many connections are read before what they are answered is
	// written: so few that the kernel's record of each is still in the cache.
	maxEvents    = 32
	wakerSlot    = -1
	listenerSlot = -2 // of the first acceptor; the others have lower ones
	readEvents   = unix.EPOLLIN | unix.EPOLLRDHUP
	endEvents    = unix.EPOLLHUP | unix.EPOLLERR
)

func newEpoll() (*epoll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	waker, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	p := &epoll{fd: fd, waker: waker, events: make([]unix.EpollEvent, maxEvents)}
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: wakerSlot}
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, waker, &ev); err != nil {
		p.close()
		return nil, fmt.Errorf("epoll_ctl: %w", err)
	}
	return p, nil
}

func (p *epoll) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	unix.Close(p.fd)
	unix.Close(p.waker)
}

func (p *epoll) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		one := [8]byte{1}
		_, _ = unix.Write(p.waker, one[:])
	}
}

// acceptor returns the slot of an acceptor, a new one if need be.
func (p *epoll) acceptor(a *acceptor) int32 {
	i := slices.Index(p.acceptors, a)
	if i < 0 {
		i = len(p.acceptors)
		p.acceptors = append(p.acceptors, a)
	}
	return listenerSlot - int32(i)
}

func (p *epoll) wait(l *Loop, more bool) error {
	timeout := 0
	if !more {
		l.manners.yield()
		if l.mailbox.sleep() {
			timeout = l.timeout()
		}
	}
	n, err := unix.EpollWait(p.fd, p.events, timeout)
	l.mailbox.awake()
	l.begin()
	if err != nil {
		if errors.Is(err, unix.EINTR) {
			return nil
		}
		return fmt.Errorf("epoll_wait: %w", err)
	}
	for i := range p.events[:n] {
		ev := &p.events[i]
		if ev.Fd <= listenerSlot {
			p.acceptors[listenerSlot-ev.Fd].acceptable(l)
			continue
		}
		if ev.Fd == wakerSlot {
			var b [8]byte
			_, _ = unix.Read(p.waker, b[:])
			l.manners.called(l.woke)
			continue
		}
		if c := l.lookup(uint32(ev.Fd), uint32(ev.Pad)); c != nil {
			l.ready(c, ev.Events)
		}
	}
	return nil
}

// ready reacts to the readiness of a connection.
func (l *Loop) ready(c *Conn, events uint32) {
	if events&unix.EPOLLOUT != 0 {
		c.Heard() // it took something: a slow peer is not a silent one
		l.unstall(c)
	}
	switch {
	case c.is(flagGone):
	case c.is(flagPaused):
		if events&endEvents != 0 { // reported even though nobody asked
			c.Abort(unix.ECONNRESET)
		}
	case events&(readEvents|endEvents) != 0:
		l.readable(c)
	}
}

func (l *Loop) readable(c *Conn) {
	if c.carrier != nil {
		c.carrier.(*sealed).readable()
		return
	}
	off := l.input(c)
	n, err := unix.Read(int(c.fd), l.rbuf[off:])
	switch {
	case n > 0:
		l.received(c, off, n)
		if l.throttle(c) {
			c.watch()
		}
	case err == unix.EAGAIN || err == unix.EINTR:
	default:
		l.eof(c, err)
		if c.is(flagDeaf) { // nothing to read any more, but something to write
			c.flags |= flagPaused
			c.watch()
		}
	}
}

// watch tells the poller what the connection waits for.
func (c *Conn) watch() {
	if c.fd < 0 || c.is(flagGone) {
		return
	}
	ev := c.event()
	if err := unix.EpollCtl(c.loop.poller.(*epoll).fd, unix.EPOLL_CTL_MOD, int(c.fd), &ev); err != nil {
		c.Abort(fmt.Errorf("epoll_ctl: %w", err))
	}
}

func (c *Conn) event() unix.EpollEvent {
	ev := unix.EpollEvent{Fd: int32(c.slot), Pad: int32(c.gen)}
	if !c.is(flagPaused) {
		ev.Events |= readEvents
	}
	if c.is(flagStalled) {
		ev.Events |= unix.EPOLLOUT
	}
	return ev
}

// adoptFD gives a non-blocking descriptor to the loop.
func (l *Loop) adoptFD(fd int, h Handler) (*Conn, error) {
	c := &Conn{fd: int32(fd)}
	l.add(c, h)
	ev := c.event()
	if err := unix.EpollCtl(l.poller.(*epoll).fd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		l.forget(c)
		return nil, fmt.Errorf("epoll_ctl: %w", err)
	}
	return c, nil
}

// detachFD takes the descriptor out of the loop and returns its socket as a
// net.Conn.
func (c *Conn) detachFD() (net.Conn, error) {
	nc, err := connFromFD(int(c.fd))
	if err != nil {
		return nil, err
	}
	// Closing our descriptor alone would leave the socket registered, because nc
	// holds it open, and every byte that comes would wake the loop for ever.
	var none unix.EpollEvent
	_ = unix.EpollCtl(c.loop.poller.(*epoll).fd, unix.EPOLL_CTL_DEL, int(c.fd), &none)
	closeFD(int(c.fd))
	return nc, nil
}

// readFD reads; errAgain says that there is nothing now.
func readFD(fd int, b []byte) (int, error) {
	for {
		n, err := unix.Read(fd, b)
		switch err {
		case nil:
			return n, nil
		case unix.EAGAIN:
			return 0, errAgain
		case unix.EINTR:
		default:
			return 0, err
		}
	}
}

func writeFD(fd int, b []byte) (int, error) {
	n, err := unix.Write(fd, b)
	switch err {
	case nil:
		return n, nil
	case unix.EAGAIN:
		return 0, errAgain
	case unix.EINTR:
		return 0, nil
	}
	return 0, err
}

func (c *Conn) closeWrite() {
	if c.carrier != nil {
		c.carrier.closeWrite()
		return
	}
	shutdownFD(int(c.fd))
}

func shutdownFD(fd int) { _ = unix.Shutdown(fd, unix.SHUT_WR) }

func (c *Conn) close() {
	if c.carrier != nil {
		c.carrier.close()
		return
	}
	_ = unix.Close(int(c.fd))
}

package loop

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// rawListener is a listener's socket under a descriptor of our own, which loops
// wait for. net's own descriptor is closed: the runtime waits for it too, and
// would wake a thread for every connection that comes.
type rawListener struct {
	net.Listener        // closed; it still knows its address
	path         string // to be removed, of a Unix socket

	mu sync.RWMutex // nobody accepts from whoever got fd's number
	fd int          // -1: closed
}

// raw takes a listener's socket over.
func raw(ln net.Listener) (net.Listener, error) {
	sc, ok := ln.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("%T has no descriptor", ln)
	}
	fd, err := duplicate(sc)
	if err != nil {
		return nil, err
	}
	r := &rawListener{Listener: ln, fd: fd}
	if u, ok := ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
		r.path = u.Addr().String()
	}
	_ = ln.Close()
	return r, nil
}

func (l *rawListener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fd < 0 {
		return net.ErrClosed
	}
	if l.path != "" && l.path[0] != '@' {
		_ = os.Remove(l.path)
	}
	err := unix.Close(l.fd)
	l.fd = -1
	return err
}

// accept takes so many connections that wait as fit into fds. Those are plain
// descriptors: a net.Conn would be registered with the runtime's poller and cost
// several allocations. Options such as TCP_NODELAY come from the listener.
func (l *rawListener) accept(fds []int32) (n int, err error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.fd < 0 {
		return 0, nil
	}
	for n < len(fds) {
		fd, _, errno := unix.Syscall6(unix.SYS_ACCEPT4, uintptr(l.fd), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch {
		case errno == 0:
			fds[n] = int32(fd)
			n++
		case !transient(errno):
			return n, errno
		}
	}
	return n, nil
}

// watch makes a loop wait for the listener. Of those that sleep one is woken.
func (l *rawListener) watch(epoll int, slot int32) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.fd < 0 {
		return nil
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLEXCLUSIVE, Fd: slot}
	err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, l.fd, &ev)
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return os.NewSyscallError("epoll_ctl", err)
}

func (l *rawListener) unwatch(epoll int) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.fd >= 0 {
		var none unix.EpollEvent
		_ = unix.EpollCtl(epoll, unix.EPOLL_CTL_DEL, l.fd, &none)
	}
}

// acceptFDs has all loops accept until one fails.
func (a *acceptor) acceptFDs() error {
	for _, l := range a.e.loops {
		l.Post(&watching{a, l})
	}
	select {
	case err := <-a.failed:
		if a.caughtUp.Swap(false) {
			a.pause = 0 // what held us up was over in between
		}
		return err
	case <-a.e.closing:
		return net.ErrClosed
	}
}

// watching is the task that makes a loop accept.
type watching struct {
	a *acceptor
	l *Loop
}

func (t *watching) Run(int) {
	p := t.l.poller.(*epoll)
	slot := p.acceptor(t.a)
	if err := t.a.ln.(*rawListener).watch(p.fd, slot); err != nil {
		t.a.fail(err)
	}
}

func (a *acceptor) fail(err error) {
	select {
	case a.failed <- err:
	default: // another loop has said so
	}
}

// acceptBatch is how many connections a loop accepts in a turn: those that it has
// are not forgotten over those that come.
const acceptBatch = 64

// acceptable is told that connections wait.
func (a *acceptor) acceptable(l *Loop) {
	var fds [acceptBatch]int32
	ln := a.ln.(*rawListener)
	n, err := ln.accept(fds[:])
	for _, fd := range fds[:n] {
		a.took(l, int(fd))
	}
	switch {
	case err == nil:
	case err == unix.EAGAIN:
		a.caughtUp.Store(true)
	default:
		ln.unwatch(l.poller.(*epoll).fd)
		a.fail(err)
	}
}

func (a *acceptor) took(l *Loop, fd int) {
	if !a.e.admit() {
		// What came already must be read, or closing would reset the refusal
		// away.
		var b [4096]byte
		_, _ = unix.Read(fd, b[:])
		_, _ = unix.Write(fd, a.e.opts.Refusal)
		_ = unix.Close(fd)
		return
	}
	to := a.e.placeNear(l)
	if to != l {
		to.Post(&adoption{l: to, fd: fd, h: a.handler()})
		return
	}
	here := adoption{l: l, fd: fd, h: a.handler()} // stays on the stack
	here.Run(l.index)
}

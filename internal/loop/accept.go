package loop

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// AcceptStats counts what happens at the listeners.
type AcceptStats struct {
	Refused  atomic.Uint64 // over the connection limit
	BackOffs atomic.Uint64 // waits because the system had no descriptor or memory
}

// acceptor takes connections from one listener and gives each to the least
// loaded loop, whoever accepted it: those who wait for the same listener get its
// connections unevenly, and WebSockets stay for ever. On epoll the loops accept,
// else a goroutine does.
type acceptor struct {
	e       *Engine
	ln      net.Listener
	handler func() Handler
	pause   time.Duration // of the present back-off
	warned  time.Time

	failed   chan error  // why a loop can't accept now
	caughtUp atomic.Bool // there was a time when nobody waited
}

const (
	minPause  = 5 * time.Millisecond
	maxPause  = time.Second
	warnEvery = 10 * time.Second
)

// Serve accepts connections until CloseListeners, and gives each a handler of its
// own. It returns ErrListenerClosed then, or an error after which the listener
// can't be used; it is closed in any case.
func (e *Engine) Serve(ln net.Listener, handler func() Handler) error {
	if e.opts.Kind != Goroutine {
		var err error
		bare := ln
		if ln, err = raw(bare); err != nil {
			_ = bare.Close()
			return err
		}
	}
	if !e.listen(ln) {
		return ErrListenerClosed
	}
	defer e.unlisten(ln)
	a := &acceptor{e: e, ln: ln, handler: handler, failed: make(chan error, 1)}
	for {
		err := a.accept()
		switch {
		case err == nil:
			a.pause = 0
		case errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrClosed), e.isDraining():
			return ErrListenerClosed
		case transient(err):
		case exhausted(err):
			a.backOff(err)
		default:
			return err
		}
	}
}

func (a *acceptor) accept() error {
	if a.e.opts.Kind != Goroutine {
		return a.acceptFDs()
	}
	nc, err := a.ln.Accept()
	if err != nil {
		return err
	}
	if !a.e.admit() {
		a.refuse(nc)
		return nil
	}
	a.e.Adopt(nc, nil, a.handler(), true)
	return nil
}

// refuse tells a connection over the limit why. It waits a moment for the peer's
// close, because closing with its request unread would reset the answer away.
func (a *acceptor) refuse(nc net.Conn) {
	for range 2 { // the time may have gone by while this goroutine was kept from writing
		_ = nc.SetDeadline(time.Now().Add(refuseTime))
		if n, err := nc.Write(a.e.opts.Refusal); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	if cw, ok := nc.(interface{ CloseWrite() error }); ok {
		_ = cw.CloseWrite()
		_, _ = io.Copy(io.Discard, nc)
	}
	_ = nc.Close()
}

const refuseTime = 5 * time.Millisecond // that a refusal may hold up the others

// admit counts a new connection if the limit allows it.
func (e *Engine) admit() bool {
	if e.total.Add(1) <= e.maxConns {
		return true
	}
	e.total.Add(-1)
	e.accept.Refused.Add(1)
	return false
}

// backOff waits while the system is out of descriptors or memory; connections
// wait in the kernel's backlog meanwhile.
func (a *acceptor) backOff(err error) {
	if now := time.Now(); now.Sub(a.warned) > warnEvery {
		a.warned = now
		a.e.log.Warn("accept backs off", "error", err, "connections", a.e.Connections(),
			"hint", "raise the descriptor limit (ulimit -n, LimitNOFILE) or lower engine.max_connections")
	}
	a.pause = min(max(2*a.pause, minPause), maxPause)
	a.e.accept.BackOffs.Add(1)
	t := time.NewTimer(a.pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-a.e.closing:
	}
}

// transient errors concern one connection that is gone already; accept(2) reports
// them in its place.
func transient(err error) bool {
	for _, e := range [...]syscall.Errno{
		syscall.ECONNABORTED, syscall.EINTR, syscall.ECONNRESET, syscall.EPROTO, syscall.EPERM,
		syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func exhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) ||
		errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// ConnectionsWithin is how many connections a limit on descriptors leaves room for,
// with some kept back for listeners, files, databases and the connections of
// net/http that are not yet counted.
func ConnectionsWithin(limit int64) int64 { return max(1, limit-limit/100-64) }

// ErrDescriptorLimit is why New refuses a connection limit.
var ErrDescriptorLimit = errors.New("the descriptor limit")

// Descriptors returns how many descriptors the process may have.
func Descriptors() (limit int64) { return descriptorLimit() }

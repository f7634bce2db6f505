package gateway

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"throng"
	"throng/internal/loop"
)

// handshakes does TLS handshakes, each on a goroutine, a bounded number at once.
// Whoever comes on top waits on its loop, as nothing but its record, in the order
// of arrival, until its deadline. While somebody waits, those under way have no
// more than grace: who wants to block the places must come again and again, which
// the limit by address is for.
type handshakes struct {
	g     *Gateway
	first *secure // the handler of those whose hello has not arrived

	mu      sync.Mutex
	free    int
	waiting []throng.Ref           // those that wait, and some that have gone
	under   map[net.Conn]time.Time // under way, since when
	hurried bool                   // somebody waits
	closed  bool
	wg      sync.WaitGroup
}

// grace is what a handshake has while others wait: some round trips of a slow line.
const grace = 2 * time.Second

// maxWaiting bounds the list: who goes away while he waits stays in it.
const maxWaiting = 1 << 17

func newHandshakes(g *Gateway) *handshakes {
	return &handshakes{g: g, first: &secure{g.door}, free: g.opts.MaxHandshakes, under: make(map[net.Conn]time.Time)}
}

// begin takes a connection whose hello, b, has arrived, and returns how much of b
// was consumed.
func (h *handshakes) begin(c *loop.Conn, b []byte) int {
	switch h.admit(c.Ref()) {
	case admitted:
		h.start(c, b)
		return len(b)
	case refused:
		h.g.stats.Handshakes[HandshakeLate].Add(1)
		c.Abort(errRefused)
		return len(b)
	}
	c.SetHandler(&queued{h.first})
	return 0
}

type admission uint8

const (
	admitted admission = iota
	waits
	refused
)

func (h *handshakes) admit(r throng.Ref) admission {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed || len(h.waiting) >= maxWaiting:
		return refused
	case h.free == 0:
		h.waiting = append(h.waiting, r)
		h.hurry()
		return waits
	}
	h.free--
	return admitted
}

// hurry gives those under way no more than grace.
func (h *handshakes) hurry() {
	if h.hurried {
		return // those that began meanwhile know
	}
	h.hurried = true
	for nc, since := range h.under {
		_ = nc.SetDeadline(since.Add(h.patience()))
	}
}

// patience is what a handshake that begins now has.
func (h *handshakes) patience() time.Duration {
	if h.hurried {
		return min(grace, h.g.opts.HandshakeTimeout)
	}
	return h.g.opts.HandshakeTimeout
}

// queued is the handler of a connection that waits for its handshake.
type queued struct{ *secure }

// Data implements loop.Handler: what comes waits too. A client has nothing more to
// say before we answer.
func (q *queued) Data(c *loop.Conn, b []byte) int {
	if len(b) > recordHeader+maxRecord {
		q.drop(c)
	}
	return 0
}

// leave gives a place to the next one that waits, if any.
func (h *handshakes) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.waiting) == 0 || h.closed {
		h.free++
		h.hurried = false
		return
	}
	next := h.waiting[0]
	if h.waiting = h.waiting[1:]; len(h.waiting) == 0 {
		h.waiting = nil
	}
	h.g.opts.Engine.Mailbox(int(next.Loop)).Post(&turn{h, next})
}

// turn is the task that gives a place to a connection, or to the one after it if
// it has gone.
type turn struct {
	h   *handshakes
	ref throng.Ref
}

// Run implements throng.Task.
func (t *turn) Run(int) {
	if c := t.h.g.opts.Engine.Lookup(t.ref); c != nil && c.Open() {
		if _, ok := c.Handler().(*queued); ok {
			t.h.start(c, nil)
			return
		}
	}
	t.h.leave()
}

// start takes the connection off its loop; in is what Data was given.
func (h *handshakes) start(c *loop.Conn, in []byte) {
	in = bytes.Clone(in)
	d, err := c.Detach()
	if err != nil {
		c.Abort(err)
		h.leave()
		return
	}
	in = append(in, d.In...)
	h.mu.Lock()
	closed := h.closed
	if !closed {
		// A deadline instead of a context, which would take another goroutine.
		now := time.Now()
		_ = d.Conn.SetDeadline(now.Add(h.patience()))
		h.under[d.Conn] = now
		h.wg.Add(1)
	}
	h.mu.Unlock()
	if closed {
		_ = d.Conn.Close()
		h.g.opts.Engine.Release()
		return
	}
	go func() {
		defer h.wg.Done()
		h.shake(d, in)
	}()
}

// shake does one handshake and hands the connection on.
func (h *handshakes) shake(d loop.Detached, in []byte) {
	s := loop.NewSecure(announced(d), in, h.g.opts.TLS)
	err := s.Handshake()
	h.mu.Lock()
	delete(h.under, d.Conn)
	h.mu.Unlock()
	h.leave()
	h.g.stats.Handshakes[handshakeOutcome(err)].Add(1)
	if err != nil {
		h.g.opts.Log.Debug("TLS handshake failed", "peer", remote(d), "error", err)
		_ = d.Conn.Close()
		h.g.opts.Engine.Release()
		return
	}
	_ = d.Conn.SetDeadline(time.Time{})
	h.g.shaken(s, d)
}

// shaken hands a connection on to whom the client asked for (ALPN, RFC 7301).
func (g *Gateway) shaken(s *loop.Secure, d loop.Detached) {
	switch s.ConnectionState().NegotiatedProtocol {
	case "h2":
		if !g.conns.give(s.Conn) {
			_ = s.Close()
			g.opts.Engine.Release()
		}
	case "acme-tls/1": // the handshake was all that the CA wanted to see (RFC 8737)
		_ = s.Close()
		g.opts.Engine.Release()
	default:
		g.opts.Engine.AdoptFrom(d.Peer, s, nil, g.door, true)
	}
}

// shutdown ends the handshakes under way.
func (h *handshakes) shutdown() {
	h.mu.Lock()
	h.closed = true
	for nc := range h.under {
		_ = nc.Close()
	}
	h.mu.Unlock()
	h.wg.Wait()
}

// Outcomes of handshakes, as Stats.Handshakes counts them.
const (
	HandshakeDone = iota
	HandshakeFailed
	HandshakeLate
	HandshakeRefused
)

// HandshakeOutcomes are their names.
var HandshakeOutcomes = [4]string{"done", "failed", "late", "refused"}

func handshakeOutcome(err error) int {
	switch {
	case err == nil:
		return HandshakeDone
	case errors.Is(err, os.ErrDeadlineExceeded):
		return HandshakeLate
	}
	return HandshakeFailed
}

// connState gives the place of an HTTP/2 connection back: net/http wants to see a
// bare *tls.Conn, so there is no Close of ours that could.
func (g *Gateway) connState(nc net.Conn, state http.ConnState) {
	if _, ok := nc.(*tls.Conn); ok && state == http.StateClosed {
		g.opts.Engine.Release()
	}
}

// remote is whose connection it is, for the log.
func remote(d loop.Detached) string { return fmt.Sprint(announced(d).RemoteAddr()) }

// announced is a connection under the address that its proxy announced.
func announced(d loop.Detached) net.Conn {
	if sc, ok := d.Conn.(syscall.Conn); ok && d.Peer.IsValid() {
		return &proxiedConn{d.Conn, sc, d.Peer}
	}
	return d.Conn
}

type proxiedConn struct {
	net.Conn
	raw  syscall.Conn // of Conn, by which a loop finds the descriptor
	peer netip.AddrPort
}

// SyscallConn implements syscall.Conn.
func (c *proxiedConn) SyscallConn() (syscall.RawConn, error) { return c.raw.SyscallConn() }

// RemoteAddr implements net.Conn.
func (c *proxiedConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.peer) }

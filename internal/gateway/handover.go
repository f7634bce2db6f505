package gateway

import (
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"time"

	"throng/internal/loop"
	"throng/internal/websocket"
)

// handover is a net.Listener fed by the loops instead of the kernel.
type handover struct {
	conns  chan net.Conn
	done   chan struct{}
	engine *loop.Engine

	mu     sync.Mutex // orders give and Close: nothing is left in a closed channel
	closed bool
}

// handoverRoom is how many connections may wait for net/http's accept.
const handoverRoom = 1024

func newHandover(e *loop.Engine) *handover {
	return &handover{conns: make(chan net.Conn, handoverRoom), done: make(chan struct{}), engine: e}
}

// give passes a connection on without blocking. It says no when net/http does
// not keep up or is gone.
func (h *handover) give(c net.Conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	select {
	case h.conns <- c:
		return true
	default:
		return false
	}
}

// Accept implements net.Listener.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. What waits is closed.
func (h *handover) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.done)
	}
	for {
		select {
		case c := <-h.conns:
			_ = c.Close()
			if _, ok := c.(*tls.Conn); ok { // the others give their place back themselves
				h.engine.Release()
			}
		default:
			return nil
		}
	}
}

// Addr implements net.Listener.
func (h *handover) Addr() net.Addr { return handoverAddr{} }

type handoverAddr struct{}

func (handoverAddr) Network() string { return "throng" }
func (handoverAddr) String() string  { return "front door" }

// httpConn is a connection that came from a loop: what the loop has read comes
// first.
type httpConn struct {
	net.Conn
	in     []byte
	out    []byte         // answers to earlier requests that were not sent yet
	peer   netip.AddrPort // who it is, where the other end is a proxy's
	engine *loop.Engine
	once   sync.Once
}

func (c *httpConn) Read(b []byte) (int, error) {
	if err := c.catchUp(); err != nil {
		return 0, err
	}
	if len(c.in) > 0 {
		n := copy(b, c.in)
		if c.in = c.in[n:]; len(c.in) == 0 {
			c.in = nil
		}
		return n, nil
	}
	return c.Conn.Read(b)
}

// catchUp sends what was answered before: net/http reads first, on one goroutine.
func (c *httpConn) catchUp() error {
	if len(c.out) == 0 {
		return nil
	}
	out := c.out
	c.out = nil
	if err := c.SetWriteDeadline(time.Now().Add(c.engine.WriteTimeout())); err != nil {
		return err
	}
	_, err := c.Conn.Write(out)
	return err
}

// Write gives the client the same time to take something as a WebSocket has.
func (c *httpConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.engine.WriteTimeout())); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// RemoteAddr implements net.Conn.
func (c *httpConn) RemoteAddr() net.Addr {
	if c.peer.IsValid() {
		return net.TCPAddrFromAddrPort(c.peer)
	}
	return c.Conn.RemoteAddr()
}

// Close gives the connection's place back to the engine.
func (c *httpConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.engine.Release)
	return err
}

// refuse answers a connection that net/http has no room for. The answer fits
// every socket's buffer; the deadline is for what is no socket.
func (c *httpConn) refuse() {
	_ = c.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	_, _ = c.Conn.Write(websocket.AppendRefusal(nil, 503, "too busy", "Retry-After: 5"))
	_ = c.Close()
}

// leave takes the socket away from net/http; its place stays counted.
func (c *httpConn) leave() net.Conn {
	c.once.Do(func() {})
	return c.Conn
}

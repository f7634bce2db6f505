package gateway

import (
	"bytes"
	"sync/atomic"

	"throng/internal/loop"
	"throng/internal/websocket"
)

// caller is a client that waits at the door until it is known who it is. It has as
// long as it had for its request's head.
type caller struct {
	*door
	at   *mount
	head []byte
	gone atomic.Bool // read by who finds out
}

var _ loop.Handler = (*caller)(nil)

// later finds out whether a client that waits may connect, see Pending.
type later func(alive func() bool, done func(Opening, int))

// decision is what is posted to a caller.
type decision struct {
	opening Opening
	status  int
}

// letWait leaves a client at the door until later knows the answer.
func (d *door) letWait(c *loop.Conn, at *mount, head []byte, later later) {
	w := &caller{door: d, at: at, head: bytes.Clone(head)}
	c.SetHandler(w)
	ref := c.Ref()
	later(w.waits, func(o Opening, status int) { d.g.opts.Engine.Post(ref, &decision{o, status}) })
}

// waits reports whether the client is still there. Anybody may ask.
func (w *caller) waits() bool { return !w.gone.Load() }

// Closed implements loop.Handler.
func (w *caller) Closed(*loop.Conn, error) { w.gone.Store(true) }

// Data implements loop.Handler. A client has nothing to say before it is answered
// (RFC 6455 section 4.1).
func (w *caller) Data(c *loop.Conn, b []byte) int {
	if len(b) > w.g.opts.MaxHeader {
		w.refuse(c, 400, "frames before the handshake was answered", "")
	}
	return 0
}

// Message implements loop.Handler.
func (w *caller) Message(c *loop.Conn, m any) {
	d, ok := m.(*decision)
	if !ok {
		return
	}
	var r websocket.Request
	if err := websocket.ParseRequest(w.head, &r); err != nil { // it was one before
		w.refuseHandshake(c, err)
		return
	}
	if w.answer(c, w.at, &r, d.opening, d.status) {
		c.Again() // what came too early is the socket's
	}
}

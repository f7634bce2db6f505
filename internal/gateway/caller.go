package gateway

import (
	"bytes"

	"throng/internal/loop"
	"throng/internal/websocket"
)

// caller is a client that waits at the door until it is known who it is. It has as
// long as it had for its request's head.
type caller struct {
	*door
	at   *mount
	head []byte
}

var _ loop.Handler = (*caller)(nil)

// decision is what is posted to a caller.
type decision struct {
	opening Opening
	status  int
}

// letWait leaves a client at the door until later knows the answer.
func (d *door) letWait(c *loop.Conn, at *mount, head []byte, later func(done func(Opening, int))) {
	c.SetHandler(&caller{door: d, at: at, head: bytes.Clone(head)})
	ref := c.Ref()
	later(func(o Opening, status int) { d.g.opts.Engine.Post(ref, &decision{o, status}) })
}

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

package gateway

import (
	"bytes"
	"errors"
	"net/netip"

	"throng/internal/loop"
	"throng/internal/websocket"
)

// door is the first handler of every connection. It has no state of its own: a
// head that has not arrived whole waits in the loop's spill.
type door struct{ g *Gateway }

var _ loop.Handler = (*door)(nil)

// Causes of the end of connections at the door.
var (
	errPeerClosed = errors.New("closed by the client")
	errRefused    = errors.New("request refused")
	errShutdown   = errors.New("shutdown")
	errAnswered   = errors.New("request answered")
	errPipelined  = errors.New("too much behind a request that waits")
	errIdle       = errors.New("no further request")
)

// Open gives the client its time to send a head.
func (d *door) Open(c *loop.Conn) {
	c.SetDeadline(c.Loop().Now() + d.g.opts.HeaderTimeout.Milliseconds())
}

// Data waits for a whole head, then decides.
func (d *door) Data(c *loop.Conn, b []byte) int {
	if first := b[0]; first >= 0x7f || first < ' ' && first != '\r' && first != '\n' { // TLS, perhaps, or noise
		d.refuse(c, 400, "this is not HTTP; is it TLS on a port without?", "")
		return len(b)
	}
	end := websocket.HeadEnd(b, 0)
	if end < 0 {
		if len(b) > d.g.opts.MaxHeader {
			d.refuse(c, 431, "the request's head is too large", "")
		}
		return 0
	}
	if end > d.g.opts.MaxHeader {
		d.refuse(c, 431, "the request's head is too large", "")
		return len(b)
	}
	head := b[:end]
	// An Upgrade header may be ignored (RFC 9110 section 7.8), as it is on what
	// is not a GET.
	if !bytes.HasPrefix(head, []byte("GET ")) || !websocket.IsUpgrade(head) {
		if at := d.g.feedAt(head); at != nil {
			return d.feed(c, at, b, end)
		}
		return d.handOver(c, b)
	}
	r := d.g.requests[c.Loop().Index()]
	if err := websocket.ParseRequest(head, r); err != nil {
		d.refuseHandshake(c, err)
		return len(b)
	}
	at, ok := d.g.routes[string(r.Path)]
	if !ok {
		d.refuse(c, 404, "no WebSocket endpoint at this path", "")
		return len(b)
	}
	if !d.upgrade(c, at, r, head) {
		return len(b)
	}
	return end + c.Handler().Data(c, b[end:])
}

// upgrade judges a handshake, and gives the connection to the route or to a caller.
// It says no when it was refused.
func (d *door) upgrade(c *loop.Conn, at *mount, r *websocket.Request, head []byte) bool {
	if !d.g.opts.Origins.Allow(r.Origin, r.Host) {
		d.g.refusedOrigin(string(r.Origin), string(r.Host))
		d.refuse(c, 403, "", "")
		return false
	}
	if status, wait := d.g.admit(func() netip.Addr { return d.g.clientAddr(c, r) }); status != 0 {
		d.refuse(c, status, "", "Retry-After: "+retryAfter(wait))
		return false
	}
	o, status := at.route.Accept(r)
	if o.Later != nil {
		d.letWait(c, at, head, o.Later)
		return true
	}
	return d.answer(c, at, r, o, status)
}

// answer answers the handshake, and gives the connection to the route if it may.
func (d *door) answer(c *loop.Conn, at *mount, r *websocket.Request, o Opening, status int) bool {
	if status == 0 && !o.Who.stands() {
		status = 403
	}
	if status != 0 {
		d.g.opts.Log.Debug("connect refused", "path", string(r.Path), "status", status)
		header := ""
		if status == 503 { // it may go well later
			header = "Retry-After: 5"
		}
		d.refuse(c, status, "", header)
		return false
	}
	s := &socket{Conn: c, at: at}
	var extensions []string
	if d.g.opts.Compression.Deflater != nil {
		var value string
		if s.deflate, value = r.NegotiateDeflate(); value != "" {
			extensions = []string{"Sec-WebSocket-Extensions: " + value}
		}
	}
	c.SendScratch(websocket.AppendResponse(c.Scratch(), r.Key, o.Protocol, extensions...), 0)
	c.SetDeadline(0)
	c.SetHandler(s)
	s.proto = at.route.Open(s, o)
	s.watch()
	d.g.stats.Upgrades.Add(1)
	d.g.stats.WebSockets.Add(1)
	return true
}

// refuse answers with an HTTP status and closes. Phoenix's own refusals have an
// empty body.
func (d *door) refuse(c *loop.Conn, status int, body, header string) {
	var headers []string
	if header != "" {
		headers = append(headers, header)
	}
	d.g.stats.refused(status)
	c.SendScratch(websocket.AppendRefusal(c.Scratch(), status, body, headers...), 0)
	c.Finish(errRefused)
}

func (d *door) refuseHandshake(c *loop.Conn, err error) {
	var h *websocket.HandshakeError
	if !errors.As(err, &h) {
		h = &websocket.HandshakeError{Status: 400, Reason: "bad request"}
	}
	d.refuse(c, h.Status, h.Reason, h.Header)
}

// handOver gives the connection, with what was read, to net/http.
func (d *door) handOver(c *loop.Conn, b []byte) int {
	in := bytes.Clone(b)
	detached, err := c.Detach() // its In is what comes behind b
	if err != nil {
		c.Abort(err)
		return len(b)
	}
	hc := &httpConn{Conn: detached.Conn, in: append(in, detached.In...), out: detached.Out, peer: detached.Peer, engine: d.g.opts.Engine}
	if !d.g.conns.give(hc) {
		d.g.stats.refused(503)
		hc.refuse()
	}
	return len(b)
}

// Timer ends a client that has not sent its head in time.
func (d *door) Timer(c *loop.Conn) {
	d.refuse(c, 408, "the request's head took too long", "")
}

// Message implements loop.Handler; nobody knows a connection at the door.
func (d *door) Message(*loop.Conn, any) {}

// Shutdown implements loop.Handler.
func (d *door) Shutdown(c *loop.Conn) { c.Abort(errShutdown) }

// Closed implements loop.Handler.
func (d *door) Closed(*loop.Conn, error) {}

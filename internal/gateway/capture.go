package gateway

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	"throng/internal/loop"
	"throng/internal/websocket"
)

// A captured connection is
//
//	version   1 byte
//	path      of the route, or of the feed
//	deflate   the websocket.Deflate that was agreed on, 1 byte
//	reader    websocket.Reader.AppendState
//	protocol  Protocol.Capture, or events.Stream.Capture
//	in        bytes received and not consumed
//	out       bytes queued and not sent
//
// where each part is preceded by its length as a minimal uvarint, and nothing
// follows.
const captureVersion = 2

// parts of a captured connection, in their order.
type parts struct{ path, deflate, reader, proto, in, out []byte }

// maxPath is the longest path of a route.
const maxPath = 255

// Errors of Capture and Restore.
var (
	// ErrBusy says that something is under way that a capture would lose; a turn
	// or a few later it may work.
	ErrBusy = errors.New("gateway: connection is busy")
	// ErrNotSocket is a connection that is no WebSocket or event stream, or none any
	// more.
	ErrNotSocket = errors.New("gateway: not an open WebSocket or event stream")
	// ErrSecure is a connection with TLS, whose keys can't leave its process.
	ErrSecure = errors.New("gateway: TLS connections can't be moved")

	errMoved   = errors.New("moved to another engine")
	errCapture = errors.New("gateway: not a captured connection")
)

// Capture takes an upgraded connection, or one with an event stream, away from its loop, on which it must be
// called, and encodes all that is known of it: Restore goes on where it stopped,
// in this process or another one, and the client notices nothing. The engine
// forgets the connection; the socket is the caller's. After an error nothing has
// changed.
func Capture(c *loop.Conn) (state []byte, nc net.Conn, err error) {
	if h, ok := c.Handler().(*held); ok {
		return h.capture()
	}
	s, ok := c.Handler().(*socket)
	if !ok || !c.Open() {
		return nil, nil, ErrNotSocket
	}
	if c.Secure() != nil {
		return nil, nil, ErrSecure
	}
	p := parts{path: []byte(s.at.path), deflate: []byte{byte(s.deflate)}}
	if p.proto, err = s.proto.Capture(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	p.reader = s.reader.AppendState(nil)
	d, err := c.Detach()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	p.in, p.out = d.In, d.Out
	s.reader.Release()
	s.proto.Closed(errMoved)
	s.at.gw.stats.WebSockets.Add(-1)
	s.at.gw.opts.Engine.Release()
	return p.encode(), d.Conn, nil
}

// Restore puts a captured connection on a loop of this gateway's engine. After
// an error the socket is still the caller's.
func (g *Gateway) Restore(nc net.Conn, state []byte) error {
	p, err := decodeParts(state)
	if err != nil {
		return err
	}
	if at, ok := g.feeds[string(p.path)]; ok {
		return at.restore(nc, p)
	}
	at, ok := g.routes[string(p.path)]
	if !ok {
		return fmt.Errorf("%w: no route at %q", errCapture, p.path)
	}
	r := &restored{door: g.door, at: at, out: p.out, deflate: websocket.Deflate(p.deflate[0])}
	if r.deflate != websocket.DeflateOff && g.opts.Compression.Deflater == nil {
		return fmt.Errorf("%w: compression was agreed on", errCapture)
	}
	if r.open, err = at.route.Restore(p.proto); err != nil {
		return fmt.Errorf("%w: %w", errCapture, err)
	}
	if err := r.reader.RestoreState(p.reader); err != nil {
		return fmt.Errorf("%w: %w", errCapture, err)
	}
	g.opts.Engine.Adopt(nc, p.in, r, false)
	return nil
}

// restored is the handler of a connection that is on its way to its loop. It
// becomes a socket there.
type restored struct {
	*door   // for what can't happen to it
	at      *mount
	reader  websocket.Reader
	open    func(Conn) Protocol
	out     []byte
	deflate websocket.Deflate
}

// Open implements loop.Handler.
func (r *restored) Open(c *loop.Conn) {
	c.Send(r.out)
	s := &socket{Conn: c, at: r.at, reader: r.reader, deflate: r.deflate}
	r.at.gw.stats.WebSockets.Add(1)
	c.SetHandler(s)
	s.proto = r.open(s)
	if c.Open() {
		s.pace(0, false, false)
		s.watch()
	}
}

func (p *parts) all() [6]*[]byte {
	return [...]*[]byte{&p.path, &p.deflate, &p.reader, &p.proto, &p.in, &p.out}
}

func (p *parts) encode() []byte {
	n := 1
	for _, part := range p.all() {
		n += binary.MaxVarintLen64 + len(*part)
	}
	b := append(make([]byte, 0, n), captureVersion)
	for _, part := range p.all() {
		b = binary.AppendUvarint(b, uint64(len(*part)))
		b = append(b, *part...)
	}
	return b
}

// decodeParts accepts only what encode writes. The parts lie in b.
func decodeParts(b []byte) (p parts, err error) {
	if len(b) == 0 || b[0] != captureVersion {
		return p, errCapture
	}
	b = b[1:]
	for _, part := range p.all() {
		n, size := binary.Uvarint(b)
		if size <= 0 || size > 1 && b[size-1] == 0 || n > uint64(len(b)-size) {
			return p, errCapture
		}
		b = b[size:]
		*part, b = b[:n:n], b[n:]
	}
	if len(b) > 0 || len(p.path) > maxPath || len(p.in) > maxIn ||
		len(p.deflate) != 1 || websocket.Deflate(p.deflate[0]) > websocket.DeflateSmall {
		return p, errCapture
	}
	return p, nil
}

// maxIn is the most that can be unread: the read buffer of a loop and that of a
// stream.
const maxIn = (64 + 8) << 10

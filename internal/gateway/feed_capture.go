package gateway

import (
	"fmt"
	"net"

	"throng/internal/gateway/events"
	"throng/internal/loop"
	"throng/internal/websocket"
)

// capture is Capture for an event stream. A poll that waits has nothing to be kept:
// its client asks again.
func (h *held) capture() (state []byte, nc net.Conn, err error) {
	s, ok := h.feed.(*events.Stream)
	if !ok || h.state != heldStream || !h.Conn.Open() {
		return nil, nil, ErrNotSocket
	}
	if h.Secure() != nil {
		return nil, nil, ErrSecure
	}
	p := parts{path: []byte(h.at.path), deflate: []byte{byte(websocket.DeflateOff)}}
	if p.proto, err = s.Capture(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	d, err := h.Detach()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	p.in, p.out = d.In, appendFrames(nil, d.Out)
	s.Closed(errMoved)
	h.at.gw.stats.Streams.Add(-1)
	h.at.gw.opts.Engine.Release()
	return p.encode(), d.Conn, nil
}

// restore is Restore for an event stream.
func (f *feed) restore(nc net.Conn, p parts) error {
	if f.Poll || len(p.reader) > 0 {
		return fmt.Errorf("%w: no event stream", errCapture)
	}
	open, err := f.Events.Restore(p.proto)
	if err != nil {
		return fmt.Errorf("%w: %w", errCapture, err)
	}
	out, ok := decodeFrames(p.out)
	if !ok {
		return errCapture
	}
	f.gw.opts.Engine.Adopt(nc, p.in, &restoredStream{f.gw.door, f, open, out}, false)
	return nil
}

// restoredStream is the handler of an event stream that is on its way to its loop.
type restoredStream struct {
	*door // for what can't happen to it
	at    *feed
	open  func(events.Conn) *events.Stream
	out   []loop.Frame
}

// Open implements loop.Handler.
func (r *restoredStream) Open(c *loop.Conn) {
	c.Resend(r.out)
	h := &held{Conn: c, at: r.at, state: heldStream}
	r.at.gw.stats.Streams.Add(1)
	c.SetHandler(h)
	h.feed = r.open(h)
}

package gateway

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"throng/internal/loop"
	"throng/internal/websocket"
)

// Serve accepts the connections of a public listener until it is closed.
func (g *Gateway) Serve(ln net.Listener) error {
	err := g.opts.Engine.Serve(ln, func() loop.Handler { return g.door })
	if errors.Is(err, loop.ErrListenerClosed) {
		return nil
	}
	return err
}

// ServeHTTP runs net/http for what the door hands over, until Shutdown.
func (g *Gateway) ServeHTTP() error {
	if err := g.http.Serve(g.conns); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Shutdown ends net/http's part; requests under way are finished.
func (g *Gateway) Shutdown(ctx context.Context) error { return g.http.Shutdown(ctx) }

func (g *Gateway) serveHTTP(w http.ResponseWriter, r *http.Request) {
	g.stats.Requests.Add(1)
	if _, ok := g.routes[r.URL.Path]; !ok {
		g.opts.HTTP.ServeHTTP(w, r)
		return
	}
	if head := upgradeHead(r); websocket.IsUpgrade(head) {
		g.comeBack(w, head)
		return
	}
	http.Error(w, "this is a WebSocket endpoint: the 'connection' header must contain 'upgrade'", http.StatusBadRequest)
}

// upgradeHead writes a request's head again, for the door to read.
func upgradeHead(r *http.Request) []byte {
	var b bytes.Buffer
	b.WriteString(r.Method + " " + r.URL.RequestURI() + " " + r.Proto + "\r\nHost: " + r.Host + "\r\n")
	_ = r.Header.Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	return b.Bytes()
}

// comeBack gives a kept-alive connection that asks for an upgrade to a loop, as
// if the request had been its first.
func (g *Gateway) comeBack(w http.ResponseWriter, head []byte) {
	hj, ok := w.(http.Hijacker)
	if !ok {
		http.Error(w, "WebSocket needs HTTP/1.1", http.StatusHTTPVersionNotSupported)
		return
	}
	nc, rw, err := hj.Hijack()
	if err != nil {
		g.opts.Log.Warn("upgrade on a kept-alive connection failed", "error", err)
		return
	}
	_ = nc.SetDeadline(time.Time{})
	if n := rw.Reader.Buffered(); n > 0 {
		more, _ := rw.Reader.Peek(n) // what is buffered can be peeked
		head = append(head, more...)
	}
	c := nc.(*httpConn)
	head = append(head, c.in...)
	g.opts.Engine.Adopt(c.leave(), head, g.door, true)
}

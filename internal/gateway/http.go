package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"throng/internal/loop"
	"throng/internal/websocket"
)

// Serve accepts the connections of a public listener until it is closed.
func (g *Gateway) Serve(ln net.Listener) error { return g.serve(ln, g.door) }

// ServeTLS is Serve for a listener whose clients speak TLS.
func (g *Gateway) ServeTLS(ln net.Listener) error { return g.serve(ln, g.handshakes.first) }

func (g *Gateway) serve(ln net.Listener, first loop.Handler) error {
	if g.opts.ProxyProtocol {
		first = &proxied{g.door, first}
	}
	err := g.opts.Engine.Serve(ln, func() loop.Handler { return first })
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
func (g *Gateway) Shutdown(ctx context.Context) error {
	g.handshakes.shutdown()
	err := g.http.Shutdown(ctx)
	if err != nil {
		_ = g.http.Close() // what is still under way is cut
	}
	return err
}

func (g *Gateway) serveHTTP(w http.ResponseWriter, r *http.Request) {
	g.stats.Requests.Add(1)
	if r.ContentLength != 0 {
		// A body has the time that a head has. net/http lifts the deadline before
		// the next request; an upgrade has no body.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(g.opts.HeaderTimeout))
	}
	path := r.URL.EscapedPath() // what a proxy's rules have seen
	if h, ok := g.plain[path]; ok {
		h.ServeHTTP(w, r)
		return
	}
	if r.ProtoMajor == 2 {
		// A client can keep a stream's window closed, whatever its socket takes.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(g.opts.Engine.WriteTimeout()))
	}
	if _, ok := g.routes[path]; !ok {
		g.opts.HTTP.ServeHTTP(w, r)
		return
	}
	if r.Method != http.MethodGet {
		g.stats.refused(http.StatusBadRequest)
		w.WriteHeader(http.StatusBadRequest) // as Phoenix does, without a word
		return
	}
	if head := upgradeHead(r); websocket.IsUpgrade(head) {
		g.comeBack(w, head)
		return
	}
	g.stats.refused(http.StatusBadRequest)
	http.Error(w, notUpgrade(r.Header), http.StatusBadRequest)
}

// notUpgrade says what a GET lacks, in the words of a Phoenix server.
func notUpgrade(h http.Header) string {
	name, needle := "connection", "upgrade"
	if strings.Contains(strings.ToLower(strings.Join(h["Connection"], ",")), needle) {
		name, needle = "upgrade", "websocket"
	}
	var quoted []string
	for _, v := range h.Values(name) {
		quoted = append(quoted, fmt.Sprintf("%q", v))
	}
	return fmt.Sprintf("'%s' header must contain '%s', got [%s]", name, needle, strings.Join(quoted, ", "))
}

// upgradeHead writes a request's head again, for the door to read. What net/http
// took out of the headers is put back: the door refuses an upgrade with a body.
func upgradeHead(r *http.Request) []byte {
	var b bytes.Buffer
	b.WriteString(r.Method + " " + r.RequestURI + " " + r.Proto + "\r\nHost: " + r.Host + "\r\n")
	for _, coding := range r.TransferEncoding {
		b.WriteString("Transfer-Encoding: " + coding + "\r\n")
	}
	_ = r.Header.Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	return b.Bytes()
}

// comeBack gives a kept-alive connection that asks for an upgrade to a loop, as
// if the request had been its first.
func (g *Gateway) comeBack(w http.ResponseWriter, head []byte) {
	if c, in, ok := g.takeBack(w); ok {
		g.opts.Engine.AdoptFrom(c.peer, c.leave(), append(head, in...), g.door, true)
	}
}

// takeBack takes a connection away from net/http, with what was read of it behind
// the request that is served.
func (g *Gateway) takeBack(w http.ResponseWriter) (c *httpConn, in []byte, ok bool) {
	hj, ok := w.(http.Hijacker)
	if !ok {
		http.Error(w, "WebSocket needs HTTP/1.1", http.StatusHTTPVersionNotSupported)
		return nil, nil, false
	}
	nc, rw, err := hj.Hijack()
	if err != nil {
		g.opts.Log.Warn("connection could not be taken back", "error", err)
		return nil, nil, false
	}
	_ = nc.SetDeadline(time.Time{})
	if n := rw.Reader.Buffered(); n > 0 {
		in, _ = rw.Reader.Peek(n) // what is buffered can be peeked
	}
	c = nc.(*httpConn)
	return c, append(bytes.Clone(in), c.in...), true
}

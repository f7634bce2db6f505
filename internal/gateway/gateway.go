// Package gateway is the way in: the front door that reads the first request of
// each connection on its loop, WebSocket upgrades, and what is carried by
// net/http.
//
// A connection begins on a loop with the door as its handler. A WebSocket upgrade
// for one of the gateway's paths stays there, without ever passing net/http. All
// else is handed to an http.Server together with what was read; if such a
// connection asks for an upgrade later, it comes back to a loop.
package gateway

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"throng"
	"throng/internal/gateway/phoenix"
	"throng/internal/loop"
	"throng/internal/proxy"
	"throng/internal/rate"
	"throng/internal/websocket"
)

// Options configure a gateway.
type Options struct {
	Engine *loop.Engine
	Clock  *throng.Clock
	Log    *slog.Logger
	Limits websocket.Limits
	// Compression is agreed on with clients that offer it, if there is a Deflater.
	Compression phoenix.Compression
	// Origins are the allowed origins; see Origins.
	Origins Origins
	// HeaderTimeout is how long a client may take to send a request's head, a
	// request's body, and a WebSocket message (with a millisecond more for each
	// of its bytes).
	HeaderTimeout time.Duration
	// PingInterval is how long a WebSocket client may be silent before it gets a
	// ping, 0 for ever; PongTimeout, less than that, how long it may be silent
	// after it.
	PingInterval, PongTimeout time.Duration
	// MaxHeader is the largest head, in bytes, at most 48 KiB.
	MaxHeader int
	// IdleTimeout is how long a kept-alive HTTP connection may be idle.
	IdleTimeout time.Duration
	// TLS is that of the connections of ServeTLS; nil if there are none.
	TLS *tls.Config
	// HandshakeTimeout is how long a client may take for its TLS handshake, and
	// MaxHandshakes how many are under way at once.
	HandshakeTimeout time.Duration
	MaxHandshakes    int
	// Trusted are the proxies whose word about a client's address is taken. With
	// ProxyProtocol their connections begin with a PROXY header.
	Trusted       proxy.Trusted
	ProxyProtocol bool
	// Connects and Addresses limit how often clients connect, in all and from one
	// address; nil for no limit.
	Connects  *rate.Bucket
	Addresses *rate.Addresses
	// Handshakes limits how often an address begins a TLS handshake; nil for no
	// limit. A page takes several connections, so it is more than Addresses.
	Handshakes *rate.Addresses
	// HTTP answers what is not an upgrade; upgrade paths are the gateway's own.
	HTTP http.Handler
}

// Gateway is the front door of all public listeners.
type Gateway struct {
	opts     Options
	routes   map[string]*mount
	deflated websocket.Limits // opts.Limits where compression was agreed on
	plain    map[string]http.Handler
	feeds    map[string]*feed
	stats    Stats
	door     *door
	requests []*websocket.Request // of each loop, the one that it looks at: none is kept
	http     *http.Server
	conns    *handover

	handshakes *handshakes
	flows      atomic.Int64 // requests that flow.go carries
	complained atomic.Int64 // when complain last wrote a warning
}

// Route is a path that upgrades to WebSocket.
type Route interface {
	// Accept looks at a request, before anything was sent, and does not keep it. A
	// status other than 0 refuses it.
	Accept(r *websocket.Request) (Opening, int)
	// Open makes the state machine of a connection that has been answered with 101
	// and what Accept said.
	Open(c Conn, o Opening) Protocol
	// Restore reads what Protocol.Capture wrote, in this process or another one, and
	// returns what makes the state machine again.
	Restore(state []byte) (func(c Conn) Protocol, error)
}

// mount is a route at its path.
type mount struct {
	gw    *Gateway
	path  string
	route Route
}

// Opening is what Accept found out for Open. It is plain data: a closure would be an
// allocation for every client that connects.
type Opening struct {
	// Protocol is the subprotocol to name in the answer; empty for none.
	Protocol string
	// Version is the route's own.
	Version uint8
	// Who is the client. It is asked once more before Open whether it still may.
	Who Verdict
	// Later, if not nil, stands for an answer that is not known yet. It is called
	// once and calls done once, from anywhere.
	Later later
}

// maxHead leaves the loop's read buffer (64 KiB) room for what may come with the
// end of a head: what fits it is answered, not cut off.
const maxHead = 48 << 10

// New makes a gateway. Routes are added with Handle before Serve.
func New(o Options) *Gateway {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.MaxHeader = min(o.MaxHeader, maxHead)
	g := &Gateway{opts: o, routes: make(map[string]*mount), plain: make(map[string]http.Handler), feeds: make(map[string]*feed)}
	g.requests = make([]*websocket.Request, o.Engine.Loops())
	for i := range g.requests {
		g.requests[i] = new(websocket.Request)
	}
	g.deflated = o.Limits
	g.deflated.Deflate = true
	g.door = &door{g}
	g.conns = newHandover(o.Engine)
	g.handshakes = newHandshakes(g)
	g.http = &http.Server{
		Handler:           http.HandlerFunc(g.serveHTTP),
		ReadHeaderTimeout: o.HeaderTimeout,
		IdleTimeout:       o.IdleTimeout,
		MaxHeaderBytes:    o.MaxHeader,
		ConnState:         g.connState,
		Protocols:         new(http.Protocols),
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 100, SendPingTimeout: o.IdleTimeout, WriteByteTimeout: o.Engine.WriteTimeout()},
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	g.http.Protocols.SetHTTP1(true)
	g.http.Protocols.SetHTTP2(true)
	return g
}

// Handle adds a path that upgrades.
func (g *Gateway) Handle(path string, r Route) { g.routes[path] = &mount{g, path, r} }

// HandleHTTP adds a path of plain HTTP, which does not upgrade.
func (g *Gateway) HandleHTTP(path string, h http.Handler) { g.plain[path] = h }

// Stats returns the gateway's counters.
func (g *Gateway) Stats() *Stats { return &g.stats }

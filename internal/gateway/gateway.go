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
	"log/slog"
	"net/http"
	"time"

	"throng"
	"throng/internal/loop"
	"throng/internal/websocket"
)

// Options configure a gateway.
type Options struct {
	Engine *loop.Engine
	Clock  *throng.Clock
	Log    *slog.Logger
	Limits websocket.Limits
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
	// HTTP answers what is not an upgrade; upgrade paths are the gateway's own.
	HTTP http.Handler
}

// Gateway is the front door of all public listeners.
type Gateway struct {
	opts   Options
	routes map[string]*mount
	stats  Stats
	door   *door
	http   *http.Server
	conns  *handover
}

// Route is a path that upgrades to WebSocket.
type Route interface {
	// Accept looks at a request and opens the protocol on the connection, which
	// has been answered with 101 and the subprotocol. A refusal is returned as
	// an HTTP status instead, before anything was sent.
	Accept(r *websocket.Request) (Opening, int)
	// Restore reads what Protocol.Capture wrote, in this process or another one.
	Restore(state []byte) (Opening, error)
}

// mount is a route at its path.
type mount struct {
	gw    *Gateway
	path  string
	route Route
}

// Opening begins a protocol on an upgraded connection.
type Opening struct {
	// Protocol is the subprotocol to name in the answer; empty for none.
	Protocol string
	// Open makes the protocol's state machine.
	Open func(c Conn) Protocol
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
	g := &Gateway{opts: o, routes: make(map[string]*mount)}
	g.door = &door{g}
	g.conns = newHandover()
	g.http = &http.Server{
		Handler:           http.HandlerFunc(g.serveHTTP),
		ReadHeaderTimeout: o.HeaderTimeout,
		IdleTimeout:       o.IdleTimeout,
		MaxHeaderBytes:    o.MaxHeader,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	return g
}

// Handle adds a path that upgrades.
func (g *Gateway) Handle(path string, r Route) { g.routes[path] = &mount{g, path, r} }

// Stats returns the gateway's counters.
func (g *Gateway) Stats() *Stats { return &g.stats }

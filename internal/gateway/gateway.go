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
	// HeaderTimeout is how long a client may take to send a request's head.
	HeaderTimeout time.Duration
	// MaxHeader is the largest head, in bytes.
	MaxHeader int
	// IdleTimeout is how long a kept-alive HTTP connection may be idle.
	IdleTimeout time.Duration
	// HTTP answers what is not an upgrade; upgrade paths are the gateway's own.
	HTTP http.Handler
}

// Gateway is the front door of all public listeners.
type Gateway struct {
	opts   Options
	limits websocket.Limits
	routes map[string]Route
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
}

// Opening begins a protocol on an upgraded connection.
type Opening struct {
	// Protocol is the subprotocol to name in the answer; empty for none.
	Protocol string
	// Open makes the protocol's state machine.
	Open func(c Conn) Protocol
}

// New makes a gateway. Routes are added with Handle before Serve.
func New(o Options) *Gateway {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g := &Gateway{opts: o, limits: o.Limits, routes: make(map[string]Route)}
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
func (g *Gateway) Handle(path string, r Route) { g.routes[path] = r }

// Stats returns the gateway's counters.
func (g *Gateway) Stats() *Stats { return &g.stats }

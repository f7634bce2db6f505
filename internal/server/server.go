// Package server composes a throng process: it is the one place that knows every
// room. It turns a configuration into listeners, loops, hub, broker and
// gateways, and runs them until it is told to stop.
package server

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"throng"
	"throng/internal/api"
	"throng/internal/auth"
	"throng/internal/bonus"
	"throng/internal/broker/memory"
	"throng/internal/certs"
	"throng/internal/config"
	"throng/internal/doctor"
	"throng/internal/gateway"
	"throng/internal/gateway/events"
	"throng/internal/gateway/phoenix"
	"throng/internal/hub"
	"throng/internal/loop"
	"throng/internal/node"
	"throng/internal/presence"
	"throng/internal/proxy"
	"throng/internal/rate"
	"throng/internal/session"
	"throng/internal/store"
	"throng/internal/userstate"
	"throng/internal/visits"
	"throng/internal/websocket"
)

// ErrDescriptorLimit is why New refuses a connection limit.
var ErrDescriptorLimit = loop.ErrDescriptorLimit

// ErrNoRing is why New refuses the engine io_uring.
var ErrNoRing = loop.ErrNoRing

// CertificateError is why New refuses what [tls] names.
type CertificateError = certs.Error

// Options are what a server is made of beside its configuration.
type Options struct {
	Config *config.Config
	Log    *slog.Logger
	// Demo serves the demo page on the public listeners and publishes figures
	// to it.
	Demo bool
	// Backend answers events of namespaces that ask it; nil for none.
	Backend phoenix.Backend
	// Namespaces replaces the configured ones; nil for none.
	Namespaces node.Namespaces
	// Authenticate replaces the configured way of telling who a client is.
	Authenticate gateway.Authenticate
	// Clock is the node's; nil for one that starts with the system's.
	Clock *throng.Clock
	// Version is what the server says of itself.
	Version string
	// Machine is looked at when the server starts; nil for the one it runs on.
	Machine *doctor.Machine
}

// Server is a throng process as a value.
type Server struct {
	opts        Options
	cfg         *config.Config
	log         *slog.Logger
	clock       *throng.Clock
	engine      *loop.Engine
	hub         *hub.Hub
	broker      *memory.Broker
	node        *node.Node
	gateway     *gateway.Gateway
	sockets     *phoenix.Gateway
	api         *api.API
	users       []*session.Users // by loop
	visits      *visits.Ledger   // nil where none are recorded
	store       *store.Later     // of what lasts; nil for none
	records     throng.Records   // the same, for who asks
	bonuses     *bonus.Desk
	scratch     *scratch // the directory of a temporary store; nil for none
	events      *events.Gateway
	presence    *presence.Presence
	states      *userstate.States // nil where users have none
	tokens      *auth.Verifier
	door        atomic.Pointer[config.Auth] // in force now
	reloading   sync.Mutex
	reloaded    *config.Config // the last one; nil before
	compression phoenix.Compression
	public      []net.Listener
	secured     []net.Listener // public too, with TLS
	certs       certificates   // of those; nil without
	acme        *certs.ACME    // the same, if they come from there
	private     net.Listener
	admin       *http.Server
	abandon     context.CancelFunc // ends requests of admin that wait for loops
	ready       readiness
	started     time.Time

	eventEncoding uint8 // of events, in the hub
}

// New makes a server and opens its listeners; Run serves them.
func New(o Options) (*Server, error) {
	s := &Server{opts: o, cfg: o.Config, log: o.Log, clock: cmp.Or(o.Clock, throng.NewClock()), started: time.Now()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.log = s.log.With("node", nodeName(s.cfg))
	// First the listeners, which fail more often and leave nothing running.
	err := s.loadCertificates()
	if err == nil {
		err = s.loadKeys()
	}
	if err == nil {
		err = CheckAPIKeys(s.cfg)
	}
	if err == nil {
		err = s.listen()
	}
	if err == nil {
		err = s.compose()
	}
	if err != nil {
		s.closeListeners()
		if s.tokens != nil {
			_ = s.tokens.Close()
		}
		return nil, err
	}
	return s, nil
}

// nodeName is the configured name, or the host's.
func nodeName(c *config.Config) string {
	if c.NodeName != "" {
		return c.NodeName
	}
	name, err := os.Hostname()
	if err != nil {
		return "throng"
	}
	return name
}

func (s *Server) compose() (err error) {
	c := s.cfg
	s.engine, err = loop.New(loop.Options{
		Kind: loop.Kind(c.Engine.Kind), Loops: c.Engine.Loops, MaxConns: c.Engine.MaxConnections,
		WriteTimeout: c.WebSocket.WriteTimeout, Clock: s.clock, Log: s.log,
		Refusal: websocket.AppendRefusal(nil, 503, "too many connections", "Retry-After: 5"),
	})
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	if err := s.engine.NoRing(); err != nil {
		s.log.Info("each message to each client takes a system call of its own", "error", err,
			"hint", "with io_uring they would cost about half: docs/operation.md says what keeps it away")
	}
	var boxes []throng.Mailbox
	for i := range s.engine.Loops() {
		boxes = append(boxes, s.engine.Mailbox(i))
		s.users = append(s.users, session.NewUsers())
	}
	if c.WebSocket.Compression {
		s.compression = phoenix.Compression{
			Deflater: websocket.NewDeflater(c.WebSocket.CompressLevel), From: int(c.WebSocket.CompressFrom),
		}
	}
	encoders := phoenix.Encoders(c.Phoenix.DefaultEvent, s.compression, !c.Phoenix.Deadlines)
	s.eventEncoding = uint8(len(encoders))
	s.hub = hub.New(hub.Options{
		Mailboxes: boxes, Encoders: append(encoders, events.Encoders()...), Clock: s.clock,
		Slice: c.Engine.Slice, BacklogBytes: int64(c.Engine.BacklogBytes),
	})
	for i := range boxes {
		s.engine.Attach(i, s.hub.Table(i))
	}
	s.broker = memory.New(s.hub, memory.Options{Clock: s.clock, MaxBytes: int64(c.History.MaxBytes)})
	s.hub.Connect(s.broker)
	s.node = node.New(node.Options{
		Hub: s.hub, Broker: s.broker, Namespaces: s.namespaces(), Post: s.engine.Post, Clock: s.clock, Log: s.log,
	})
	s.composeStore()
	s.composeVisits()
	s.composeBonuses()
	s.presence = presence.New(presence.Options{Sink: s.hub, Post: s.engine.Post, Clock: s.clock, ListBytes: int(c.Engine.QueueBytes / 2)})
	if err := s.composeStates(); err != nil {
		return err
	}
	if err := s.composeAPI(); err != nil {
		return err
	}
	return s.composeGateway()
}

func (s *Server) composeGateway() error {
	c := s.cfg
	trusted, err := proxy.ParseTrusted(c.Proxy.Trusted)
	if err != nil {
		return fmt.Errorf("proxy.trusted: %w", err)
	}
	s.gateway = gateway.New(gateway.Options{
		Engine: s.engine, Clock: s.clock, Log: s.log,
		Limits:       websocket.Limits{MaxMessage: int(c.WebSocket.MaxMessageBytes), MaxFragments: c.WebSocket.MaxFragments},
		Compression:  s.compression,
		Origins:      c.HTTP.AllowedOrigins,
		PingInterval: c.WebSocket.PingInterval, PongTimeout: c.WebSocket.PongTimeout,
		Trusted: trusted, ProxyProtocol: c.Proxy.Protocol,
		Connects: rate.NewBucket(c.Limits.ConnectsPerSecond), Addresses: rate.NewAddresses(c.Limits.ConnectsPerMinutePerAddress),
		Handshakes: rate.NewAddresses(handshakesPerConnect * c.Limits.ConnectsPerMinutePerAddress),
		TLS:        s.tlsConfig(), HandshakeTimeout: c.TLS.HandshakeTimeout, MaxHandshakes: c.TLS.MaxHandshakes,
		HeaderTimeout: c.HTTP.HeaderTimeout, MaxHeader: int(c.HTTP.MaxHeaderBytes), IdleTimeout: c.HTTP.IdleTimeout,
		HTTP: s.challenges(s.withAPI(s.pages())),
	})
	s.sockets = phoenix.New(phoenix.Options{
		Node: s.node, Clock: s.clock, Loops: s.engine.Loops(),
		Auth: s.tokens, Users: s.users, Attendance: s.attendance(), Watcher: s.watcher(), Presence: s.presence, Own: c.Users.Subscribe,
		Limits:      session.Limits{Channels: c.Phoenix.MaxChannels, QueueBytes: int(c.Engine.QueueBytes)},
		Rates:       rate.NewRates(c.Limits.MessagesPerSecond, int(c.Limits.BytesPerSecond)),
		IdleTimeout: c.Phoenix.IdleTimeout, DefaultEvent: c.Phoenix.DefaultEvent,
		Compression: s.compression, HideDeadlines: !c.Phoenix.Deadlines, Backend: s.opts.Backend, Post: s.engine.Post,
		Desks: s.desks(), State: s.shownState(),
	})
	sockets := gateway.Phoenix{Gateway: s.sockets, Authenticate: s.authenticate()}
	s.gateway.Handle(c.Phoenix.Path+"/websocket", sockets)
	if c.Phoenix.LongPoll {
		s.gateway.HandleHTTP(c.Phoenix.Path+"/longpoll", s.gateway.LongPoll(gateway.LongPollOptions{
			Phoenix: sockets, Window: c.Phoenix.PollWindow, MaxBody: int(c.Phoenix.PollBody),
		}))
	}
	s.composeEvents()
	if c.WebSocket.Echo {
		s.gateway.Handle("/echo", gateway.Echo{})
	}
	return nil
}

// handshakesPerConnect is how many TLS handshakes an address may begin for each time
// that it may connect: browsers open several connections for a page.
const handshakesPerConnect = 4

// Public returns the addresses of the public listeners, Internal that of the
// internal one, nil if there is none.
func (s *Server) Public() (addrs []net.Addr) {
	for _, ln := range s.public {
		addrs = append(addrs, ln.Addr())
	}
	return addrs
}

// Internal returns the address of the internal listener, nil if there is none.
func (s *Server) Internal() net.Addr {
	if s.private == nil {
		return nil
	}
	return s.private.Addr()
}

// Node returns the node's verbs, for what runs inside the process.
func (s *Server) Node() *node.Node { return s.node }

// Gateway returns the front door.
func (s *Server) Gateway() *gateway.Gateway { return s.gateway }

// Engine returns the loops.
func (s *Server) Engine() *loop.Engine { return s.engine }

// Run serves until ctx ends, then drains: it stops accepting, closes the clients
// spread over the configured time, and returns when all is over.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.engine.Start()
	stopVisits, stopBonuses, stopStates := s.runVisits(), s.runBonuses(), s.runStates()
	failed := make(chan error, len(s.public)+len(s.secured)+2)
	for _, ln := range s.public {
		go func() { failed <- s.gateway.Serve(ln) }()
	}
	for _, ln := range s.secured {
		go func() { failed <- s.gateway.ServeTLS(ln) }()
	}
	if s.certs != nil {
		renewing := make(chan struct{})
		go func() { defer close(renewing); s.certs.Run(ctx) }()
		defer func() { cancel(); <-renewing }()
	}
	fetching := make(chan struct{})
	go func() { defer close(fetching); s.tokens.Run(ctx) }()
	defer func() { cancel(); <-fetching; _ = s.tokens.Close() }()
	telling := make(chan struct{})
	go func() { defer close(telling); s.presence.Run(ctx) }()
	defer func() { cancel(); <-telling }()
	if every := s.cfg.History.PositionCheck; every > 0 {
		checking := make(chan struct{})
		go func() { defer close(checking); s.node.CheckPositions(ctx, every) }()
		defer func() { cancel(); <-checking }()
	}
	go func() { failed <- s.gateway.ServeHTTP() }()
	if s.private != nil {
		go func() { failed <- s.serveInternal() }()
	}
	if s.opts.Demo {
		go s.publishFigures(ctx)
	}
	if s.opts.Demo && s.records != nil {
		go s.publishTimes(ctx)
		go s.publishWatched(ctx)
	}
	s.announce()
	s.diagnose()
	s.ready.set(true)
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		s.log.Error("a listener failed", "error", err)
		cancel()
	}
	s.drain(func() { together(stopVisits, stopStates) }, stopBonuses)
	return err
}

// drain ends the server in good order. Visits are closed when all clients are gone.
func (s *Server) drain(stopBooks, stopBonuses func()) {
	s.ready.set(false)
	if s.visits != nil {
		s.visits.Drain()
	}
	over := s.cfg.Engine.Drain
	s.log.Info("draining", "connections", s.engine.Connections(), "over", over.String())
	s.engine.CloseListeners()
	const grace = 5 * time.Second // for what remains after the last close was sent
	ctx, cancel := context.WithTimeout(context.Background(), over+grace)
	defer cancel()
	pages := make(chan struct{})
	go func() {
		defer close(pages)
		_ = s.gateway.Shutdown(ctx)
	}()
	if err := s.engine.Drain(ctx, over); err != nil {
		s.log.Warn("connections left after the drain", "connections", s.engine.Connections())
	}
	<-pages
	stop, cancelStop := context.WithTimeout(context.Background(), grace)
	defer cancelStop()
	s.closeInternal(stop) // first: its calls wait for loops and for the broker
	stopBonuses()
	if err := s.engine.Stop(stop); err != nil {
		s.log.Error("loops did not stop", "error", err)
	}
	stopBooks()
	s.closeStore()
	_ = s.node.Close(stop)
	s.log.Info("stopped")
}

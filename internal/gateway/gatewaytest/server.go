// Package gatewaytest is what tests of the gateway and of the wires behind it
// share: a whole server on a free port, and a WebSocket client that says exactly
// the bytes that it is told to.
package gatewaytest

import (
	"context"
	"net"
	"runtime"
	"testing"
	"time"

	"throng/internal/config"
	"throng/internal/server"
)

// Engines are the kinds of engine that every test runs on.
var Engines = []string{"epoll", "goroutine"}

// EachEngine runs a test on both engines, where the system has both.
func EachEngine(t *testing.T, f func(t *testing.T, kind string)) {
	for _, kind := range Engines {
		t.Run(kind, func(t *testing.T) {
			if kind == "epoll" && runtime.GOOS != "linux" {
				t.Skip("epoll is Linux")
			}
			f(t, kind)
		})
	}
}

// Server is a running server.
type Server struct {
	*server.Server
	stop    context.CancelFunc
	stopped chan error
}

// Options returns those of a development server with an engine of this kind, on
// a free port, for Start.
func Options(kind string) server.Options {
	c := config.Default()
	c.ApplyDev()
	c.Listen, c.Internal = []string{"127.0.0.1:0"}, ""
	c.Engine.Kind, c.Engine.Loops, c.Engine.MaxConnections = kind, 2, 2000
	c.Engine.Drain = 0
	return server.Options{Config: c}
}

// Start runs a server until the test ends. At its end no connection may be left.
func Start(t testing.TB, o server.Options) *Server {
	t.Helper()
	srv, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{Server: srv, stop: cancel, stopped: make(chan error, 1)}
	go func() { s.stopped <- srv.Run(ctx) }()
	t.Cleanup(func() { s.Stop(t) })
	return s
}

// Stop ends the server and waits for it.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if s.stop == nil {
		return
	}
	s.stop()
	s.stop = nil
	select {
	case err := <-s.stopped:
		if err != nil {
			t.Errorf("server: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the server does not stop")
	}
	if n := s.Engine().Connections(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// Empty waits until the server counts no connection.
func (s *Server) Empty(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); s.Engine().Connections() > 0; {
		if time.Now().After(end) {
			t.Fatalf("%d connections are left", s.Engine().Connections())
		}
		time.Sleep(time.Millisecond)
	}
}

// Addr is the address of the first public listener.
func (s *Server) Addr() net.Addr { return s.Public()[0] }

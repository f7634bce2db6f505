// Package gatewaytest is what tests of the gateway and of the wires behind it
// share: a whole server on a free port, and a WebSocket client that says exactly
// the bytes that it is told to.
package gatewaytest

import (
	"context"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"throng/internal/config"
	"throng/internal/server"
)

// Engines are the kinds of engine that every test runs on.
var Engines = []string{"auto", "goroutine"}

// EachEngine runs a test on both engines, where the system has both.
func EachEngine(t *testing.T, f func(t *testing.T, kind string)) {
	EachInTurn(t, func(t *testing.T, kind string) {
		t.Parallel()
		f(t, kind)
	})
}

// EachInTurn is EachEngine for a test that must be alone.
func EachInTurn(t *testing.T, f func(t *testing.T, kind string)) {
	for _, kind := range Engines {
		t.Run(kind, func(t *testing.T) {
			if kind == "auto" && runtime.GOOS != "linux" {
				t.Skip("auto is goroutine here")
			}
			f(t, kind)
		})
	}
}

// Fronts are the ways to a server that tests of the front door run on: the
// engines, and each of them behind TLS.
var Fronts = []string{"auto", "goroutine", "epoll" + overTLS, "goroutine" + overTLS}

const overTLS = "+tls"

// fronts are those of the variable TEST_FRONTS, such as "epoll+tls,goroutine", for runs that
// can't take the time for all.
func fronts() []string {
	if some := os.Getenv("TEST_FRONTS"); some != "" {
		return strings.Split(some, ",")
	}
	return Fronts
}

// EachFront runs a test on all fronts, where the system has them.
func EachFront(t *testing.T, f func(t *testing.T, front string)) {
	EachFrontInTurn(t, func(t *testing.T, front string) {
		t.Parallel()
		f(t, front)
	})
}

// EachFrontInTurn is EachFront for a test that must be alone.
func EachFrontInTurn(t *testing.T, f func(t *testing.T, front string)) {
	for _, front := range fronts() {
		t.Run(front, func(t *testing.T) {
			if !strings.HasPrefix(front, "goroutine") && runtime.GOOS != "linux" {
				t.Skip("auto is goroutine here")
			}
			f(t, front)
		})
	}
}

// Server is a running server.
type Server struct {
	*server.Server
	stop    context.CancelFunc
	stopped chan error
}

// Options returns those of a development server with an engine of this kind, or
// with a front, on a free port, for Start.
func Options(front string) server.Options {
	c := config.Default()
	c.ApplyDev()
	c.Listen, c.Internal = []string{"127.0.0.1:0"}, ""
	kind, secure := strings.CutSuffix(front, overTLS)
	if secure {
		c.Listen, c.TLS.Listen = nil, c.Listen
	}
	c.Engine.Kind, c.Engine.Loops, c.Engine.MaxConnections = kind, 2, 2000
	c.Engine.Drain = 0
	c.Store.Kind = "off" // nobody looks, and every server would have a file
	return server.Options{Config: c}
}

// Start runs a server until the test ends. At its end no connection may be left.
func Start(t testing.TB, o server.Options) *Server {
	t.Helper()
	if tls := &o.Config.TLS; len(tls.Listen) > 0 && len(tls.CertFiles) == 0 {
		cert, key := Certificate(t)
		tls.CertFiles, tls.KeyFiles = []string{cert}, []string{key}
	}
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

// Addr is the address of the first public listener, for Dial.
func (s *Server) Addr() net.Addr {
	if plain := s.Public(); len(plain) > 0 {
		return plain[0]
	}
	return secureAddr{s.Secured()[0]}
}

// Bare is Addr without TLS: what Dial sends is what arrives.
func (s *Server) Bare() net.Addr {
	addr := s.Addr()
	if secure, ok := addr.(secureAddr); ok {
		return secure.Addr
	}
	return addr
}

// secureAddr is an address where TLS is spoken.
type secureAddr struct{ net.Addr }

package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"throng/internal/config"
)

// listen opens all listeners.
func (s *Server) listen() error {
	lc := net.ListenConfig{Control: socketOptions, KeepAliveConfig: keepAlive()}
	for _, addr := range s.cfg.Listen {
		ln, err := open(&lc, addr)
		if err != nil {
			return fmt.Errorf("public listener: %w", err)
		}
		s.public = append(s.public, ln)
	}
	for _, addr := range s.cfg.TLS.Listen {
		ln, err := open(&lc, addr)
		if err != nil {
			return fmt.Errorf("TLS listener: %w", err)
		}
		s.secured = append(s.secured, ln)
	}
	if s.cfg.Internal == "" {
		return nil
	}
	ln, err := open(&lc, s.cfg.Internal)
	if err != nil {
		return fmt.Errorf("internal listener: %w", err)
	}
	s.private = ln
	s.newAdmin()
	return nil
}

// keepAlive finds peers that vanished within two minutes.
func keepAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}
}

// open listens on host:port or unix:/path. A socket file that a dead process
// left is removed.
func open(lc *net.ListenConfig, addr string) (net.Listener, error) {
	path, unix := strings.CutPrefix(addr, "unix:")
	if !unix {
		return lc.Listen(context.Background(), "tcp", addr)
	}
	if c, err := net.Dial("unix", path); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("listen unix %s: %w", path, syscall.EADDRINUSE)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return lc.Listen(context.Background(), "unix", path)
}

func (s *Server) closeListeners() {
	for _, ln := range slices.Concat(s.public, s.secured) {
		_ = ln.Close()
	}
	if s.private != nil {
		_ = s.private.Close()
	}
}

// announce logs where the server listens.
func (s *Server) announce() {
	for i, ln := range slices.Concat(s.public, s.secured) {
		s.log.Info("listening", "listener", "public", "address", ln.Addr().String(), "tls", i >= len(s.public),
			"engine", string(s.engine.Kind()), "loops", s.engine.Loops(), "max_connections", s.engine.MaxConns())
	}
	if s.private != nil {
		s.log.Info("listening", "listener", "internal", "address", s.private.Addr().String())
		if tcp, ok := s.private.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
			s.log.Warn("the internal listener is not on a loopback address: keep clients away from it", "address", tcp.String())
		}
	}
	if s.opts.Namespaces == nil && s.opts.Authenticate == nil && !s.tokens.Enabled() && !slices.ContainsFunc(s.cfg.Namespaces, func(n config.Namespace) bool { return n.Subscribe == "anybody" }) {
		s.log.Warn("no client may subscribe to anything: there is no key for tokens, so all are anonymous",
			"hint", `set auth.hmac_secret_file, auth.public_key_files or auth.jwks_url, or give a namespace subscribe = "anybody"`)
	}
	if s.cfg.Dev {
		s.log.Warn("DEVELOPMENT MODE: everybody may join, publish and see everything; never use it in production")
	}
}

// readiness says whether the server takes clients.
type readiness struct{ yes atomic.Bool }

func (r *readiness) set(yes bool) { r.yes.Store(yes) }

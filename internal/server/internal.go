package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"throng/internal/dashboard"
)

// serveInternal serves operators: metrics, health, readiness, profiles, their page.
func (s *Server) serveInternal() error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics(), promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /ready", s.serveReady)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.Handle("/dashboard/", http.StripPrefix("/dashboard", dashboard.Operator()))
	mux.Handle("/api", s.api)
	mux.Handle("/api/", s.api)
	s.admin.Handler = s.known(mux)
	if err := s.admin.Serve(s.private); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// newAdmin makes the internal listener's server.
func (s *Server) newAdmin() {
	life, abandon := context.WithCancel(context.Background())
	s.abandon = abandon
	s.admin = &http.Server{
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: time.Minute,
		BaseContext: func(net.Listener) context.Context { return life },
	}
}

// internalGrace is how long requests of operators and backends have to end when the
// server stops, after its clients have gone.
const internalGrace = 2 * time.Second

// closeInternal ends the internal listener: calls under way are answered, and those
// that take longer than internalGrace are cut, not answered wrong.
func (s *Server) closeInternal(ctx context.Context) {
	if s.admin == nil {
		return
	}
	patient, cancel := context.WithTimeout(ctx, internalGrace)
	defer cancel()
	if s.admin.Shutdown(patient) != nil {
		_ = s.admin.Close()
	}
	s.abandon()
}

// serveReady says 200 while the server takes clients, 503 before and while it
// drains, so that balancers send nobody any more.
func (s *Server) serveReady(w http.ResponseWriter, _ *http.Request) {
	if !s.ready.yes.Load() {
		http.Error(w, "draining", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

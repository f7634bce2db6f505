package server

import (
	"errors"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"throng/internal/api"
)

// serveInternal serves operators: metrics, health, readiness, profiles.
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
	if s.cfg.Dev {
		mux.Handle("/api/", api.New(s.node, s.clock, devKey, maxAPIBody))
	}
	s.admin.Handler = mux
	if err := s.admin.Serve(s.private); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

const (
	devKey     = "dev" // the API's key in development; otherwise there is no API yet
	maxAPIBody = 1 << 20
)

func newAdmin() *http.Server {
	return &http.Server{ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: time.Minute}
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

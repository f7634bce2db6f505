package bench

import (
	"bytes"
	"net"
	"net/http"
	"sync"
	"time"

	"throng/internal/bench/report"
)

// Live shows a run as a page while it goes on.
type Live struct {
	ln     net.Listener
	server *http.Server

	mu       sync.Mutex
	fragment []byte
	failed   error
}

// ServeLive serves the page at an address.
func ServeLive(addr string) (*Live, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	l := &Live{ln: ln}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", l.page)
	mux.HandleFunc("GET /fragment", l.newest)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent) // browsers ask, and would complain in their console
	})
	l.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = l.server.Serve(ln) }() // ends with Close
	return l, nil
}

// Addr returns where it is served.
func (l *Live) Addr() net.Addr { return l.ln.Addr() }

// Show takes the report as it is now.
func (l *Live) Show(r *report.Report) {
	var b bytes.Buffer
	err := r.WriteLive(&b)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fragment, l.failed = b.Bytes(), err
}

// Close ends the page.
func (l *Live) Close() { _ = l.server.Close() }

func (l *Live) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = report.LivePage(w) // who went away doesn't need it
}

func (l *Live) newest(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	b, err := l.fragment, l.failed
	l.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b)
}

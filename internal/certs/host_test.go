package certs_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"throng/internal/certs/certstest"
)

// host is the machine whose domains are validated: a TLS listener, and one for
// plain HTTP. What they serve is set later.
type host struct {
	certstest.Ports
	config  atomic.Pointer[tls.Config]
	handler atomic.Pointer[http.Handler]
}

func startHost(t *testing.T) *host {
	t.Helper()
	h := &host{}
	h.TLS = listen(t, &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if c := h.config.Load(); c != nil {
			return c, nil
		}
		return nil, net.ErrClosed
	}})
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if next := h.handler.Load(); next != nil {
			(*next).ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(plain.Close)
	h.HTTP = plain.Listener.Addr().String()
	return h
}

package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// pebble is Let's Encrypt's own test authority, in this process. It validates for
// real, at the ports of one host.
type pebble struct {
	addr     string
	server   *httptest.Server
	handler  atomic.Pointer[http.Handler]
	requests atomic.Int64
	roots    *x509.CertPool // of what it issues
	client   *http.Client   // trusts its https
	renew    func()         // forgets all accounts and orders
}

// ports are where pebble validates.
type ports struct{ tls, http string }

func startPebble(t *testing.T, at ports) *pebble {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "20") // of each hundred: clients have to repeat
	t.Setenv("PEBBLE_AUTHZREUSE", "0")
	p := &pebble{roots: x509.NewCertPool()}
	resolver := answerAll(t)
	quiet := log.New(io.Discard, "", 0)
	p.renew = func() {
		store := db.NewMemoryStore()
		issuer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: 90 * 24 * 3600}})
		p.roots.AddCert(issuer.GetRootCert(0).Cert)
		front := wfe.New(quiet, store, va.New(quiet, number(t, at.http), number(t, at.tls), false, resolver, store), issuer,
			[]string{"pebble.test"}, false, false, 0, 0)
		handler := front.Handler()
		p.handler.Store(&handler)
	}
	p.renew()
	p.up(t)
	p.client = p.server.Client()
	t.Cleanup(func() { p.client.CloseIdleConnections(); p.down() })
	return p
}

// up starts the server, again at the same address.
func (p *pebble) up(t *testing.T) {
	t.Helper()
	at := p.addr
	if at == "" {
		at = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", at)
	must(t, err)
	p.addr = l.Addr().String()
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.requests.Add(1)
		(*p.handler.Load()).ServeHTTP(w, r)
	}))
	p.server.Listener.Close()
	p.server.Listener = l
	p.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.server.StartTLS()
}

func (p *pebble) down() { p.server.Close() }

func (p *pebble) directory() string { return "https://" + p.addr + wfe.DirectoryPath }

// answerAll is a DNS server that knows every name as 127.0.0.1.
func answerAll(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	server := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		answer := new(dns.Msg).SetReply(q)
		if len(q.Question) == 1 && q.Question[0].Qtype == dns.TypeA {
			answer.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET},
				A: net.IPv4(127, 0, 0, 1)}}
		}
		w.WriteMsg(answer)
	})}
	done := make(chan struct{})
	go func() { defer close(done); server.ActivateAndServe() }()
	t.Cleanup(func() { server.Shutdown(); l.Close(); <-done })
	return l.Addr().String()
}

// host is the machine whose domains are validated: a TLS listener, and one for
// plain HTTP. What they serve is set later.
type host struct {
	ports
	config  atomic.Pointer[tls.Config]
	handler atomic.Pointer[http.Handler]
}

func startHost(t *testing.T) *host {
	t.Helper()
	h := &host{}
	h.ports.tls = listen(t, &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
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
	h.ports.http = plain.Listener.Addr().String()
	return h
}

func number(t *testing.T, addr string) int {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	must(t, err)
	n, err := strconv.Atoi(port)
	must(t, err)
	return n
}

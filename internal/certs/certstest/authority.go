// Package certstest is, for tests, a certificate authority that speaks ACME
// (RFC 8555): Pebble, which Let's Encrypt tests its clients with, in this process.
// It knows every name as 127.0.0.1 and validates for real, at two ports of it.
package certstest

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// Endless is what each Authority leaves behind: Pebble reads its validations from a
// queue in a goroutine that nothing ends. It is for goleak.IgnoreAnyFunction.
const Endless = "github.com/letsencrypt/pebble/v2/va.VAImpl.processTasks"

// Ports are the addresses at which an Authority validates: that of tls-alpn-01,
// which is 443 in the world, and that of http-01, which is 80.
type Ports struct{ TLS, HTTP string }

// Authority is a running one. Its methods are for the test's goroutine.
type Authority struct {
	// Roots are those of what it issues.
	Roots *x509.CertPool
	// Client trusts the Authority's own https.
	Client *http.Client

	at       Ports
	resolver string
	addr     string
	server   *httptest.Server
	handler  atomic.Pointer[http.Handler]
	requests atomic.Int64
}

// Start runs an Authority until the test ends. It rejects a fifth of all nonces:
// clients have to repeat their requests (RFC 8555 section 6.5).
func Start(t testing.TB, at Ports) *Authority {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "20")
	t.Setenv("PEBBLE_AUTHZREUSE", "0")
	a := &Authority{Roots: x509.NewCertPool(), at: at, resolver: answerAll(t)}
	a.Forget(t)
	a.Up(t)
	a.Client = a.server.Client()
	t.Cleanup(func() { a.Client.CloseIdleConnections(); a.Down() })
	return a
}

// Forget drops all accounts and orders, and issues from another root, which is
// added to Roots.
func (a *Authority) Forget(t testing.TB) {
	t.Helper()
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	issuer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: 90 * 24 * 3600}})
	a.Roots.AddCert(issuer.GetRootCert(0).Cert)
	judge := va.New(quiet, number(t, a.at.HTTP), number(t, a.at.TLS), false, a.resolver, store)
	front := wfe.New(quiet, store, judge, issuer, []string{"pebble.test"}, false, false, 0, 0)
	handler := front.Handler()
	a.handler.Store(&handler)
}

// Wrap puts something around the Authority until the returned function takes it off.
func (a *Authority) Wrap(around func(next http.Handler) http.Handler) (unwrap func()) {
	old := a.handler.Load()
	next := around(*old)
	a.handler.Store(&next)
	return func() { a.handler.Store(old) }
}

// Up listens again after Down, at the same address.
func (a *Authority) Up(t testing.TB) {
	t.Helper()
	at := a.addr
	if at == "" {
		at = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", at)
	must(t, err)
	a.addr = l.Addr().String()
	a.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.requests.Add(1)
		(*a.handler.Load()).ServeHTTP(w, r)
	}))
	_ = a.server.Listener.Close()
	a.server.Listener = l
	a.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	a.server.StartTLS()
}

// Down closes its listener and all connections. What it knows it keeps.
func (a *Authority) Down() { a.server.Close() }

// Directory is where clients begin.
func (a *Authority) Directory() string { return "https://" + a.addr + wfe.DirectoryPath }

// Requests counts those that came.
func (a *Authority) Requests() int64 { return a.requests.Load() }

// CAFile writes the certificate that the Authority's https is signed by, in PEM.
func (a *Authority) CAFile(t testing.TB) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw}
	must(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	return path
}

func number(t testing.TB, addr string) int {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	must(t, err)
	n, err := strconv.Atoi(port)
	must(t, err)
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

package certs

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// ACMEOptions say for what certificates are obtained, and where.
type ACMEOptions struct {
	Domains   []string
	Email     string // where the authority may write to; may be empty
	Directory string // the authority's URL; Let's Encrypt's if empty
	CacheDir  string // keeps the account's key and the certificates
	// HTTPClient talks to the authority. A private one may need root certificates.
	HTTPClient *http.Client
	Every      time.Duration // between two looks for what is due; a minute if 0
	Retry      time.Duration // the first wait after a failure; a minute if 0
	Log        *slog.Logger  // slog.Default if nil
}

// ACME obtains certificates from an authority and renews them, RFC 8555. That it is
// used accepts the authority's terms of service.
//
// Of the autocert package it has only the store. autocert's Manager obtains within
// handshakes and renews by timers that nothing stops or reports; here both are
// Run's, and a handshake never waits for the authority.
type ACME struct {
	log                *slog.Logger
	client             *http.Client
	email, directory   string
	every, retry       time.Duration
	now                func() time.Time
	store              store
	domains            []*domain
	byName             map[string]*domain
	tokens             tokens
	account            *acme.Client // only Run's; nil until it is registered
	obtained, failures atomic.Uint64
}

// attempt bounds how long one certificate may take.
const attempt = 3 * time.Minute

// NewACME checks the options and reads what is kept in CacheDir; it doesn't talk to
// the authority. An error is an *Error.
func NewACME(o ACMEOptions) (*ACME, error) {
	a := &ACME{log: o.Log, client: o.HTTPClient, email: o.Email, directory: o.Directory,
		every: o.Every, retry: o.Retry, now: time.Now, byName: map[string]*domain{}}
	a.defaults()
	if err := a.check(o); err != nil {
		return nil, err
	}
	place, err := open(o.CacheDir, a.directory)
	if err != nil {
		return nil, err
	}
	a.store = store{autocert.DirCache(place)}
	for _, name := range o.Domains {
		name = fold(name)
		if a.byName[name] != nil {
			continue
		}
		d := &domain{name: name}
		a.domains, a.byName[name] = append(a.domains, d), d
		if cert, err := a.store.load(context.Background(), name, a.now()); err != nil {
			a.log.Warn("kept certificate can't be used; another one will be obtained", "domain", name, "error", err)
		} else if cert != nil {
			d.cert.Store(cert)
		}
	}
	return a, nil
}

func (a *ACME) defaults() {
	if a.log == nil {
		a.log = slog.Default()
	}
	if a.client == nil {
		a.client = &http.Client{Timeout: 30 * time.Second}
	}
	if a.directory == "" {
		a.directory = acme.LetsEncryptURL
	}
	if a.every <= 0 {
		a.every = time.Minute
	}
	if a.retry <= 0 {
		a.retry = time.Minute
	}
}

// GetCertificate finds the certificate of the domain that the client asks for; of
// the first if it asks for none, as by an address. It also answers the authority's
// tls-alpn-01 handshakes. It is for tls.Config and safe for concurrent use.
func (a *ACME) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := fold(hello.ServerName)
	if challenged(hello) {
		if cert := a.tokens.certificate(name); cert != nil {
			return cert, nil
		}
		return nil, fmt.Errorf("no %s challenge for %q", acme.ALPNProto, name)
	}
	d := a.domains[0]
	if name != "" {
		if d = a.byName[name]; d == nil {
			return nil, fmt.Errorf("%q is not one of the domains of this server", name)
		}
	}
	if cert := d.cert.Load(); cert != nil {
		return cert, nil
	}
	return nil, fail(d.name, "the server's log says why, if it takes longer than a minute", "its certificate has not been obtained yet")
}

// NextProtos is what tls.Config.NextProtos needs besides the server's own, at the
// end. Who finds it negotiated has to close the connection after the handshake,
// RFC 8737 section 3.
func (a *ACME) NextProtos() []string { return []string{acme.ALPNProto} }

// NotAfter is when the first of the certificates in force expires; zero if one is
// missing.
func (a *ACME) NotAfter() time.Time {
	var end time.Time
	for _, d := range a.domains {
		cert := d.cert.Load()
		if cert == nil {
			return time.Time{}
		}
		if t := cert.Leaf.NotAfter; end.IsZero() || t.Before(end) {
			end = t
		}
	}
	return end
}

// Obtained counts the certificates that the authority issued.
func (a *ACME) Obtained() uint64 { return a.obtained.Load() }

// Failures counts the attempts that failed.
func (a *ACME) Failures() uint64 { return a.failures.Load() }

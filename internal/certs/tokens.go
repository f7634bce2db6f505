package certs

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/crypto/acme"
)

// The challenges that can be answered here.
const (
	tlsALPN = "tls-alpn-01" // RFC 8737
	http01  = "http-01"     // RFC 8555 section 8.3
)

const challengePath = "/.well-known/acme-challenge/"

// tokens are the answers to the challenges under way.
type tokens struct {
	mu     sync.RWMutex
	plain  bool                        // http-01 can be answered
	certs  map[string]*tls.Certificate // by domain
	bodies map[string]string           // by path
}

// challenged says if a handshake is the authority's, RFC 8737 section 3.
func challenged(hello *tls.ClientHelloInfo) bool {
	return len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acme.ALPNProto
}

func (t *tokens) certificate(name string) *tls.Certificate {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.certs[name]
}

func (t *tokens) body(path string) (string, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	body, ok := t.bodies[path]
	return body, ok
}

// kinds are the challenges that can be answered.
func (t *tokens) kinds() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.plain {
		return []string{tlsALPN, http01}
	}
	return []string{tlsALPN}
}

// answer makes the answer to a challenge available until the returned function is
// called.
func (t *tokens) answer(client *acme.Client, c *acme.Challenge, name string) (forget func(), err error) {
	if c.Type == http01 {
		body, err := client.HTTP01ChallengeResponse(c.Token)
		if err != nil {
			return nil, err
		}
		path := client.HTTP01ChallengePath(c.Token)
		t.change(func() { t.bodies[path] = body })
		return func() { t.change(func() { delete(t.bodies, path) }) }, nil
	}
	cert, err := client.TLSALPN01ChallengeCert(c.Token, name)
	if err != nil {
		return nil, err
	}
	t.change(func() { t.certs[name] = &cert })
	return func() { t.change(func() { delete(t.certs, name) }) }, nil
}

func (t *tokens) change(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.certs == nil {
		t.certs, t.bodies = map[string]*tls.Certificate{}, map[string]string{}
	}
	do()
}

// HTTPHandler answers http-01 challenges on port 80 and lets next do all else; nil
// sends clients to the same place at https. Without it only tls-alpn-01 is used; call
// it before Run.
func (a *ACME) HTTPHandler(next http.Handler) http.Handler {
	a.tokens.change(func() { a.tokens.plain = true })
	if next == nil {
		next = http.HandlerFunc(a.redirect)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, challengePath) {
			next.ServeHTTP(w, r)
			return
		}
		body, ok := a.tokens.body(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream") // RFC 8555 section 8.3
		w.Write([]byte(body))
	})
}

// redirect sends a client to https, but only to a domain of ours: the Host header
// says anything.
func (a *ACME) redirect(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	d := a.byName[fold(host)]
	switch {
	case d == nil:
		http.Error(w, "unknown host", http.StatusMisdirectedRequest)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		http.Error(w, "use https", http.StatusBadRequest)
	default:
		http.Redirect(w, r, "https://"+d.name+r.URL.RequestURI(), http.StatusFound)
	}
}

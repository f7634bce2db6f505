package server

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// certificates is where those of the TLS listeners come from: files, or ACME.
type certificates interface {
	GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error)
	// Run renews them until ctx ends.
	Run(ctx context.Context)
	// NotAfter is when the first one expires, zero if there is none.
	NotAfter() time.Time
	// Failures counts renewals that failed.
	Failures() uint64
}

// loadCertificates: TEMPORARY until internal/certs is there.
func (s *Server) loadCertificates() error {
	if len(s.cfg.TLS.CertFiles) == 0 {
		return nil
	}
	c, err := tls.LoadX509KeyPair(s.cfg.TLS.CertFiles[0], s.cfg.TLS.KeyFiles[0])
	s.certs = fixed{&c}
	return err
}

type fixed struct{ c *tls.Certificate }

func (f fixed) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.c, nil }
func (f fixed) Run(ctx context.Context)                                       { <-ctx.Done() }
func (f fixed) NotAfter() time.Time                                           { return f.c.Leaf.NotAfter }
func (f fixed) Failures() uint64                                              { return 0 }

// tlsConfig is that of the TLS listeners; nil without certificates.
func (s *Server) tlsConfig() *tls.Config {
	if s.certs == nil {
		return nil
	}
	c := &tls.Config{
		GetCertificate: s.certs.GetCertificate,
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
	}
	if s.cfg.TLS.MinVersion == "1.3" {
		c.MinVersion = tls.VersionTLS13
	}
	return c
}

// acmeProto is the protocol that a CA asks for to see a challenge (RFC 8737).
const acmeProto = "acme-tls/1"

// challenges puts the CA's questions before the pages (RFC 8555 section 8.3).
func (s *Server) challenges(pages http.Handler) http.Handler {
	return pages
}

// Secured returns the addresses of the TLS listeners.
func (s *Server) Secured() (addrs []net.Addr) {
	for _, ln := range s.secured {
		addrs = append(addrs, ln.Addr())
	}
	return addrs
}

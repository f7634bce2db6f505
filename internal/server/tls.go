package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"throng/internal/certs"
	"throng/internal/config"
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

// loadCertificates opens what [tls] names. An error is a *certs.Error.
func (s *Server) loadCertificates() error {
	c := &s.cfg.TLS
	switch {
	case len(c.CertFiles) > 0:
		pairs := make([]certs.Pair, len(c.CertFiles))
		for i := range pairs {
			pairs[i] = certs.Pair{Cert: c.CertFiles[i], Key: c.KeyFiles[i]}
		}
		files, err := certs.Load(pairs, certs.Options{Log: s.log})
		if err != nil {
			return err
		}
		s.certs = files
	case len(c.ACMEDomains) > 0:
		client, err := trusting(c.ACMECAFile)
		if err != nil {
			return err
		}
		s.acme, err = certs.NewACME(certs.ACMEOptions{
			Domains: c.ACMEDomains, Email: c.ACMEEmail, Directory: c.ACMEDirectory,
			CacheDir: c.ACMECache, HTTPClient: client, Log: s.log,
		})
		if err != nil {
			return err
		}
		s.certs = s.acme
	}
	return nil
}

// CheckCertificates tries the certificate files that a configuration names. An
// error is a *CertificateError.
func CheckCertificates(c *config.Config) error {
	if len(c.TLS.CertFiles) == 0 {
		return nil
	}
	s := &Server{cfg: c, log: slog.New(slog.DiscardHandler)}
	return s.loadCertificates()
}

// trusting is an HTTP client that believes the roots in a PEM file; nil for the
// system's.
func trusting(file string) (*http.Client, error) {
	if file == "" {
		return nil, nil
	}
	wrong := &certs.Error{Where: "tls.acme_ca_file " + file, Hint: "name a PEM file with the root certificates of the CA"}
	pem, err := os.ReadFile(file)
	if err != nil {
		wrong.Msg, wrong.Err = err.Error(), err
		return nil, wrong
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		wrong.Msg = "no certificate is in it"
		return nil, wrong
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: roots}
	return &http.Client{Transport: t, Timeout: 30 * time.Second}, nil
}

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
	if s.acme != nil {
		c.NextProtos = append(c.NextProtos, s.acme.NextProtos()...)
	}
	if s.cfg.TLS.MinVersion == "1.3" {
		c.MinVersion = tls.VersionTLS13
	}
	return c
}

// challenges puts the CA's questions before the pages (RFC 8555 section 8.3).
func (s *Server) challenges(pages http.Handler) http.Handler {
	if s.acme == nil || len(s.public) == 0 {
		return pages // without a plain listener nobody could ask: the CA is not asked to
	}
	return s.acme.HTTPHandler(pages)
}

// Secured returns the addresses of the TLS listeners.
func (s *Server) Secured() (addrs []net.Addr) {
	for _, ln := range s.secured {
		addrs = append(addrs, ln.Addr())
	}
	return addrs
}

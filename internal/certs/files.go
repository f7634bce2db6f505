package certs

import (
	"crypto/sha256"
	"crypto/tls"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Options say how certificates in files are watched.
type Options struct {
	Every time.Duration // between two looks; 5 s if 0
	Log   *slog.Logger  // slog.Default if nil
}

// Files serves certificates from PEM files.
type Files struct {
	every time.Duration
	log   *slog.Logger

	names             atomic.Pointer[names]
	notAfter          atomic.Pointer[time.Time]
	reloads, failures atomic.Uint64

	mu    sync.Mutex // held while looking
	pairs []*watched
}

// watched is a pair, what is in force of it, and what is wrong with its files.
type watched struct {
	Pair
	cert  *tls.Certificate
	sum   [sha256.Size]byte // of the content that is in force
	loose bool

	doubt    bool              // the last look found something wrong
	told     [sha256.Size]byte // the content that was complained about
	toldAt   time.Time
	warnedAt time.Time // of the end of its validity
	over     bool      // that it had ended already
}

// Load reads all pairs. An error is an *Error: of the first pair that can't be used.
func Load(pairs []Pair, o Options) (*Files, error) {
	if len(pairs) == 0 {
		return nil, fail("certificates", "name a certificate and its key", "there are none")
	}
	f := &Files{every: o.Every, log: o.Log}
	if f.every <= 0 {
		f.every = 5 * time.Second
	}
	if f.log == nil {
		f.log = slog.Default()
	}
	now := time.Now()
	for _, p := range pairs {
		c := p.read()
		cert, err := p.judge(c, now)
		if err != nil {
			return nil, err
		}
		w := &watched{Pair: p}
		f.take(w, cert, c)
		f.pairs = append(f.pairs, w)
	}
	f.publish()
	return f, nil
}

// GetCertificate chooses by the name that the client asks for; if no certificate
// has it, the first. It is for tls.Config and safe for concurrent use.
func (f *Files) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.names.Load().find(hello), nil
}

// NotAfter is when the first of the certificates in force expires.
func (f *Files) NotAfter() time.Time { return *f.notAfter.Load() }

// Reloads counts the certificates that replaced another one.
func (f *Files) Reloads() uint64 { return f.reloads.Load() }

// Failures counts the contents of files that could not be used.
func (f *Files) Failures() uint64 { return f.failures.Load() }

// take puts a certificate into force for the next publish, and warns of what is odd
// about it.
func (f *Files) take(w *watched, cert *tls.Certificate, c content) {
	w.cert, w.sum, w.doubt, w.warnedAt = cert, c.digest(), false, time.Time{}
	if len(cert.Leaf.DNSNames) == 0 && len(cert.Leaf.IPAddresses) == 0 {
		f.log.Warn("certificate has no names; clients will refuse it", "path", w.Cert,
			"hint", "issue it with subjectAltName: the common name is not looked at")
	}
	if c.loose && !w.loose {
		f.log.Warn("the key is open to every user of this machine", "path", w.Key, "hint", "chmod 600 it")
	}
	w.loose = c.loose
}

// publish shows handshakes what is in force.
func (f *Files) publish() {
	list := make([]*tls.Certificate, len(f.pairs))
	end := f.pairs[0].cert.Leaf.NotAfter
	for i, w := range f.pairs {
		list[i] = w.cert
		if t := w.cert.Leaf.NotAfter; t.Before(end) {
			end = t
		}
	}
	f.notAfter.Store(&end)
	f.names.Store(index(list))
}

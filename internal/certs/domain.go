package certs

import (
	"crypto/tls"
	"crypto/x509"
	"sync/atomic"
	"time"
)

// domain is one name and what is in force for it. All but cert is Run's alone.
type domain struct {
	name   string
	cert   atomic.Pointer[tls.Certificate]
	worked string // the kind of challenge that the authority accepted last
	wait   time.Duration
	next   time.Time // no attempt before it
}

// maxWait bounds the pauses between attempts.
const maxWait = time.Hour

// due says if the domain needs a new certificate.
func (d *domain) due(now time.Time) bool {
	cert := d.cert.Load()
	return cert == nil || now.After(renewal(cert.Leaf))
}

// renewal is when a certificate is to be renewed: a third of its life before the
// end, at most 30 days.
func renewal(leaf *x509.Certificate) time.Time {
	return leaf.NotAfter.Add(-min(30*day, leaf.NotAfter.Sub(leaf.NotBefore)/3))
}

// failed plans the next attempt: each pause is three times the one before, so that
// with the usual first one no more than five fall into an hour, which is what Let's
// Encrypt allows. An authority may ask for more.
func (d *domain) failed(now time.Time, first, asked time.Duration) {
	if d.wait == 0 {
		d.wait = first
	} else {
		d.wait = min(3*d.wait, max(maxWait, first))
	}
	d.next = now.Add(max(d.wait, asked))
}

// succeeded puts a certificate into force.
func (d *domain) succeeded(cert *tls.Certificate) {
	d.cert.Store(cert)
	d.wait, d.next = 0, time.Time{}
}

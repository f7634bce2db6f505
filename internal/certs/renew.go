package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"golang.org/x/crypto/acme"
)

// Run obtains the certificates that are missing and renews those that are due,
// without anybody asking for them, until ctx is done. One at a time: authorities
// count what is asked of them. It must run once.
func (a *ACME) Run(ctx context.Context) {
	defer a.client.CloseIdleConnections()
	ticker := time.NewTicker(a.every)
	defer ticker.Stop()
	for {
		for _, d := range a.domains {
			// The wall clock, not a timer of months: machines sleep.
			if now := a.now(); d.due(now) && !now.Before(d.next) && ctx.Err() == nil {
				a.renew(ctx, d)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// renew makes one attempt for a domain.
func (a *ACME) renew(ctx context.Context, d *domain) {
	if cert := a.kept(ctx, d); cert != nil {
		d.succeeded(cert)
		a.log.Info("certificate taken from the cache", "domain", d.name, "expires", stamp(cert.Leaf.NotAfter))
		return
	}
	limited, cancel := context.WithTimeout(ctx, attempt)
	cert, err := a.obtain(limited, d)
	cancel()
	if ctx.Err() != nil && err != nil {
		return
	}
	if err != nil {
		a.regret(d, err)
		return
	}
	d.succeeded(cert)
	a.log.Info("certificate obtained", "domain", d.name, "challenge", d.worked, "expires", stamp(cert.Leaf.NotAfter))
	if err := a.store.save(context.WithoutCancel(ctx), d.name, cert); err != nil {
		a.log.Error("certificate can't be kept; it is asked for again after a restart", "domain", d.name, "error", err,
			"hint", "is the disk full, or the cache directory read-only?")
	}
	a.obtained.Add(1)
}

// kept is a certificate that another process with the same directory renewed.
func (a *ACME) kept(ctx context.Context, d *domain) *tls.Certificate {
	now := a.now()
	cert, err := a.store.load(ctx, d.name, now)
	if err != nil || cert == nil || now.After(renewal(cert.Leaf)) {
		return nil
	}
	return cert
}

// regret logs a failure and plans the next attempt.
func (a *ACME) regret(d *domain, err error) {
	defer a.failures.Add(1)
	if unknownAccount(err) {
		a.account = nil // the authority forgot it
	}
	now := a.now()
	d.failed(now, a.retry, pause(err))
	fields := []any{"domain", d.name, "error", err, "hint", advise(err), "next", stamp(d.next)}
	if cert := d.cert.Load(); cert != nil {
		a.log.Error("certificate can't be renewed; the old one stays in force", append(fields, "expires", stamp(cert.Leaf.NotAfter))...)
		return
	}
	a.log.Error("certificate can't be obtained; clients of this domain can't connect", fields...)
}

// pause is how long the authority asks to wait, RFC 8555 section 6.6.
func pause(err error) time.Duration {
	var problem *acme.Error
	if !errors.As(err, &problem) {
		return 0
	}
	wait, _ := acme.RateLimit(problem)
	return min(max(wait, 0), day)
}

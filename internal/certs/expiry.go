package certs

import (
	"crypto/x509"
	"time"
)

const day = 24 * time.Hour

// warn tells once a day that what is in force will not be for long.
func (f *Files) warn(w *watched, now time.Time) {
	left := w.cert.Leaf.NotAfter.Sub(now)
	over := left < 0
	if left >= margin(w.cert.Leaf) || (!w.warnedAt.IsZero() && w.over == over && now.Sub(w.warnedAt) < day) {
		return
	}
	w.warnedAt, w.over = now, over
	if over {
		f.log.Error("certificate has expired; clients refuse it", "path", w.Cert, "expires", stamp(w.cert.Leaf.NotAfter),
			"hint", "renew it and replace the files; they are read again by themselves")
		return
	}
	f.log.Warn("certificate expires soon", "path", w.Cert, "expires", stamp(w.cert.Leaf.NotAfter),
		"hint", "renew it and replace the files; they are read again by themselves")
}

// margin is how long before its end a certificate should have been replaced: a
// week, or a quarter of the life of one that is made for days.
func margin(leaf *x509.Certificate) time.Duration {
	return min(7*day, leaf.NotAfter.Sub(leaf.NotBefore)/4)
}

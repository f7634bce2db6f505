package certs

import (
	"crypto/tls"
	"time"
)

// SetNow gives the tests another clock; before Run.
func (a *ACME) SetNow(now func() time.Time) { a.now = now }

// Pauses are the waits after so many failures in a row.
func Pauses(n int, first time.Duration) []time.Duration {
	var d domain
	var list []time.Duration
	for range n {
		var zero time.Time
		d.failed(zero, first, 0)
		list = append(list, d.next.Sub(zero))
	}
	return list
}

// Advise is the hint for a failed attempt.
var Advise = advise

// Judge says if a pair of files with this content can be used.
func Judge(cert, key []byte, now time.Time) error {
	c, err := Pair{Cert: "cert", Key: "key"}.judge(content{cert: cert, key: key}, now)
	if err != nil {
		return err
	}
	index([]*tls.Certificate{c})
	return nil
}

package certs

import (
	"crypto/tls"
	"time"
)

// SetNow gives the tests another clock; before Run.
func (a *ACME) SetNow(now func() time.Time) { a.now = now }

// Pauses are the waits after so many failures in a row, and after one that follows
// a success.
func Pauses(n int, first time.Duration) []time.Duration {
	var d domain
	var list []time.Duration
	var zero time.Time
	for range n {
		d.failed(zero, first, 0)
		list = append(list, d.next.Sub(zero))
	}
	d.succeeded(nil)
	d.failed(zero, first, 0)
	return append(list, d.next.Sub(zero))
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

package certs_test

import (
	"errors"
	"testing"
	"time"

	"throng/internal/certs"
)

// FuzzPair reads any bytes as certificate and key: no panic, and what is refused is
// refused with a message.
func FuzzPair(f *testing.F) {
	for _, kind := range []string{"", "rsa", "ed25519"} {
		c := issue(f, form{names: []string{"a.example", "*.b.example"}, kind: kind})
		f.Add(c.cert, c.key)
		f.Add(append(c.cert, c.cert...), c.key)
		f.Add(c.der, c.key)
		f.Add(c.key, c.cert)
	}
	f.Add([]byte(""), []byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))
	now := time.Now()
	f.Fuzz(func(t *testing.T, cert, key []byte) {
		err := certs.Judge(cert, key, now)
		var e *certs.Error
		if err != nil && (!errors.As(err, &e) || e.Msg == "" || e.Hint == "" || e.Where == "") {
			t.Errorf("%v says too little", err)
		}
	})
}

package proxies

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"throng/internal/gateway/gatewaytest"
)

// writeCertificate writes a certificate for 127.0.0.1 that signs itself: apart
// (cert.pem, key.pem), as nginx wants it, and in one file (both.pem), as HAProxy
// does. Clients are told to trust cert.pem.
func writeCertificate(t *testing.T, dir string) {
	t.Helper()
	cert, key := gatewaytest.Certificate(t)
	read := func(path string) []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	c, k := read(cert), read(key)
	for name, b := range map[string][]byte{"cert.pem": c, "key.pem": k, "both.pem": slices.Concat(c, k)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

package certs_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"throng/internal/certs"
)

// issued is a self-signed certificate in PEM and DER.
type issued struct {
	cert, key, der []byte
	serial         *big.Int
}

// form says how a certificate deviates from a good one.
type form struct {
	names        []string
	before, span time.Duration // valid since so long, and for so long in all; 90 days
	kind         string        // of key: "", "rsa", "ed25519"
	key          crypto.Signer
}

func issue(t testing.TB, f form) issued {
	t.Helper()
	key := f.key
	if key == nil {
		key = newKey(t, f.kind)
	}
	if f.span == 0 {
		f.span = 90 * 24 * time.Hour
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	must(t, err)
	since := time.Now().Add(-f.before)
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "test"}, DNSNames: f.names,
		NotBefore: since, NotAfter: since.Add(f.span), KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	return issued{block("CERTIFICATE", der), encode(t, key), der, serial}
}

func newKey(t testing.TB, kind string) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch kind {
	case "rsa":
		key, err = rsaKey()
	case "ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	must(t, err)
	return key
}

// rsaKey makes one for all tests: that takes long.
var rsaKey = sync.OnceValues(func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func encode(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return block("PRIVATE KEY", der)
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// store writes a pair's files.
func store(t testing.TB, dir string, c issued) certs.Pair {
	t.Helper()
	p := certs.Pair{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	write(t, p.Cert, c.cert)
	write(t, p.Key, c.key)
	return p
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, data, 0o600))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// served is the serial number of what a client that asks for a name gets.
func served(t testing.TB, source interface {
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
}, name string) string {
	t.Helper()
	cert, err := source.GetCertificate(&tls.ClientHelloInfo{ServerName: name})
	must(t, err)
	return cert.Leaf.SerialNumber.String()
}

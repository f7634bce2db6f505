package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"throng"
	"throng/internal/auth"
)

const (
	goodSecret  = "0123456789abcdef0123456789abcdef"
	otherSecret = "fedcba9876543210fedcba9876543210"
)

// pair is a key pair in files.
type pair struct{ private, public string }

// newPair writes a pair of a kind: RSA with a number of bits, a curve, or Ed25519.
func newPair(t testing.TB, kind any) pair {
	t.Helper()
	var key crypto.Signer
	var err error
	switch k := kind.(type) {
	case int:
		key, err = rsa.GenerateKey(rand.Reader, k)
	case elliptic.Curve:
		key, err = ecdsa.GenerateKey(k, rand.Reader)
	default:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	}
	check(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	check(t, err)
	return pair{writePEM(t, "PRIVATE KEY", private), writePEM(t, "PUBLIC KEY", public)}
}

func writePEM(t testing.TB, kind string, der []byte) string {
	t.Helper()
	return write(t, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bySecret signs with a secret.
func bySecret(t testing.TB, secret, name string) *auth.Signer {
	t.Helper()
	s, err := auth.NewSigner([]byte(secret), name)
	check(t, err)
	return s
}

// byKey signs with the private key of a pair.
func byKey(t testing.TB, p pair, name string) *auth.Signer {
	t.Helper()
	s, err := auth.ReadSigner(p.private, name)
	check(t, err)
	return s
}

// sign makes a token.
func sign(t testing.TB, s *auth.Signer, claims any) string {
	t.Helper()
	token, err := s.Sign(claims)
	check(t, err)
	return token
}

// seal makes a token of a header and payload as they are.
func seal(t testing.TB, s *auth.Signer, header, payload string) string {
	t.Helper()
	token, err := s.Seal(header, payload)
	check(t, err)
	return token
}

// newVerifier makes one that is closed at the end of the test.
func newVerifier(t testing.TB, o auth.Options) *auth.Verifier {
	t.Helper()
	v, err := auth.New(o)
	check(t, err)
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// seconds is a time as claims have it.
func seconds(d time.Duration) int64 { return time.Now().Add(d).Unix() }

// journal is a log that tests can read while it is written.
type journal struct {
	mu sync.Mutex
	b  strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

func (j *journal) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// wantCode fails unless the error is one with this code.
func wantCode(t testing.TB, what string, err *throng.Error, want *throng.Error) {
	t.Helper()
	if err != want {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

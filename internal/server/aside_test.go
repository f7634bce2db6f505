package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"throng/internal/auth"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/server"
)

// TestCostlyConnects: of a crowd with tokens that take long to check, so many wait as
// there is room for, the others are told to come back; and when the crowd has gone,
// nobody waits for it.
func TestCostlyConnects(t *testing.T) {
	k, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader) // milliseconds a token
	fatal(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(k)
	fatal(t, err)
	public, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	fatal(t, err)
	write := func(kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), "key.pem")
		fatal(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	signer, err := auth.ReadSigner(write("PRIVATE KEY", private), "")
	fatal(t, err)
	token, err := signer.Sign(auth.Claims{User: "ann"})
	fatal(t, err)
	s := start(t, server.Options{Config: configured(t, map[string]string{"auth.public_key_files": write("PUBLIC KEY", public)})})
	request := gatewaytest.Handshake("/socket/websocket?vsn=2.0.0&token=" + token)
	crowd := make([]net.Conn, 1500)
	for i := range crowd {
		if crowd[i], err = net.Dial("tcp", s.Public()[0].String()); err != nil {
			t.Fatal(err)
		}
		defer crowd[i].Close()
	}
	for _, c := range crowd {
		_, err := c.Write(request)
		fatal(t, err)
	}
	last := crowd[len(crowd)-1]
	_ = last.SetReadDeadline(time.Now().Add(10 * time.Second))
	head, _ := io.ReadAll(last)
	if !strings.HasPrefix(string(head), "HTTP/1.1 503 ") || !strings.Contains(string(head), "Retry-After: ") {
		t.Errorf("the last is answered %q", head)
	}
	for _, c := range crowd {
		_ = c.Close()
	}
	begun := time.Now()
	for status(t, s, "token="+token) != 101 {
		time.Sleep(10 * time.Millisecond)
	}
	if took := time.Since(begun); took > time.Second {
		t.Errorf("who came behind the crowd waited for %v", took)
	}
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"throng/internal/auth"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/server"
)

// TestCostlyConnects: when a crowd with tokens that take long to check has gone, nobody
// waits for it. That no more wait than there is room for is TestAsideBound's.
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
	for _, c := range crowd {
		_ = c.Close()
	}
	const accepted = `throng_tokens_total{outcome="accepted"}`
	before := metric(t, s, accepted)
	for status(t, s, "token="+token) != 101 {
		time.Sleep(10 * time.Millisecond)
	}
	if n := metric(t, s, accepted) - before; n > 700 { // of a thousand that waited; the server learns of each end as it comes to it
		t.Errorf("who came behind the crowd waited for %.0f that had gone", n)
	}
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

package phoenix_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"throng/internal/auth"
	"throng/internal/gateway/gatewaytest"
)

// writeKeys writes a pair of ES256: who signs with it, and the public file.
func writeKeys(t *testing.T) (*auth.Signer, string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(k)
	check(t, err)
	public, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	check(t, err)
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		check(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	s, err := auth.ReadSigner(write("private.pem", "PRIVATE KEY", private), "")
	check(t, err)
	return s, write("public.pem", "PUBLIC KEY", public)
}

// TestCostlyRefreshes: a client has few signatures of private keys checked on its
// loop; shared secrets are not counted.
func TestCostlyRefreshes(t *testing.T) {
	signer, public := writeKeys(t)
	o := gatewaytest.Options("auto")
	o.Config.Auth.HMACSecret, o.Config.Auth.PublicKeyFiles = secret, []string{public}
	s := gatewaytest.Start(t, o)
	shared, err := auth.NewSigner([]byte(secret), "")
	check(t, err)
	sign := func(by *auth.Signer) string {
		token, err := by.Sign(auth.Claims{User: "ann"})
		check(t, err)
		return token
	}
	costly, cheap := sign(signer), sign(shared)
	c := gatewaytest.Connect(t, s.Addr(), target+"&token="+cheap)
	refresh := func(token, answer string) {
		t.Helper()
		c.Text(fmt.Sprintf(`[null,"1","phoenix","refresh",{"token":%q}]`, token))
		c.Expect(`[null,"1","phoenix","phx_reply",` + answer + `]`)
	}
	const ok = `{"status":"ok","response":{}}`
	for range 8 {
		refresh(costly, ok)
		refresh(cheap, ok)
	}
	refresh(costly, `{"status":"error","response":{"reason":"too many requests","code":111}}`)
	refresh(cheap, ok)
	c.Bye()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

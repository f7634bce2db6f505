package auth_test

import (
	"crypto/elliptic"
	"testing"
	"time"

	"throng"
	"throng/internal/auth"
)

// BenchmarkConnection: what a connect costs, by algorithm; the token is an ordinary
// one. tokens/s is one core's.
func BenchmarkConnection(b *testing.B) {
	claims := auth.Claims{
		User: "user-12345", Expires: time.Now().Add(time.Hour).Unix(), Issued: time.Now().Unix(), TokenID: "0f8fad5b-d9cb-469f-a165-70867728950e",
		Info: []byte(`{"name":"Ann","avatar":"https://example.com/a.png"}`), Channels: []string{"news", "user:12345"},
	}
	rsa, p256, p384, ed := newPair(b, 2048), newPair(b, elliptic.P256()), newPair(b, elliptic.P384()), newPair(b, nil)
	for _, c := range []struct {
		name   string
		signer *auth.Signer
		o      auth.Options
	}{
		{"HS256", bySecret(b, goodSecret, ""), auth.Options{Secret: goodSecret}},
		{"HS512", bySecret(b, goodSecret, "HS512"), auth.Options{Secret: goodSecret}},
		{"RS256", byKey(b, rsa, ""), auth.Options{PublicKeyFiles: []string{rsa.public}}},
		{"PS256", byKey(b, rsa, "PS256"), auth.Options{PublicKeyFiles: []string{rsa.public}}},
		{"ES256", byKey(b, p256, ""), auth.Options{PublicKeyFiles: []string{p256.public}}},
		{"ES384", byKey(b, p384, ""), auth.Options{PublicKeyFiles: []string{p384.public}}},
		{"EdDSA", byKey(b, ed, ""), auth.Options{PublicKeyFiles: []string{ed.public}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			v, token := newVerifier(b, c.o), sign(b, c.signer, claims)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Connection(token); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

// BenchmarkSubscription: what a join with a token costs.
func BenchmarkSubscription(b *testing.B) {
	v := newVerifier(b, auth.Options{Secret: goodSecret})
	token := sign(b, bySecret(b, goodSecret, ""), auth.Claims{User: "user-12345", Channel: "room:1", Expires: time.Now().Add(time.Hour).Unix()})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Subscription(token, "user-12345", "room:1"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRevoked: what the look-up costs each token where 100,000 are revoked.
func BenchmarkRevoked(b *testing.B) {
	v := newVerifier(b, auth.Options{Secret: goodSecret})
	for i := range 100_000 {
		check(b, v.Revoke(auth.Revocation{TokenID: string(rune('a'+i%26)) + time.Duration(i).String()}))
	}
	id := &throng.Identity{User: "user-12345", TokenID: "0f8fad5b-d9cb-469f-a165-70867728950e"}
	b.ReportAllocs()
	for b.Loop() {
		if v.Revoked(id) {
			b.Fatal("revoked")
		}
	}
}

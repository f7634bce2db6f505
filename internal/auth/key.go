package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"

	"github.com/golang-jwt/jwt/v5"
)

// key is one that signatures are checked with.
type key struct {
	id       string            // what tokens call it; empty if it has no name
	method   jwt.SigningMethod // the only one that it serves; nil for all of its kind
	material any               // []byte, or a public key
}

// Bounds of keys.
const (
	// MinSecretBytes is the shortest secret: that of HS256 (RFC 7518 section 3.2).
	MinSecretBytes = 32

	minModulus = 2048 // bits (RFC 7518 section 3.3)
	maxModulus = 8192 // bits; checking takes longer with each
)

// fits reports whether a token may have been signed with the key's counterpart.
func (k *key) fits(t *token) bool {
	return (k.id == "" || t.keyID == "" || k.id == t.keyID) &&
		(k.method == nil || k.method == t.method) && serves(k.material, t.method)
}

// checked returns what kind of public key material is, or what is wrong with it.
func checked(material any) (kind string, wrong string) {
	switch k := material.(type) {
	case *rsa.PublicKey:
		switch bits := k.N.BitLen(); {
		case bits < minModulus:
			return "", "an RSA key of fewer than 2048 bits can be broken"
		case bits > maxModulus:
			return "", "an RSA key of more than 8192 bits takes too long to check"
		}
		return "RSA", ""
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return "EC " + k.Curve.Params().Name, ""
		}
		return "", "the curve is none of P-256, P-384 and P-521"
	case ed25519.PublicKey:
		return "Ed25519", ""
	}
	return "", "it is not a key that signs: RSA, EC or Ed25519 is"
}

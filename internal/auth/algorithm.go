package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"

	"github.com/golang-jwt/jwt/v5"
)

// algorithm returns the method of a name, nil for what is not accepted, above all
// "none". The library's own table is not asked: anybody in the process may add to it.
func algorithm(name string) jwt.SigningMethod {
	switch name {
	case "HS256":
		return jwt.SigningMethodHS256
	case "HS384":
		return jwt.SigningMethodHS384
	case "HS512":
		return jwt.SigningMethodHS512
	case "RS256":
		return jwt.SigningMethodRS256
	case "RS384":
		return jwt.SigningMethodRS384
	case "RS512":
		return jwt.SigningMethodRS512
	case "PS256":
		return jwt.SigningMethodPS256
	case "PS384":
		return jwt.SigningMethodPS384
	case "PS512":
		return jwt.SigningMethodPS512
	case "ES256":
		return jwt.SigningMethodES256
	case "ES384":
		return jwt.SigningMethodES384
	case "ES512":
		return jwt.SigningMethodES512
	case "EdDSA", "Ed25519": // RFC 9864 names the curve
		return jwt.SigningMethodEdDSA
	}
	return nil
}

// serves reports whether a key is of an algorithm's kind.
func serves(material any, method jwt.SigningMethod) bool {
	switch m := method.(type) {
	case *jwt.SigningMethodHMAC:
		_, ok := material.([]byte)
		return ok
	case *jwt.SigningMethodRSA, *jwt.SigningMethodRSAPSS:
		_, ok := material.(*rsa.PublicKey)
		return ok
	case *jwt.SigningMethodECDSA: // RFC 7518 section 3.4: each with its own curve
		k, ok := material.(*ecdsa.PublicKey)
		return ok && k.Curve.Params().BitSize == m.CurveBits
	case *jwt.SigningMethodEd25519:
		_, ok := material.(ed25519.PublicKey)
		return ok
	}
	return false
}

// secret reports whether an algorithm's key is a shared secret.
func secret(method jwt.SigningMethod) bool {
	_, ok := method.(*jwt.SigningMethodHMAC)
	return ok
}

package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// Signer makes tokens, for trying out and for tests: in production the application's
// backend does.
type Signer struct {
	method jwt.SigningMethod
	key    any
	keyID  string
}

// NewSigner signs with a secret. name is HS256, HS384 or HS512; empty for the first.
func NewSigner(secretText []byte, name string) (*Signer, error) {
	if name == "" {
		name = "HS256"
	}
	m := algorithm(name)
	switch {
	case m == nil || !secret(m):
		return nil, fail("algorithm", "with a secret it is HS256, HS384 or HS512", "%.20q needs another kind of key", name)
	case len(secretText) < MinSecretBytes:
		return nil, fail("secret", "make one: openssl rand -base64 48", "it has %d bytes, and must have %d at least", len(secretText), MinSecretBytes)
	}
	return &Signer{method: m, key: secretText}, nil
}

// ReadSecret returns the secret of options, which are those of a configuration; nil if
// there is none. An error is an *Error.
func ReadSecret(o Options) ([]byte, error) {
	value, err := readSecret("auth.hmac_secret", o.Secret, o.SecretFile)
	if err != nil {
		return nil, err
	}
	return value, nil
}

// ReadSigner signs with the private key of a PEM file. name is an algorithm of the
// key's kind; empty for the usual one.
func ReadSigner(path, name string) (*Signer, error) {
	data, wrong := readFile(path)
	if wrong != nil {
		return nil, wrong
	}
	block, _ := pem.Decode(data)
	for block != nil && block.Type == "EC PARAMETERS" { // openssl writes them first
		block, data = pem.Decode(data)
	}
	if block == nil || !strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return nil, fail(path, "it begins with -----BEGIN PRIVATE KEY-----", "there is no private key in PEM form in it")
	}
	key, err := privateKey(block)
	if err != nil {
		return nil, fail(path, "an encrypted one must be decrypted first: openssl pkey -in KEY", "the private key can't be read")
	}
	public := key.Public()
	if _, wrong := checked(public); wrong != "" {
		return nil, fail(path, "make a new pair: docs/auth.md shows how", "%s", wrong)
	}
	if name == "" {
		name = usual(public)
	}
	m := algorithm(name)
	if m == nil || !serves(public, m) {
		return nil, fail(path, "leave the algorithm out", "it can't sign with %.20q", name)
	}
	return &Signer{method: m, key: key}, nil
}

func privateKey(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, err
	}
	if s, ok := key.(crypto.Signer); ok {
		return s, nil
	}
	return nil, x509.ErrUnsupportedAlgorithm
}

// usual is the algorithm that most would take with a key.
func usual(public any) string {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return "RS256"
	case ed25519.PublicKey:
		return "EdDSA"
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 384:
			return "ES384"
		case 521:
			return "ES512"
		}
	}
	return "ES256"
}

// Named returns a signer whose tokens call the key by a name.
func (s *Signer) Named(id string) *Signer {
	named := *s
	named.keyID = id
	return &named
}

// Claims are what a token says; see docs/auth.md. Times are seconds since 1970.
type Claims struct {
	User     string          `json:"sub,omitempty"`
	Channel  string          `json:"channel,omitempty"` // of a subscription token
	Expires  int64           `json:"exp,omitempty"`
	Issued   int64           `json:"iat,omitempty"`
	TokenID  string          `json:"jti,omitempty"`
	Issuer   string          `json:"iss,omitempty"`
	Audience []string        `json:"aud,omitempty"`
	Info     json.RawMessage `json:"info,omitempty"`
	Meta     json.RawMessage `json:"meta,omitempty"`
	Channels []string        `json:"channels,omitempty"`
	Subs     map[string]Sub  `json:"subs,omitempty"`
	Publish  bool            `json:"publish,omitempty"`
}

// Sub is what a connection token says of one channel.
type Sub struct {
	Info    json.RawMessage `json:"info,omitempty"`
	Publish bool            `json:"publish,omitempty"`
}

// Sign makes a token that says what claims, any value that is a JSON object, say.
func (s *Signer) Sign(claims any) (string, error) {
	header := struct {
		Alg string `json:"alg"`
		Typ string `json:"typ"`
		Kid string `json:"kid,omitempty"`
	}{s.method.Alg(), "JWT", s.keyID}
	h, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	p, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	return s.seal(h, p)
}

func (s *Signer) seal(header, payload []byte) (string, error) {
	text := encode(header) + "." + encode(payload)
	signature, err := s.method.Sign(text, s.key)
	if err != nil {
		return "", err
	}
	return text + "." + encode(signature), nil
}

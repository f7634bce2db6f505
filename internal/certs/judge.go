package certs

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"time"
)

// judge makes a certificate of what the files hold, or says what is wrong.
func (p Pair) judge(c content, now time.Time) (*tls.Certificate, *Error) {
	if c.certErr != nil {
		return nil, c.certErr
	}
	if c.keyErr != nil {
		return nil, c.keyErr
	}
	chain, err := parseChain(p.Cert, c.cert)
	if err != nil {
		return nil, err
	}
	if err := checkKey(p.Key, c.key); err != nil {
		return nil, err
	}
	cert, cause := tls.X509KeyPair(c.cert, c.key)
	if cause != nil {
		return nil, p.mismatch(chain, c.key, cause)
	}
	return &cert, checkTime(p.Cert, cert.Leaf, now)
}

// parseChain finds the certificates of a file: at least one.
func parseChain(path string, data []byte) ([]*x509.Certificate, *Error) {
	var chain []*x509.Certificate
	other := ""
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			other = block.Type
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, from(path, err, "copy it again from where it was issued", "the certificate is damaged")
		}
		chain = append(chain, cert)
	}
	switch {
	case len(chain) > 0:
		return chain, nil
	case strings.HasSuffix(other, "PRIVATE KEY"):
		return nil, fail(path, "are the two paths swapped?", "a key is where the certificate should be")
	case other != "":
		return nil, fail(path, "is it the right file?", "no certificate in it, but: %s", other)
	}
	if _, err := x509.ParseCertificate(data); err == nil {
		return nil, fail(path, "convert it: openssl x509 -inform der -in FILE -out cert.pem", "the certificate is in DER form, not PEM")
	}
	return nil, fail(path, "it should begin with -----BEGIN CERTIFICATE-----", "the certificate is not PEM")
}

// checkKey looks for a key in the clear.
func checkKey(path string, data []byte) *Error {
	certificate := false
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"): // RFC 5958, RFC 1421 section 4.6.1.1
			return fail(path, "write it without: openssl pkey -in FILE -out key.pem", "the key is encrypted with a passphrase")
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil
		case block.Type == "CERTIFICATE":
			certificate = true
		}
	}
	if certificate {
		return fail(path, "are the two paths swapped?", "a certificate is where the key should be")
	}
	return fail(path, "it should begin with -----BEGIN PRIVATE KEY----- or another kind of private key", "the key is not PEM")
}

// mismatch says why a certificate and a key that are both there make no pair.
func (p Pair) mismatch(chain []*x509.Certificate, key []byte, cause error) *Error {
	for _, issuer := range chain[1:] {
		// A chain with only this certificate fits if the order is wrong.
		block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issuer.Raw})
		if _, err := tls.X509KeyPair(block, key); err == nil {
			return fail(p.Cert, "put the server's certificate first, then those that issued it", "the key belongs to a later certificate of the chain")
		}
	}
	if strings.Contains(cause.Error(), "does not match") {
		e := fail(p.Cert, "name the key that the certificate was requested with", "the certificate and the key %s don't belong together", p.Key)
		e.Err = cause
		return e
	}
	return from(p.Key, cause, "the key has to be RSA, ECDSA or Ed25519", "the key can't be used")
}

// checkTime says if a certificate is not valid at a time.
func checkTime(where string, leaf *x509.Certificate, now time.Time) *Error {
	switch {
	case now.After(leaf.NotAfter):
		return fail(where, "renew it", "the certificate expired on %s", stamp(leaf.NotAfter))
	case now.Before(leaf.NotBefore):
		return fail(where, "is the clock of this machine right?", "the certificate is not valid before %s", stamp(leaf.NotBefore))
	}
	return nil
}

// fits says if a key belongs to a certificate.
func fits(leaf *x509.Certificate, key crypto.Signer) bool {
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	return err == nil && bytes.Equal(public, leaf.RawSubjectPublicKeyInfo)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

package certs

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"time"

	"golang.org/x/crypto/acme/autocert"
)

// store keeps certificates and the account's key as autocert does: one file each,
// written whole or not at all, for nobody else to read.
type store struct{ cache autocert.Cache }

// accountFile can't be a domain.
const accountFile = "acme_account+key"

// load reads what is kept for a domain; nil without an error if there is nothing, or
// nothing that is still valid.
func (s store) load(ctx context.Context, name string, now time.Time) (*tls.Certificate, error) {
	data, err := s.cache.Get(ctx, name)
	if errors.Is(err, autocert.ErrCacheMiss) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(data, data)
	if err != nil {
		return nil, err
	}
	if err := cert.Leaf.VerifyHostname(name); err != nil {
		return nil, err
	}
	if checkTime(name, cert.Leaf, now) != nil {
		return nil, nil
	}
	return &cert, nil
}

// save keeps a certificate: the key, then the chain.
func (s store) save(ctx context.Context, name string, cert *tls.Certificate) error {
	key, err := encodeKey(cert.PrivateKey)
	if err != nil {
		return err
	}
	file := bytes.NewBuffer(key)
	for _, der := range cert.Certificate {
		if err := pem.Encode(file, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			return err
		}
	}
	return s.cache.Put(ctx, name, file.Bytes())
}

// accountKey reads the key of the account, or makes one and keeps it.
func (s store) accountKey(ctx context.Context) (crypto.Signer, error) {
	data, err := s.cache.Get(ctx, accountFile)
	if errors.Is(err, autocert.ErrCacheMiss) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		if data, err = encodeKey(key); err != nil {
			return nil, err
		}
		return key, s.cache.Put(ctx, accountFile, data)
	}
	if err != nil {
		return nil, err
	}
	damaged := fail(accountFile, "remove it: another account is made", "the kept key of the account is damaged")
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, damaged
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil { // autocert's form
		return key, nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
	}
	return nil, damaged
}

func encodeKey(key crypto.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

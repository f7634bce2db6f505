package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxFile bounds what is read of a file of keys.
const maxFile = 1 << 20

// readPublicKeys reads a PEM file with one or more public keys or certificates.
func readPublicKeys(path string) ([]key, *Error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	var keys []key
	for len(data) > 0 {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		material, err := publicKey(path, block)
		if err != nil {
			return nil, err
		}
		if _, wrong := checked(material); wrong != "" {
			return nil, fail(path, "make a new pair: docs/auth.md shows how", "%s", wrong)
		}
		keys = append(keys, key{material: material})
	}
	if len(keys) == 0 {
		return nil, fail(path, "it begins with -----BEGIN PUBLIC KEY-----", "there is no public key in PEM form in it")
	}
	return keys, nil
}

// publicKey takes one block.
func publicKey(path string, block *pem.Block) (any, *Error) {
	var material any
	var err error
	switch {
	case block.Type == "PUBLIC KEY":
		material, err = x509.ParsePKIXPublicKey(block.Bytes)
	case block.Type == "RSA PUBLIC KEY":
		material, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case block.Type == "CERTIFICATE":
		var c *x509.Certificate
		if c, err = x509.ParseCertificate(block.Bytes); err == nil {
			material = c.PublicKey
		}
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return nil, fail(path, "keep it where tokens are made, and give the server the public half: openssl pkey -in KEY -pubout",
			"it has a private key, with which tokens could be made")
	default:
		return nil, fail(path, "it begins with -----BEGIN PUBLIC KEY-----", "it is a %.40q, not a public key", block.Type)
	}
	if err != nil {
		return nil, fail(path, "is the file damaged?", "the public key can't be read: %v", err)
	}
	return material, nil
}

// readSecret returns a secret, given or in a file; nil for none. where names the
// setting.
func readSecret(where, given, path string) ([]byte, *Error) {
	value, what := []byte(given), where
	if path != "" {
		data, err := readFile(path)
		if err != nil {
			return nil, err
		}
		value, what = trimBreak(data), path
	}
	switch {
	case len(value) == 0 && path == "":
		return nil, nil
	case len(value) < MinSecretBytes:
		return nil, fail(what, "make one: openssl rand -base64 48", "the secret has %d bytes, and must have %d at least", len(value), MinSecretBytes)
	case bytes.Contains(value, []byte("-----BEGIN")):
		return nil, fail(what, "name it in auth.public_key_files", "this is a key in PEM form, not a secret")
	}
	return value, nil
}

// trimBreak cuts off the line break that editors put at the end.
func trimBreak(b []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
}

// readFile reads a regular file of a sensible size.
func readFile(path string) ([]byte, *Error) {
	info, err := os.Stat(path) // before opening: to open a pipe would wait for its writer
	if err == nil && !info.Mode().IsRegular() {
		return nil, fail(path, "name the file itself", "it is not a regular file")
	}
	var data []byte
	if err == nil {
		data, err = readBounded(path)
	}
	if err != nil {
		hint := ""
		switch {
		case errors.Is(err, fs.ErrNotExist):
			hint = "create it, or correct the path"
		case errors.Is(err, fs.ErrPermission):
			hint = "let the user that runs the server read it"
		}
		var op *fs.PathError
		if errors.As(err, &op) {
			err = op.Err // it repeats the path
		}
		return nil, &Error{Where: path, Msg: "can't be read: " + err.Error(), Hint: hint, Err: err}
	}
	if len(data) > maxFile {
		return nil, fail(path, "is it the right file?", "it has more than %d bytes", maxFile)
	}
	return data, nil
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

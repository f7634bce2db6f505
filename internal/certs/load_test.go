package certs_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"throng/internal/certs"
)

const hour = time.Hour

// TestLoadRefuses holds each bad input against what the operator is told.
func TestLoadRefuses(t *testing.T) {
	good := issue(t, form{names: []string{"a.example"}})
	other := issue(t, form{names: []string{"b.example"}})
	encrypted := []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n")
	chain := append(bytes.Clone(other.cert), good.cert...)
	tests := []struct {
		name      string
		cert, key []byte
		at        string // the file that is to blame
		msg, hint string
	}{
		{"empty certificate", []byte(" \n"), good.key, "cert.pem", "empty", "PEM"},
		{"empty key", good.cert, nil, "key.pem", "empty", "PEM"},
		{"certificate is no PEM", []byte("hello"), good.key, "cert.pem", "not PEM", "BEGIN CERTIFICATE"},
		{"key is no PEM", good.cert, []byte("hello"), "key.pem", "not PEM", "BEGIN"},
		{"certificate in DER", good.der, good.key, "cert.pem", "DER", "openssl x509"},
		{"damaged certificate", block("CERTIFICATE", good.der[:len(good.der)-9]), good.key, "cert.pem", "damaged", "again"},
		{"damaged key", good.cert, block("PRIVATE KEY", []byte("x")), "key.pem", "can't be used", "ECDSA"},
		{"swapped", good.key, good.cert, "cert.pem", "a key is where", "swapped"},
		{"certificate twice", good.cert, good.cert, "key.pem", "a certificate is where", "swapped"},
		{"a request", block("CERTIFICATE REQUEST", good.der), good.key, "cert.pem", "CERTIFICATE REQUEST", "right file"},
		{"encrypted", good.cert, block("ENCRYPTED PRIVATE KEY", []byte("x")), "key.pem", "passphrase", "openssl pkey"},
		{"encrypted, old form", good.cert, encrypted, "key.pem", "passphrase", "openssl pkey"},
		{"key of another", good.cert, other.key, "cert.pem", "don't belong together", "requested with"},
		{"key of another kind", good.cert, issue(t, form{kind: "ed25519"}).key, "cert.pem", "don't belong together", "requested with"},
		{"chain in wrong order", chain, good.key, "cert.pem", "later certificate", "first"},
		{"too long", bytes.Repeat(good.cert, 1<<21/len(good.cert)), good.key, "cert.pem", "more than", "right file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pair := store(t, t.TempDir(), issued{cert: tt.cert, key: tt.key})
			refused(t, pair, tt.at, tt.msg, tt.hint)
		})
	}
	for name, tt := range map[string]struct {
		form
		msg, hint string
	}{
		"expired":       {form{before: 2 * hour, span: hour}, "expired on", "renew"},
		"not yet valid": {form{before: -hour}, "not valid before", "clock"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, store(t, t.TempDir(), issue(t, tt.form)), "cert.pem", tt.msg, tt.hint)
		})
	}
}

func TestLoadUnreadable(t *testing.T) {
	dir := t.TempDir()
	pair := store(t, dir, issue(t, form{}))
	missing := filepath.Join(dir, "none.pem")
	err := refused(t, certs.Pair{Cert: missing, Key: pair.Key}, "none.pem", "can't be read", "create it")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v doesn't say that the file is not there", err)
	}
	if strings.Count(err.Error(), "none.pem") != 1 {
		t.Errorf("the path is not named once: %v", err)
	}
	refused(t, certs.Pair{Cert: pair.Cert, Key: missing}, "none.pem", "the key can't be read", "create it")
	refused(t, certs.Pair{Cert: dir, Key: pair.Key}, filepath.Base(dir), "not a regular file", "itself")
	refused(t, certs.Pair{Cert: pair.Cert}, "certificates", "no file is named for the key", "name")
	if runtime.GOOS != "windows" && os.Geteuid() != 0 {
		must(t, os.Chmod(pair.Key, 0))
		refused(t, pair, "key.pem", "permission denied", "user that runs")
	}
	if _, err := certs.Load(nil, certs.Options{}); err == nil {
		t.Error("no pairs are no error")
	}
}

// refused loads a pair that is bad.
func refused(t *testing.T, pair certs.Pair, at, msg, hint string) error {
	t.Helper()
	_, err := certs.Load([]certs.Pair{pair}, certs.Options{})
	var e *certs.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want an *Error", err)
	}
	if filepath.Base(e.Where) != at || !strings.Contains(e.Msg, msg) || !strings.Contains(e.Hint, hint) {
		t.Errorf("%q, message %q, hint %q; want %q, %q, %q", e.Where, e.Msg, e.Hint, at, msg, hint)
	}
	return err
}

// TestLoadAccepts tries the kinds of keys, and all in one file.
func TestLoadAccepts(t *testing.T) {
	for _, kind := range []string{"", "rsa", "ed25519"} {
		c := issue(t, form{names: []string{"a.example"}, kind: kind})
		dir := t.TempDir()
		pair := store(t, dir, c)
		one := filepath.Join(dir, "all.pem")
		write(t, one, append(bytes.Clone(c.key), c.cert...))
		for _, p := range []certs.Pair{pair, {Cert: one, Key: one}} {
			var log record
			f, err := certs.Load([]certs.Pair{p}, certs.Options{Log: log.logger()})
			must(t, err)
			if got := served(t, f, "a.example"); got != c.serial.String() {
				t.Errorf("%q: another certificate is served", kind)
			}
			if log.String() != "" {
				t.Errorf("%q: the log has something to say about a good one: %s", kind, &log)
			}
		}
	}
}

func TestLoadWarns(t *testing.T) {
	pair := store(t, t.TempDir(), issue(t, form{}))
	must(t, os.Chmod(pair.Key, 0o644))
	var log record
	f, err := certs.Load([]certs.Pair{pair}, certs.Options{Log: log.logger()})
	must(t, err)
	if log.with("WARN", "no names", "subjectAltName") != 1 {
		t.Errorf("nothing about the missing names: %s", &log)
	}
	if runtime.GOOS != "windows" && log.with("WARN", "every user", "chmod 600") != 1 {
		t.Errorf("nothing about the open key: %s", &log)
	}
	f.Look()
	if n := log.with("WARN"); n > 2 {
		t.Errorf("%d warnings: they are repeated: %s", n, &log)
	}
}

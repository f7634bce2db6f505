package certs_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/acme"

	"throng/internal/certs"
)

func TestACMEOptions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, []byte("x"))
	long := strings.Repeat("a", 64) + ".example.org"
	tests := []struct {
		name, msg, hint string
		change          func(*certs.ACMEOptions)
	}{
		{"no domain", "none", "name the domains", func(o *certs.ACMEOptions) { o.Domains = nil }},
		{"empty domain", "not a domain", "chat.example.org", func(o *certs.ACMEOptions) { o.Domains = []string{""} }},
		{"wildcard", "wildcard", "files", func(o *certs.ACMEOptions) { o.Domains = []string{"a.example.org", "*.example.org"} }},
		{"address", "addresses", "name", func(o *certs.ACMEOptions) { o.Domains = []string{"192.0.2.1"} }},
		{"IPv6 address", "addresses", "name", func(o *certs.ACMEOptions) { o.Domains = []string{"[2001:db8::1]"} }},
		{"port", "not a domain", "port", func(o *certs.ACMEOptions) { o.Domains = []string{"a.example.org:443"} }},
		{"URL", "not a domain", "scheme", func(o *certs.ACMEOptions) { o.Domains = []string{"https://a.example.org"} }},
		{"not ASCII", "ASCII", "xn--", func(o *certs.ACMEOptions) { o.Domains = []string{"bücher.example"} }},
		{"one label", "public", "public", func(o *certs.ACMEOptions) { o.Domains = []string{"localhost"} }},
		{"underscore", "not a domain", "like", func(o *certs.ACMEOptions) { o.Domains = []string{"a_b.example.org"} }},
		{"hyphen", "not a domain", "like", func(o *certs.ACMEOptions) { o.Domains = []string{"-a.example.org"} }},
		{"climbing", "not a domain", "like", func(o *certs.ACMEOptions) { o.Domains = []string{"..", "a.example.org"} }},
		{"empty label", "not a domain", "like", func(o *certs.ACMEOptions) { o.Domains = []string{"a..example.org"} }},
		{"long label", "not a domain", "like", func(o *certs.ACMEOptions) { o.Domains = []string{long} }},
		{"e-mail", "e-mail", "leave it out", func(o *certs.ACMEOptions) { o.Email = "ops" }},
		{"e-mail with name", "e-mail", "leave it out", func(o *certs.ACMEOptions) { o.Email = "Ops <ops@example.org>" }},
		{"http", "directory", "https", func(o *certs.ACMEOptions) { o.Directory = "http://a.test/dir" }},
		{"no URL", "directory", "https", func(o *certs.ACMEOptions) { o.Directory = "letsencrypt" }},
		{"no cache", "no directory", "restarts", func(o *certs.ACMEOptions) { o.CacheDir = "" }},
		{"cache is a file", "can't be made", "user", func(o *certs.ACMEOptions) { o.CacheDir = file }},
	}
	for _, tt := range tests {
		o := certs.ACMEOptions{Domains: []string{"a.example.org"}, Email: "ops@example.org", CacheDir: t.TempDir(), Log: new(record).logger()}
		if _, err := certs.NewACME(o); err != nil {
			t.Fatalf("good options: %v", err)
		}
		tt.change(&o)
		_, err := certs.NewACME(o)
		var e *certs.Error
		if !errors.As(err, &e) || !strings.Contains(e.Msg, tt.msg) || !strings.Contains(e.Hint, tt.hint) || e.Where == "" {
			t.Errorf("%s: %#v, want a message with %q and a hint with %q", tt.name, err, tt.msg, tt.hint)
		}
	}
}

// TestPauses keeps to Let's Encrypt's five failures an hour, and goes on for ever.
func TestPauses(t *testing.T) {
	got := certs.Pauses(7, time.Minute)
	want := []time.Duration{time.Minute, 3 * time.Minute, 9 * time.Minute, 27 * time.Minute, hour, hour, hour, time.Minute}
	if !slices.Equal(got, want) {
		t.Errorf("pauses %v, want %v", got, want)
	}
}

// TestAdvice has something to say about every failure, and the right thing about
// those that are known.
func TestAdvice(t *testing.T) {
	problem := func(kind string) error {
		return fmt.Errorf("x: %w", &acme.Error{StatusCode: 403, ProblemType: "urn:ietf:params:acme:error:" + kind, Header: http.Header{}})
	}
	for part, err := range map[string]error{
		"port 443":           fmt.Errorf("x: %w", &acme.AuthorizationError{}),
		"port 80":            &acme.OrderError{},
		"limit":              problem("rateLimited"),
		"doesn't issue":      problem("rejectedIdentifier"),
		"CAA record":         problem("caa"),
		"DNS doesn't answer": problem("dns"),
		"e-mail":             problem("invalidContact"),
		"not supported":      problem("externalAccountRequired"),
		"made again":         problem("accountDoesNotExist"),
		"may not do this":    problem("unauthorized"),
		"refused":            problem("serverInternal"),
		"install its root":   fmt.Errorf("x: %w", x509.UnknownAuthorityError{}),
		"write to the cache": &fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission},
		"in time":            context.DeadlineExceeded,
		"can't be reached":   &net.OpError{Op: "dial", Err: errors.New("refused")},
		"status page":        errors.New("something"),
		"remove it: another": &certs.Error{Hint: "remove it: another account is made"},
	} {
		if got := certs.Advise(err); !strings.Contains(got, part) {
			t.Errorf("%v: %q doesn't contain %q", err, got, part)
		}
	}
}

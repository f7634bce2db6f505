package certs_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"throng/internal/certs"
	"throng/internal/certs/certstest"
)

// obtain starts an ACME source behind a host.
func obtain(t *testing.T, p *certstest.Authority, o certs.ACMEOptions) (*certs.ACME, *record) {
	t.Helper()
	log := &record{}
	o.Log, o.Directory, o.HTTPClient = log.logger(), p.Directory(), p.Client
	o.Every, o.Retry = 5*time.Millisecond, 5*time.Millisecond
	a, err := certs.NewACME(o)
	must(t, err)
	return a, log
}

// run runs it until the returned function, or the test, ends.
func run(t *testing.T, a *certs.ACME) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return stop
}

func (h *host) serve(a *certs.ACME) {
	h.config.Store(&tls.Config{GetCertificate: a.GetCertificate, NextProtos: append([]string{"http/1.1"}, a.NextProtos()...)})
}

// TestACME obtains certificates over tls-alpn-01, serves them, keeps them, and a
// second process takes them from there.
func TestACME(t *testing.T) {
	h := startHost(t)
	p := certstest.Start(t, h.Ports)
	dir := filepath.Join(t.TempDir(), "cache")
	options := certs.ACMEOptions{Domains: []string{"Chat.Example.org", "b.example.org", "chat.example.org"}, Email: "ops@example.org", CacheDir: dir}
	a, log := obtain(t, p, options)
	h.serve(a)
	if _, err := shake(h.TLS, "chat.example.org", nil); err == nil {
		t.Error("a handshake before there is a certificate succeeds")
	}
	if !a.NotAfter().IsZero() {
		t.Error("it tells the end of certificates that are missing")
	}
	stop := run(t, a)
	await(t, func() bool { return a.Obtained() == 2 })
	if a.NotAfter().IsZero() || a.Failures() != 0 {
		t.Errorf("%d obtained and %d failures, want 2 and 0: %s", a.Obtained(), a.Failures(), log)
	}
	if left := time.Until(a.NotAfter()); left < 89*24*hour || left > 90*24*hour {
		t.Errorf("it ends in %v", left)
	}
	for _, name := range []string{"chat.example.org", "CHAT.example.org", "b.example.org"} {
		// The client verifies name and chain.
		if _, err := shake(h.TLS, name, p.Roots, "http/1.1"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"other.example.org", "example.org", "evilchat.example.org"} {
		if _, err := shake(h.TLS, name, nil); err == nil {
			t.Errorf("%s is served", name)
		}
		if _, err := a.GetCertificate(&tls.ClientHelloInfo{ServerName: name}); !says(err, "not one of the domains") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := shake(h.TLS, "chat.example.org", nil, "acme-tls/1"); err == nil {
		t.Error("a challenge that nobody asked for is answered")
	}
	if log.with("INFO certificate obtained domain=chat.example.org challenge=tls-alpn-01") != 1 || log.with("INFO account made", "terms=") != 1 {
		t.Errorf("log: %s", log)
	}
	stop()
	private(t, dir, 3) // two certificates and the account
	secondRun(t, h, p, a, options)
}

// private looks that nobody else may read what is kept.
func private(t *testing.T, dir string, files int) {
	t.Helper()
	n := 0
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o700)
		if !e.IsDir() {
			n, want = n+1, 0o600
		}
		if got := info.Mode().Perm(); got != want && runtime.GOOS != "windows" {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
		return nil
	}))
	if n != files {
		t.Errorf("%d files are kept, want %d", n, files)
	}
}

// secondRun starts again with the same cache: no word to the authority.
func secondRun(t *testing.T, h *host, p *certstest.Authority, first *certs.ACME, options certs.ACMEOptions) {
	t.Helper()
	before := p.Requests()
	a, log := obtain(t, p, options)
	var looks atomic.Int64
	a.SetNow(func() time.Time { looks.Add(1); return time.Now() })
	h.serve(a)
	run(t, a)
	await(t, func() bool { return looks.Load() > 10 })
	if n := p.Requests() - before; n != 0 {
		t.Errorf("%d requests with a full cache", n)
	}
	for _, name := range []string{"chat.example.org", "b.example.org"} {
		if got, want := served(t, a, name), served(t, first, name); got != want {
			t.Errorf("%s: another certificate than before", name)
		}
		if _, err := shake(h.TLS, name, p.Roots); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if log.String() != "" {
		t.Errorf("log: %s", log)
	}
}

// TestACMEByHTTP has no TLS listener that the authority could use.
func TestACMEByHTTP(t *testing.T) {
	h := startHost(t)
	p := certstest.Start(t, h.Ports)
	a, log := obtain(t, p, certs.ACMEOptions{Domains: []string{"a.example.org"}, CacheDir: t.TempDir()})
	handler := a.HTTPHandler(nil)
	h.handler.Store(&handler)
	run(t, a)
	await(t, func() bool { return a.Obtained() == 1 })
	if log.with("INFO certificate obtained", "challenge=http-01") != 1 || a.Failures() != 0 {
		t.Errorf("log: %s", log)
	}
	leaf, err := a.GetCertificate(&tls.ClientHelloInfo{})
	must(t, err)
	must(t, leaf.Leaf.VerifyHostname("a.example.org"))
}

// TestACMEUnproved has nobody answer the challenge.
func TestACMEUnproved(t *testing.T) {
	h := startHost(t)
	p := certstest.Start(t, h.Ports)
	a, log := obtain(t, p, certs.ACMEOptions{Domains: []string{"a.example.org"}, CacheDir: t.TempDir()})
	run(t, a)
	await(t, func() bool { return a.Failures() >= 2 })
	if log.with("ERROR certificate can't be obtained", "a.example.org", "tls-alpn-01", "hint=the authority has to reach this server", "next=") < 2 {
		t.Errorf("log: %s", log)
	}
	h.serve(a) // now it can be reached
	await(t, func() bool { return a.Obtained() == 1 })
}

// TestACMEDown renews while the authority is down, and when it is back.
func TestACMEDown(t *testing.T) {
	h := startHost(t)
	p := certstest.Start(t, h.Ports)
	dir := t.TempDir()
	a, _ := obtain(t, p, certs.ACMEOptions{Domains: []string{"a.example.org"}, CacheDir: dir})
	h.serve(a)
	stop := run(t, a)
	await(t, func() bool { return a.Obtained() == 1 })
	stop()
	p.Down()

	b, log := obtain(t, p, certs.ACMEOptions{Domains: []string{"a.example.org", "new.example.org"}, CacheDir: dir})
	var clock atomic.Int64
	b.SetNow(func() time.Time { return time.Now().Add(time.Duration(clock.Load())) })
	h.serve(b)
	run(t, b)
	await(t, func() bool {
		return log.with("ERROR certificate can't be obtained", "new.example.org", "hint=the authority can't be reached") > 0
	})
	if log.with("domain=a.example.org") != 0 {
		t.Errorf("a certificate that isn't due is renewed: %s", log)
	}
	if _, err := shake(h.TLS, "new.example.org", p.Roots); err == nil {
		t.Error("a domain without certificate is served")
	}
	var e *certs.Error
	if _, err := b.GetCertificate(&tls.ClientHelloInfo{ServerName: "new.example.org"}); !errors.As(err, &e) || e.Hint == "" {
		t.Errorf("error %v has no hint", err)
	}
	clock.Store(int64(61 * 24 * hour)) // 29 days before the end
	await(t, func() bool {
		return log.with("ERROR certificate can't be renewed; the old one stays", "a.example.org", "expires=", "hint=") > 0
	})
	old := served(t, a, "a.example.org")
	if got := served(t, b, "a.example.org"); got != old {
		t.Error("the old certificate is not served")
	}
	if _, err := shake(h.TLS, "a.example.org", p.Roots); err != nil {
		t.Errorf("a handshake of a known domain while the authority is down: %v", err)
	}

	p.Forget(t) // it comes back without its accounts
	p.Up(t)
	await(t, func() bool { return !b.NotAfter().IsZero() && served(t, b, "a.example.org") != old })
	for _, name := range []string{"a.example.org", "new.example.org"} {
		if _, err := shake(h.TLS, name, p.Roots); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestACMEAccountForgotten renews at an authority that lost its accounts meanwhile.
func TestACMEAccountForgotten(t *testing.T) {
	h := startHost(t)
	p := certstest.Start(t, h.Ports)
	a, log := obtain(t, p, certs.ACMEOptions{Domains: []string{"a.example.org"}, CacheDir: t.TempDir()})
	var clock atomic.Int64
	a.SetNow(func() time.Time { return time.Now().Add(time.Duration(clock.Load())) })
	h.serve(a)
	run(t, a)
	await(t, func() bool { return a.Obtained() == 1 })
	p.Forget(t)
	clock.Store(int64(61 * 24 * hour))
	await(t, func() bool { return a.Obtained() >= 2 })
	if log.with("INFO account made") != 2 || log.with("ERROR", "account is made again") == 0 {
		t.Errorf("log: %s", log)
	}
}

// TestACMEShared takes a certificate that another process obtained.
func TestACMEShared(t *testing.T) {
	h := startHost(t)
	p := certstest.Start(t, h.Ports)
	options := certs.ACMEOptions{Domains: []string{"a.example.org"}, CacheDir: t.TempDir()}
	a, _ := obtain(t, p, options)
	b, log := obtain(t, p, options)
	h.serve(a)
	stop := run(t, a)
	await(t, func() bool { return a.Obtained() == 1 })
	stop()
	run(t, b)
	await(t, func() bool { return log.with("INFO certificate taken from the cache") == 1 })
	if b.Obtained() != 0 || b.NotAfter().IsZero() {
		t.Errorf("%d obtained; log: %s", b.Obtained(), log)
	}
}

// TestACMECache has damaged and foreign files in the cache.
func TestACMECache(t *testing.T) {
	dir := t.TempDir()
	open := func(directory string) (*certs.ACME, *record) {
		var log record
		a, err := certs.NewACME(certs.ACMEOptions{Domains: []string{"a.example.org"}, CacheDir: dir, Directory: directory, Log: log.logger()})
		must(t, err)
		return a, &log
	}
	const one, two = "https://one.test:8443/directory", "https://two.test/directory"
	open(one)
	place := filepath.Join(dir, "one.test-8443-directory", "a.example.org")
	keep := func(c issued) { write(t, place, append(c.key, c.cert...)) }

	good := issue(t, form{names: []string{"a.example.org"}})
	keep(good)
	if a, _ := open(one); served(t, a, "a.example.org") != good.serial.String() {
		t.Error("what is kept is not served")
	}
	if a, _ := open(two); !a.NotAfter().IsZero() {
		t.Error("another authority's certificate is served")
	}
	for name, tt := range map[string]struct {
		spoil func()
		said  bool
	}{
		"other name": {func() { keep(issue(t, form{names: []string{"b.example.org"}})) }, true},
		"expired":    {func() { keep(issue(t, form{names: []string{"a.example.org"}, before: 2 * hour, span: hour})) }, false},
		"rubbish":    {func() { write(t, place, []byte("rubbish")) }, true},
		"mismatch":   {func() { write(t, place, append(issue(t, form{}).key, good.cert...)) }, true},
	} {
		tt.spoil()
		a, log := open(one)
		if !a.NotAfter().IsZero() {
			t.Errorf("%s: it is served", name)
		}
		if said := log.with("WARN kept certificate can't be used", "a.example.org") == 1; said != tt.said {
			t.Errorf("%s: log: %s", name, log)
		}
	}
}

// TestACMECacheLost goes on with a certificate that can't be kept.
func TestACMECacheLost(t *testing.T) {
	h := startHost(t)
	p := certstest.Start(t, h.Ports)
	dir := t.TempDir()
	a, log := obtain(t, p, certs.ACMEOptions{Domains: []string{"a.example.org"}, CacheDir: dir})
	h.serve(a)
	// A directory where the certificate's file should be can't be replaced.
	place := strings.NewReplacer(":", "-", "/", "-").Replace(strings.TrimPrefix(p.Directory(), "https://"))
	must(t, os.MkdirAll(filepath.Join(dir, place, "a.example.org", "x"), 0o700))
	run(t, a)
	await(t, func() bool { return a.Obtained() == 1 })
	if log.with("ERROR certificate can't be kept", "hint=is the disk full") != 1 {
		t.Errorf("log: %s", log)
	}
	if _, err := shake(h.TLS, "a.example.org", p.Roots); err != nil {
		t.Error(err)
	}
}

// TestHTTPHandler has no challenge under way.
func TestHTTPHandler(t *testing.T) {
	a, err := certs.NewACME(certs.ACMEOptions{Domains: []string{"a.example.org"}, CacheDir: t.TempDir(), Log: new(record).logger()})
	must(t, err)
	h := startHost(t)
	own := a.HTTPHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	redirect := a.HTTPHandler(nil)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableKeepAlives: true}}
	for _, tt := range []struct {
		handler            http.Handler
		method, host, path string
		status             int
		location           string
	}{
		{own, "GET", "a.example.org", "/x", http.StatusTeapot, ""},
		{own, "GET", "a.example.org", "/.well-known/acme-challenge/", http.StatusNotFound, ""},
		{own, "GET", "a.example.org", "/.well-known/acme-challenge/../../x", http.StatusNotFound, ""},
		{redirect, "GET", "A.example.org:8080", "/x?y=1", http.StatusFound, "https://a.example.org/x?y=1"},
		{redirect, "GET", "a.example.org", "//evil.test/", http.StatusFound, "https://a.example.org//evil.test/"},
		{redirect, "GET", "evil.test", "/x", http.StatusMisdirectedRequest, ""},
		{redirect, "POST", "a.example.org", "/x", http.StatusBadRequest, ""},
		{redirect, "GET", "a.example.org", "/.well-known/acme-challenge/x", http.StatusNotFound, ""},
	} {
		h.handler.Store(&tt.handler)
		request, err := http.NewRequest(tt.method, "http://"+h.HTTP+tt.path, nil)
		must(t, err)
		request.Host = tt.host
		answer, err := client.Do(request)
		must(t, err)
		answer.Body.Close()
		if answer.StatusCode != tt.status || answer.Header.Get("Location") != tt.location {
			t.Errorf("%s %s%s: %d to %q", tt.method, tt.host, tt.path, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
}

// TestACMERateLimited is told to come back in an hour: it doesn't come before.
func TestACMERateLimited(t *testing.T) {
	h := startHost(t)
	p := certstest.Start(t, h.Ports)
	var orders atomic.Int64
	lift := p.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/order") {
				next.ServeHTTP(w, r)
				return
			}
			orders.Add(1)
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
			w.Write([]byte(`{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many"}`))
		})
	})
	a, log := obtain(t, p, certs.ACMEOptions{Domains: []string{"a.example.org"}, CacheDir: t.TempDir()})
	h.serve(a)
	var clock, looks atomic.Int64
	a.SetNow(func() time.Time { looks.Add(1); return time.Now().Add(time.Duration(clock.Load())) })
	run(t, a)
	await(t, func() bool { return a.Failures() == 1 })
	from := looks.Load()
	await(t, func() bool { return looks.Load() > from+20 })
	if orders.Load() != 1 || a.Failures() != 1 || log.with("ERROR", "hint=the authority's limit is reached") != 1 {
		t.Errorf("%d requests in %d attempts; log: %s", orders.Load(), a.Failures(), log)
	}
	lift()
	clock.Store(int64(61 * time.Minute))
	await(t, func() bool { return a.Obtained() == 1 })
}

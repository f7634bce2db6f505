package certs_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"throng/internal/certs"
)

const look = 5 * time.Second // Options.Every's default

// watch runs Files on the bubble's clock.
func watch(t *testing.T, log *record, pairs ...certs.Pair) *certs.Files {
	t.Helper()
	f, err := certs.Load(pairs, certs.Options{Log: log.logger()})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); f.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	synctest.Wait()
	return f
}

// looks lets Run look so many times.
func looks(n int) {
	time.Sleep(time.Duration(n) * look)
	synctest.Wait()
}

func expect(t *testing.T, f *certs.Files, want issued, reloads, failures uint64) {
	t.Helper()
	if got := served(t, f, "a.example"); got != want.serial.String() {
		t.Error("the wrong certificate is served")
	}
	if f.Reloads() != reloads || f.Failures() != failures {
		t.Errorf("%d reloads and %d failures, want %d and %d", f.Reloads(), f.Failures(), reloads, failures)
	}
}

func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log record
		one, two := issue(t, form{}), issue(t, form{span: 50 * 24 * hour})
		dir := t.TempDir()
		f := watch(t, &log, store(t, dir, one))
		looks(3)
		expect(t, f, one, 0, 0)
		store(t, dir, two)
		looks(1)
		expect(t, f, two, 1, 0)
		if left := time.Until(f.NotAfter()); left > 50*24*hour {
			t.Errorf("the end of the old certificate is told: %v", left)
		}
		if log.with("INFO certificate reloaded", "cert.pem", "expires=") != 1 {
			t.Errorf("log: %s", &log)
		}
	})
}

// TestReloadIgnoresTimes changes a file and gives it back its old time and size.
func TestReloadIgnoresTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log record
		key := newKey(t, "")
		one := issue(t, form{key: key})
		dir := t.TempDir()
		pair := store(t, dir, one)
		before, err := os.Stat(pair.Cert)
		must(t, err)
		f := watch(t, &log, pair)
		two := issue(t, form{key: key})
		write(t, pair.Cert, two.cert)
		must(t, os.Chtimes(pair.Cert, before.ModTime(), before.ModTime()))
		looks(1)
		expect(t, f, two, 1, 0)
	})
}

// TestReloadHalf replaces one file after the other, with a look in between.
func TestReloadHalf(t *testing.T) {
	for _, keyFirst := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var log record
			one, two := issue(t, form{}), issue(t, form{})
			pair := store(t, t.TempDir(), one)
			f := watch(t, &log, pair)
			steps := []func(){func() { write(t, pair.Cert, two.cert) }, func() { write(t, pair.Key, two.key) }}
			if keyFirst {
				steps[0], steps[1] = steps[1], steps[0]
			}
			steps[0]()
			looks(1)
			expect(t, f, one, 0, 0)
			if strings.Contains(log.String(), "\n") || !strings.HasPrefix(log.String(), warned) {
				t.Errorf("key first %v: half a change is logged: %s", keyFirst, &log)
			}
			steps[1]()
			looks(1)
			expect(t, f, two, 1, 0)
			if log.with("ERROR") != 0 {
				t.Errorf("key first %v: %s", keyFirst, &log)
			}
		})
	}
}

// warned is what Load says about every certificate without a name.
const warned = "WARN certificate has no names; clients will refuse it"

// TestReloadBroken has each way in which a new pair can be bad: the old one is
// served, it is said and counted once, and again when it is mended.
func TestReloadBroken(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, certs.Pair){
		"missing certificate": func(t *testing.T, p certs.Pair) { must(t, os.Remove(p.Cert)) },
		"missing key":         func(t *testing.T, p certs.Pair) { must(t, os.Remove(p.Key)) },
		"rubbish":             func(t *testing.T, p certs.Pair) { write(t, p.Cert, []byte("rubbish")) },
		"cut":                 func(t *testing.T, p certs.Pair) { must(t, os.Truncate(p.Cert, 100)) },
		"empty":               func(t *testing.T, p certs.Pair) { must(t, os.Truncate(p.Key, 0)) },
		"mismatch":            func(t *testing.T, p certs.Pair) { write(t, p.Cert, issue(t, form{}).cert) },
		"expired": func(t *testing.T, p certs.Pair) {
			store(t, filepath.Dir(p.Cert), issue(t, form{before: 2 * hour, span: hour}))
		},
		"not yet valid": func(t *testing.T, p certs.Pair) { store(t, filepath.Dir(p.Cert), issue(t, form{before: -24 * hour})) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log record
				one, two := issue(t, form{names: []string{"a.example"}}), issue(t, form{names: []string{"a.example"}})
				dir := t.TempDir()
				pair := store(t, dir, one)
				f := watch(t, &log, pair)
				spoil(t, pair)
				looks(1)
				expect(t, f, one, 0, 0)
				looks(1)
				expect(t, f, one, 0, 1)
				if log.with("ERROR new certificate can't be used; the old one stays", "error=", "hint=", ".pem") != 1 {
					t.Errorf("log: %s", &log)
				}
				store(t, dir, two)
				looks(1)
				expect(t, f, two, 1, 1)
				if log.with("INFO certificate reloaded") != 1 {
					t.Errorf("log: %s", &log)
				}
			})
		})
	}
}

// TestReloadReminds counts how often the log says it.
func TestReloadReminds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log record
		one := issue(t, form{names: []string{"a.example"}})
		dir := t.TempDir()
		pair := store(t, dir, one)
		f := watch(t, &log, pair)
		write(t, pair.Cert, []byte("rubbish"))
		time.Sleep(look + look + 10*time.Minute)
		synctest.Wait()
		if n := log.with("ERROR"); n != 11 {
			t.Errorf("%d errors in ten minutes, want one at once and one a minute", n)
		}
		expect(t, f, one, 0, 1)
		write(t, pair.Cert, []byte("other rubbish"))
		looks(1)
		if n := log.with("ERROR"); n != 12 {
			t.Errorf("%d errors, want one more at once when the content changes", n)
		}
		expect(t, f, one, 0, 2)
		store(t, dir, one) // back to what is in force
		looks(2)
		expect(t, f, one, 0, 2)
		if log.with("INFO", "as before") != 1 || log.with("ERROR") != 12 {
			t.Errorf("log: %s", &log)
		}
	})
}

// TestReloadWaitsForValidity takes a certificate when its time has come.
func TestReloadWaitsForValidity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log record
		one := issue(t, form{})
		dir := t.TempDir()
		f := watch(t, &log, store(t, dir, one))
		two := issue(t, form{before: -10 * time.Minute})
		store(t, dir, two)
		time.Sleep(9 * time.Minute)
		synctest.Wait()
		expect(t, f, one, 0, 1)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		expect(t, f, two, 1, 1)
	})
}

// TestReloadOfOnePair lets a broken pair not keep another from being replaced.
func TestReloadOfOnePair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log record
		dir := t.TempDir()
		a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
		one, two := issue(t, form{names: []string{"a.example"}}), issue(t, form{names: []string{"b.example"}})
		f := watch(t, &log, store(t, a, one), store(t, b, two))
		next := issue(t, form{names: []string{"b.example", "c.example"}})
		write(t, filepath.Join(a, "key.pem"), []byte("rubbish"))
		store(t, b, next)
		looks(2)
		expect(t, f, one, 1, 1)
		for _, name := range []string{"b.example", "c.example"} {
			if served(t, f, name) != next.serial.String() {
				t.Errorf("%s: the new certificate is not served", name)
			}
		}
	})
}

// TestReloadByLink swaps a symbolic link as Kubernetes does for a mounted secret:
// cert.pem -> ..data/cert.pem, ..data -> ..2026_1.
func TestReloadByLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log record
		dir := t.TempDir()
		one, two := issue(t, form{}), issue(t, form{})
		store(t, filepath.Join(dir, "..2026_1"), one)
		link := func(to, from string) {
			if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
				t.Skipf("no symbolic links here: %v", err)
			}
		}
		link("..2026_1", "..data")
		link(filepath.Join("..data", "cert.pem"), "cert.pem")
		link(filepath.Join("..data", "key.pem"), "key.pem")
		f := watch(t, &log, certs.Pair{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")})
		looks(1)
		expect(t, f, one, 0, 0)
		store(t, filepath.Join(dir, "..2026_2"), two)
		looks(1)
		expect(t, f, one, 0, 0)
		link("..2026_2", "..data_tmp")
		must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
		must(t, os.RemoveAll(filepath.Join(dir, "..2026_1")))
		looks(1)
		expect(t, f, two, 1, 0)
	})
}

// TestExpiry follows a certificate to its end.
func TestExpiry(t *testing.T) {
	tests := []struct {
		name         string
		span         time.Duration
		quiet, after time.Duration // how long nothing is said; then for how long it is listened
		warnings     int
		errors       int
	}{
		{"of 90 days", 90 * 24 * hour, 83*24*hour - time.Minute, 7 * 24 * hour, 7, 0},
		{"of 90 days, past its end", 90 * 24 * hour, 83*24*hour - time.Minute, 9*24*hour + hour, 7, 3},
		{"of 8 hours", 8 * hour, 6*hour - time.Minute, 90 * time.Minute, 1, 0},
		{"of 8 hours, past its end", 8 * hour, 6*hour - time.Minute, 3 * hour, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log record
				f, err := certs.Load([]certs.Pair{store(t, t.TempDir(), issue(t, form{names: []string{"a.example"}, span: tt.span}))},
					certs.Options{Log: log.logger(), Every: 10 * time.Minute})
				must(t, err)
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				go f.Run(ctx)
				time.Sleep(tt.quiet)
				synctest.Wait()
				if log.String() != "" {
					t.Fatalf("too early: %s", &log)
				}
				time.Sleep(tt.after)
				synctest.Wait()
				if w, e := log.with("WARN certificate expires soon"), log.with("ERROR certificate has expired"); w != tt.warnings || e != tt.errors {
					t.Errorf("%d warnings and %d errors, want %d and %d: %s", w, e, tt.warnings, tt.errors, &log)
				}
				if !strings.Contains(log.String(), "hint=renew") {
					t.Error("no hint")
				}
			})
		})
	}
}

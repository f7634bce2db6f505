package auth_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/auth"
)

// world is a verifier with a clock that a test moves.
type world struct {
	*auth.Verifier
	t     *testing.T
	clock *throng.Clock
	s     *auth.Signer
}

func newWorld(t *testing.T, o auth.Options) *world {
	w := &world{t: t, clock: throng.NewClock(), s: bySecret(t, goodSecret, "")}
	o.Clock, o.Secret = w.clock, goodSecret
	w.Verifier = newVerifier(t, o)
	return w
}

// token is issued now.
func (w *world) token(user, id string) string {
	return sign(w.t, w.s, auth.Claims{User: user, TokenID: id, Issued: time.Now().Unix()})
}

func (w *world) works(token string) bool { _, err := w.Connection(token); return err == nil }

func TestRevoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, auth.Options{})
		ann1, ann2, bob := w.token("ann", "1"), w.token("ann", "2"), w.token("bob", "3")
		id, _ := w.Connection(ann1)
		check(t, w.Revoke(auth.Revocation{TokenID: "1"}))
		if w.works(ann1) || !w.works(ann2) || !w.Revoked(id) || w.Revoked(nil) || w.Revoked(&throng.Identity{User: "1"}) {
			t.Error("by jti")
		}
		if _, err := w.Subscription(sign(t, w.s, auth.Claims{Channel: "c", TokenID: "1"}), "", "c"); err != throng.ErrUnauthorized {
			t.Errorf("a subscription token: %v", err)
		}
		time.Sleep(time.Second)
		check(t, w.Revoke(auth.Revocation{User: "ann"}))
		if w.works(ann2) || !w.works(bob) || w.works(sign(t, w.s, auth.Claims{User: "ann"})) {
			t.Error("by user")
		}
		time.Sleep(time.Second)
		fresh := w.token("ann", "")
		if !w.works(fresh) {
			t.Error("a token made later")
		}
		check(t, w.Revoke(auth.Revocation{Before: w.clock.Now() - 500})) // between bob's and ann's
		if w.works(bob) || !w.works(fresh) || w.works(sign(t, w.s, auth.Claims{})) {
			t.Error("by time")
		}
		// An earlier time takes nothing back of what was said.
		check(t, w.Revoke(auth.Revocation{Before: 1}))
		check(t, w.Revoke(auth.Revocation{User: "ann", Before: 1}))
		if w.works(ann2) || w.works(bob) {
			t.Error("an earlier time replaced a later one")
		}
		if w.Revocations() != 2 {
			t.Error(w.Revocations())
		}
		time.Sleep(31 * 24 * time.Hour)
		if !w.works(ann1) || w.Revoked(id) || !w.works(bob) {
			t.Error("for ever")
		}
	})
}

// TestRevokeBounds: what is no revocation, and what is one too many.
func TestRevokeBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, auth.Options{MaxRevocations: 3})
		for _, r := range []auth.Revocation{
			{}, {Until: 1}, {TokenID: "a", User: "b"}, {TokenID: "a", Before: 1}, {TokenID: "a", Until: w.clock.Now()},
			{TokenID: strings.Repeat("x", 256)}, {User: "a\n"}, {User: "\xff"}, {Before: -1}, {User: "a", Before: 1 << 62}, {TokenID: "a", Until: 1 << 62},
		} {
			if err := w.Revoke(r); !errors.Is(err, throng.ErrBadRequest) {
				t.Errorf("%+v: %v", r, err)
			}
		}
		for i := range 3 {
			check(t, w.Revoke(auth.Revocation{TokenID: fmt.Sprint(i), Until: w.clock.Now() + 1000*int64(i+1)}))
		}
		check(t, w.Revoke(auth.Revocation{TokenID: "1"})) // again, for longer; it needs no room...
		if err := w.Revoke(auth.Revocation{TokenID: "4"}); !errors.Is(err, throng.ErrLimitExceeded) {
			t.Errorf("the fourth: %v", err)
		}
		check(t, w.Revoke(auth.Revocation{Before: 1})) // needs none
		time.Sleep(1500 * time.Millisecond)
		check(t, w.Revoke(auth.Revocation{TokenID: "4"})) // the first is over
		if w.Revocations() != 3 || w.works(w.token("", "1")) {
			t.Error(w.Revocations())
		}
	})
}

// TestRevokedMemory: maps that held very many are given back when these are over.
func TestRevokedMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 50_000
		w := newWorld(t, auth.Options{MaxRevocations: n})
		for i := range n {
			check(t, w.Revoke(auth.Revocation{TokenID: fmt.Sprint(i), Until: w.clock.Now() + 10_000}))
		}
		time.Sleep(time.Minute)
		check(t, w.Revoke(auth.Revocation{TokenID: "x"}))
		if w.Revocations() != 1 || w.RevokedMaps() > n/10 {
			t.Errorf("%d revocations, maps of %d", w.Revocations(), w.RevokedMaps())
		}
	})
}

// TestRevokeConcurrently: loops look while others write.
func TestRevokeConcurrently(t *testing.T) {
	w := newWorld(t, auth.Options{MaxRevocations: 1000})
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 500 {
				id := fmt.Sprint(g, "-", i)
				err := w.Revoke(auth.Revocation{TokenID: id})
				if revoked := w.Revoked(&throng.Identity{TokenID: id}); revoked != (err == nil) {
					t.Errorf("%s: %v, %v", id, revoked, err)
				}
			}
		})
	}
	all.Wait()
	if w.Revocations() != 1000 {
		t.Error(w.Revocations())
	}
}

// TestJournal: a restart forgets nothing, and what is over is left out.
func TestJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := t.TempDir() + "/revoked"
		w := newWorld(t, auth.Options{RevocationsFile: path})
		ann, bob, one, old := w.token("ann", ""), w.token("bob", ""), w.token("x", "1"), w.token("x", "old")
		time.Sleep(2 * time.Second)
		check(t, w.Revoke(auth.Revocation{TokenID: "old", Until: w.clock.Now() + 1000}))
		check(t, w.Revoke(auth.Revocation{TokenID: "1"}))
		check(t, w.Revoke(auth.Revocation{TokenID: "1"}))
		check(t, w.Revoke(auth.Revocation{User: "ann"}))
		time.Sleep(2 * time.Second)
		lines := func() int { b, _ := os.ReadFile(path); return strings.Count(string(b), "\n") }
		if lines() != 3 { // what was said twice is written once
			t.Errorf("%d lines", lines())
		}
		check(t, w.Close())
		again := newWorld(t, auth.Options{RevocationsFile: path})
		if again.works(ann) || !again.works(bob) || again.works(one) || !again.works(old) || lines() != 2 {
			t.Errorf("after a restart, %d lines", lines())
		}
		check(t, again.Revoke(auth.Revocation{Before: again.clock.Now() - 1500}))
		check(t, again.Close())
		read := newWorld(t, auth.Options{RevocationsFile: path, Inspect: true})
		if read.works(bob) || lines() != 3 {
			t.Error("after another one")
		}
		if err := again.Revoke(auth.Revocation{TokenID: "late"}); !errors.Is(err, throng.ErrInternal) || again.works(again.token("", "late")) {
			t.Errorf("a write that fails: %v", err)
		}
	})
}

// TestJournalTorn: wherever a crash cuts the last line, the others are there, and the
// next one is written well. A line that is damaged elsewhere is no crash.
func TestJournalTorn(t *testing.T) {
	path := t.TempDir() + "/revoked"
	w := newWorld(t, auth.Options{RevocationsFile: path})
	check(t, w.Revoke(auth.Revocation{TokenID: "1"}))
	check(t, w.Revoke(auth.Revocation{User: "ann"}))
	check(t, w.Close())
	whole, err := os.ReadFile(path)
	check(t, err)
	first := strings.IndexByte(string(whole), '\n') + 1
	for cut := range len(whole) {
		check(t, os.WriteFile(path, whole[:cut], 0o600))
		var log journal
		w, err := auth.New(auth.Options{Secret: goodSecret, RevocationsFile: path, Log: log.log()})
		check(t, err)
		n := strings.Count(string(whole[:cut]), "\n")
		if w.Revocations() != n || strings.Contains(log.String(), "not written whole") != (cut != 0 && cut != first) {
			t.Fatalf("cut at %d: %d revocations, %s", cut, w.Revocations(), log.String())
		}
		check(t, w.Revoke(auth.Revocation{TokenID: "next"}))
		check(t, w.Close())
		w = newVerifier(t, auth.Options{Secret: goodSecret, RevocationsFile: path, Inspect: true})
		if w.Revocations() != n+1 {
			t.Fatalf("cut at %d: %d revocations after the next", cut, w.Revocations())
		}
	}
	for what, text := range map[string]string{
		"damaged":  "{\"jti\"\n" + string(whole),
		"foreign":  "hello\nworld\n",
		"unknown":  "{\"jti\":\"a\",\"until\":1,\"more\":1}\n" + string(whole),
		"two":      "{\"jti\":\"a\",\"until\":1}{}\n" + string(whole),
		"too long": strings.Repeat("x", 10<<10) + "\n",
	} {
		check(t, os.WriteFile(path, []byte(text), 0o600))
		if _, err := auth.New(auth.Options{Secret: goodSecret, RevocationsFile: path}); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s: %v", what, err)
		}
		if left, _ := os.ReadFile(path); string(left) != text {
			t.Errorf("%s: the file was changed", what)
		}
	}
	check(t, os.WriteFile(path, append(whole, "rubbish\n"...), 0o600)) // blocks may come in any order
	if w := newVerifier(t, auth.Options{Secret: goodSecret, RevocationsFile: path}); w.Revocations() != 2 {
		t.Error("a bad last line with its break")
	}
	if _, err := auth.New(auth.Options{Secret: goodSecret, RevocationsFile: "/nowhere/at/all"}); err == nil {
		t.Error("a directory that is not there")
	}
	check(t, os.WriteFile(path, []byte(strings.Repeat(`{"jti":"a","until":253402300799000}`+"\n"+`{"jti":"b","until":253402300799000}`+"\n", 1)), 0o600))
	if _, err := auth.New(auth.Options{Secret: goodSecret, RevocationsFile: path, MaxRevocations: 1}); err == nil {
		t.Error("more than there is room for")
	}
}

// TestRevokeAgain: what is over is not counted, and what was said already is not
// written again.
func TestRevokeAgain(t *testing.T) {
	path := t.TempDir() + "/revocations"
	w := newWorld(t, auth.Options{RevocationsFile: path})
	size := func() int64 {
		t.Helper()
		info, err := os.Stat(path)
		check(t, err)
		return info.Size()
	}
	now := w.clock.Now()
	for _, r := range []auth.Revocation{{TokenID: "1", Until: now + 60_000}, {User: "ann", Before: now, Until: now + 60_000}, {Before: 1, Until: now + 60_000}} {
		before := size()
		check(t, w.Revoke(r))
		after := size()
		check(t, w.Revoke(r))
		if after == before || size() != after {
			t.Errorf("%+v: %d, %d, %d bytes", r, before, after, size())
		}
	}
	check(t, w.Revoke(auth.Revocation{TokenID: "short", Until: w.clock.Now() + 300}))
	for end := time.Now().Add(10 * time.Second); w.Revocations() != 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d revocations", w.Revocations())
		}
	}
	w.BreakJournal()
	long := auth.Revocation{TokenID: "2", Until: now + 60_000}
	for range 2 { // until it is written it is not acknowledged
		if err := w.Revoke(long); !errors.Is(err, throng.ErrInternal) {
			t.Errorf("a broken disk: %v", err)
		}
	}
}

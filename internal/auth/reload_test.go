package auth_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/auth"
)

// TestReload: keys are replaced while tokens are judged, and what can't be read
// leaves all as it was.
func TestReload(t *testing.T) {
	file := write(t, goodSecret+"\n")
	v := newVerifier(t, auth.Options{SecretFile: file})
	before, after := sign(t, bySecret(t, goodSecret, ""), auth.Claims{}), sign(t, bySecret(t, otherSecret, ""), auth.Claims{})
	want := func(what string, first, second *throng.Error) {
		t.Helper()
		_, err := v.Connection(before)
		wantCode(t, what+": the old secret", err, first)
		_, err = v.Connection(after)
		wantCode(t, what+": the new one", err, second)
	}
	want("at first", nil, throng.ErrUnauthorized)
	check(t, v.Reload(auth.Options{Secret: otherSecret, PreviousFile: file}))
	want("both", nil, nil)
	check(t, os.WriteFile(file, []byte("short"), 0o600))
	var e *auth.Error
	if err := v.Reload(auth.Options{SecretFile: file}); !errors.As(err, &e) || e.Hint == "" || strings.Contains(err.Error(), "short\"") {
		t.Errorf("%v", err)
	}
	want("after an error", nil, nil)
	check(t, os.WriteFile(file, []byte(otherSecret+"\r\n"), 0o600))
	check(t, v.Reload(auth.Options{SecretFile: file}))
	want("the new one", throng.ErrUnauthorized, nil)
	check(t, v.Reload(auth.Options{}))
	want("none", throng.ErrNotAvailable, throng.ErrNotAvailable)
}

// TestReloadKeySet: the same set stays in force, another one replaces it, while Run
// runs.
func TestReloadKeySet(t *testing.T) {
	one, two := newIssuer(t), newIssuer(t)
	first, jwk1 := newJWK(t, "k1")
	second, jwk2 := newJWK(t, "k2")
	one.publish(200, jwk1)
	two.publish(200, jwk2)
	v := newVerifier(t, auth.Options{KeySetURL: one.URL, KeySetRefresh: time.Hour})
	run(t, v)
	settled(t, v)
	works := func(s *auth.Signer) bool { _, err := v.Connection(sign(t, s, auth.Claims{})); return err == nil }
	check(t, v.Reload(auth.Options{KeySetURL: one.URL, KeySetRefresh: time.Hour, Secret: goodSecret}))
	if !works(first) || one.asked.Load() != 1 {
		t.Error("the set was not kept")
	}
	check(t, v.Reload(auth.Options{KeySetURL: one.URL, KeySetRefresh: 2 * time.Hour}))
	if !works(first) {
		t.Error("the keys were not kept")
	}
	check(t, v.Reload(auth.Options{KeySetURL: two.URL, KeySetRefresh: time.Hour}))
	settled(t, v)
	if works(first) || !works(second) {
		t.Error("the other set is not in force")
	}
	check(t, v.Reload(auth.Options{Secret: goodSecret}))
	if works(second) {
		t.Error("a set that is gone is in force")
	}
	check(t, v.Reload(auth.Options{KeySetURL: one.URL}))
	settled(t, v)
	if !works(first) {
		t.Error("back to the first")
	}
}

// TestRefusedKeys: what is no good key is refused at the start, with a hint, and
// without the secret.
func TestRefusedKeys(t *testing.T) {
	small, good := newPair(t, 1024), newPair(t, nil)
	private, err := os.ReadFile(good.private)
	check(t, err)
	for what, o := range map[string]auth.Options{
		"fewer than 2048":                      {PublicKeyFiles: []string{small.public}},
		"private key":                          {PublicKeyFiles: []string{good.private}},
		"no public key":                        {PublicKeyFiles: []string{write(t, "hello")}},
		"can't be read":                        {PublicKeyFiles: []string{"/nowhere/at/all"}},
		"not a regular file":                   {PublicKeyFiles: []string{t.TempDir()}},
		"can't be read: asn1":                  {PublicKeyFiles: []string{writePEM(t, "PUBLIC KEY", []byte("x"))}},
		"it is a":                              {PublicKeyFiles: []string{writePEM(t, "DH PARAMETERS", []byte("x"))}},
		"has 0 bytes":                          {SecretFile: write(t, "\n")},
		"has 31 bytes":                         {Secret: goodSecret[:31]},
		"PEM form":                             {Secret: string(private)},
		"more than 8 keys of the kind Ed25519": {PublicKeyFiles: many(good.public, 9)},
		"not an https URL":                     {KeySetURL: "ftp://example.com"},
	} {
		v, err := auth.New(o)
		var e *auth.Error
		if v != nil || !errors.As(err, &e) || !strings.Contains(err.Error(), what) || e.Hint == "" || o.Secret != "" && strings.Contains(err.Error()+e.Hint, o.Secret) {
			t.Errorf("%s: %v, %+v", what, err, e)
		}
	}
}

func many(s string, n int) (list []string) {
	for range n {
		list = append(list, s)
	}
	return list
}

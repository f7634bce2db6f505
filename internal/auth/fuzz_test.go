package auth_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"throng"
	"throng/internal/auth"
)

// FuzzToken: whatever comes as a token is refused with an error that clients may be
// told, unless it was signed; Explain takes it all the same.
func FuzzToken(f *testing.F) {
	v := newVerifier(f, auth.Options{Secret: goodSecret})
	s := bySecret(f, goodSecret, "")
	good := sign(f, s, auth.Claims{User: "ann"})
	for _, seed := range []string{"", "..", good, good + "x", "a.b.c", emptyKey(`{}`), auth.Encode(`{"alg":"none"}`) + ".e30."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		id, err := v.Connection(token)
		if (id == nil) == (err == nil) || err != nil && err != throng.ErrUnauthorized {
			t.Fatalf("%v, %v", id, err)
		}
		if err == nil && token != good {
			t.Fatalf("accepted: %q", token)
		}
		if e := v.Explain(token); (e.Refusal == nil) != (err == nil) || e.Header != nil && !json.Valid(e.Header) || e.Payload != nil && !json.Valid(e.Payload) {
			t.Fatalf("%+v", e)
		}
	})
}

// FuzzClaims: of whatever a backend signs, what is accepted keeps the bounds.
func FuzzClaims(f *testing.F) {
	v := newVerifier(f, auth.Options{Secret: goodSecret})
	s := bySecret(f, goodSecret, "")
	for _, seed := range []string{
		`{}`, `{"sub":"ann","exp":4102444800,"iat":1.5,"nbf":0}`, `{"aud":["a"],"iss":"b","jti":"c"}`, ` { "info" : {"a":[1,{}]} , "meta":null}`,
		`{"channels":["a","b:1"],"subs":{"c":{"info":1,"publish":true}}}`, `{"channel":"a","publish":false}`, `{"s\u0075b":"\ud83d\ude00"}`,
	} {
		f.Add(`{"alg":"HS256"}`, seed)
	}
	f.Fuzz(func(t *testing.T, header, payload string) {
		token := seal(t, s, header, payload)
		id, err := v.Connection(token)
		if err != nil {
			return
		}
		for _, name := range []string{id.User, id.TokenID} {
			if len(name) > 255 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
				t.Fatalf("%q", name)
			}
		}
		for _, j := range [][]byte{id.Info, id.Meta} {
			if j != nil && (!json.Valid(j) || len(j) > 4096 || strings.ContainsAny(string(j), "\r\n")) {
				t.Fatalf("%q", j)
			}
		}
		if len(id.Channels) > 100 || id.Expires < 0 || id.Issued < 0 {
			t.Fatalf("%+v", id)
		}
		seen := map[string]bool{}
		for _, g := range id.Channels {
			if throng.CheckChannel(g.Channel) != nil || g.Info != nil && !json.Valid(g.Info) || seen[g.Channel] {
				t.Fatalf("%+v", g)
			}
			seen[g.Channel] = true
		}
	})
}

// FuzzMembers: an object is taken apart as encoding/json would.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"b":[{"c":"}"}] , "\"":"\\"}`, `{"a":1,"a":2}`, `[]`, `{"a" : {"b":[]} }`, `{"a":-1e5,"b":true}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, wrong := auth.Members(b)
		var want map[string]json.RawMessage
		if err := json.Unmarshal(b, &want); err != nil || want == nil {
			if wrong == "" {
				t.Fatalf("%q is no object", b)
			}
			return
		}
		if wrong != "" {
			return // twice, or not UTF-8
		}
		if len(list) != len(want) {
			t.Fatalf("%q: %q", b, list)
		}
		for _, m := range list {
			if v, ok := want[m[0]]; m[0] != "" && (!ok || string(v) != m[1]) { // odd escapes have no name
				t.Fatalf("%q: %q, want %q", b, m, v)
			}
		}
	})
}

// FuzzKeySet: whatever an issuer publishes is a set, or an error.
func FuzzKeySet(f *testing.F) {
	_, jwk := newJWK(f, "k")
	for _, seed := range []string{`{"keys":[` + jwk + `]}`, `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`, `{}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if n, skipped, err := auth.ParseKeySet(b); n > 100 || err != nil && n != 0 || len(skipped) > 100 {
			t.Fatalf("%d keys, %d skipped, %v", n, len(skipped), err)
		}
	})
}

// FuzzJournal: whatever is in a file of revocations, it is read, or refused and left
// alone; what was read is there again the next time.
func FuzzJournal(f *testing.F) {
	for _, seed := range []string{"", "{\"jti\":\"a\",\"until\":253402300799000}\n", "{\"user\":\"a\",\"before\":1,\"until\":253402300799000}\n{\"jti\":", "x\n", "\n\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "revoked")
		check(t, os.WriteFile(path, b, 0o600))
		o := auth.Options{Secret: goodSecret, RevocationsFile: path, MaxRevocations: 1000}
		v, err := auth.New(o)
		if err != nil {
			if left, _ := os.ReadFile(path); string(left) != string(b) {
				t.Fatal("a file that was refused has changed")
			}
			return
		}
		check(t, v.Close())
		again, err := auth.New(o)
		check(t, err)
		defer again.Close()
		if again.Revocations() != v.Revocations() {
			t.Fatalf("%d revocations, then %d", v.Revocations(), again.Revocations())
		}
	})
}

package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"throng"
	"throng/internal/auth"
	"throng/test/tries"
)

// issuer is a server that publishes keys.
type issuer struct {
	*httptest.Server
	asked atomic.Int64

	mu   sync.Mutex
	body string
	code int
	hold chan struct{} // an answer waits until it is closed
}

func newIssuer(t testing.TB) *issuer {
	s := &issuer{code: 200, body: `{"keys":[]}`}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		s.mu.Lock()
		body, code, hold := s.body, s.code, s.hold
		s.mu.Unlock()
		if hold != nil {
			select {
			case <-hold:
			case <-r.Context().Done():
			}
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s
}

// publish sets what is answered.
func (s *issuer) publish(code int, keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.code, s.body = code, `{"keys":[`+strings.Join(keys, ",")+`]}`
}

// newJWK makes an EC key: a signer of that name, and what the issuer publishes.
func newJWK(t testing.TB, id string) (*auth.Signer, string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	check(t, err)
	s, err := auth.ReadSigner(writePEM(t, "PRIVATE KEY", der), "")
	check(t, err)
	point, err := k.PublicKey.Bytes()
	check(t, err)
	jwk, err := json.Marshal(map[string]any{
		"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "alg": "ES256",
		"x": auth.Encode(string(point[1:33])), "y": auth.Encode(string(point[33:])),
		"x5u": "http://127.0.0.1:1/never", "x5c": []string{"never read"},
	})
	check(t, err)
	return s.Named(id), string(jwk)
}

// run runs a verifier until the end of the test.
func run(t testing.TB, v *auth.Verifier) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); v.Run(ctx) }()
	stop = func() { cancel(); <-over }
	t.Cleanup(stop)
	return stop
}

// settled waits until no fetch is under way.
func settled(t testing.TB, v *auth.Verifier) {
	t.Helper()
	over := make(chan struct{})
	v.WhenFetched(func() { close(over) })
	select {
	case <-over:
	case <-time.After(10 * time.Second):
		t.Fatal("the fetch does not end")
	}
}

// TestKeySetRotation: an unknown key waits for one fetch, and then counts or does
// not; a key that has gone does not count any more.
func TestKeySetRotation(t *testing.T) {
	tries.Longer(t, 50*time.Millisecond, func(t testing.TB, unit time.Duration) {
		is := newIssuer(t)
		first, jwk1 := newJWK(t, "k1")
		second, jwk2 := newJWK(t, "k2")
		is.publish(200, jwk1)
		v := newVerifier(t, auth.Options{KeySetURL: is.URL, Retry: unit, KeySetRefresh: time.Hour})
		token1, token2 := sign(t, first, auth.Claims{User: "ann"}), sign(t, second, auth.Claims{User: "bob"})
		_, err := v.Connection(token1)
		wantCode(t, "before the first fetch", err, auth.ErrKeysPending)
		run(t, v)
		settled(t, v)
		if id, err := v.Connection(token1); err != nil || id.User != "ann" {
			t.Fatal(id, err)
		}
		// Right after a fetch an unknown key does not cause another.
		_, err = v.Connection(token2)
		wantCode(t, "unknown, right after a fetch", err, throng.ErrUnauthorized)
		is.publish(200, jwk2)
		time.Sleep(unit + unit/5)
		answers := make(chan *throng.Error, 1)
		if _, err = v.Connection(token2); err != auth.ErrKeysPending {
			t.Fatal(err)
		}
		v.WhenFetched(func() { _, err := v.Connection(token2); answers <- err })
		if err := <-answers; err != nil {
			t.Errorf("the new key after the fetch: %v", err)
		}
		_, err = v.Connection(token1) // right after that fetch
		wantCode(t, "a key that has gone", err, throng.ErrUnauthorized)
		if n := is.asked.Load(); n != 2 {
			t.Errorf("%d fetches, want 2", n)
		}
		if done, failed, keys := v.Fetches(); done != 2 || failed != 0 || keys != 1 {
			t.Error(done, failed, keys)
		}
	})
}

// TestKeySetRate: however many unknown keys are tried, the issuer is asked once in a
// while. Known keys go on meanwhile, and keys of other kinds ask nobody.
func TestKeySetRate(t *testing.T) {
	is := newIssuer(t)
	known, jwk := newJWK(t, "k1")
	stranger, _ := newJWK(t, "")
	is.publish(200, jwk)
	v := newVerifier(t, auth.Options{KeySetURL: is.URL, Secret: goodSecret, KeySetRefresh: time.Hour, Retry: time.Hour})
	run(t, v)
	settled(t, v)
	good := sign(t, known, auth.Claims{})
	for i := range 2000 {
		if _, err := v.Connection(sign(t, bySecret(t, otherSecret, "").Named(fmt.Sprint("odd", i)), auth.Claims{})); err != throng.ErrUnauthorized {
			t.Fatal(err)
		}
		if i%20 == 0 {
			if _, err := v.Connection(sign(t, stranger.Named(fmt.Sprint("odd", i)), auth.Claims{})); err != throng.ErrUnauthorized {
				t.Fatal(err)
			}
			if _, err := v.Connection(good); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := is.asked.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

// TestKeySetWait: while a fetch takes its time all who ask for the unknown key wait
// for the same one, and known keys don't wait.
func TestKeySetWait(t *testing.T) {
	is := newIssuer(t)
	known, jwk := newJWK(t, "k1")
	late, jwk2 := newJWK(t, "k2")
	is.publish(200, jwk)
	v := newVerifier(t, auth.Options{KeySetURL: is.URL, KeySetRefresh: time.Hour, Retry: time.Millisecond})
	run(t, v)
	settled(t, v)
	time.Sleep(5 * time.Millisecond)
	is.publish(200, jwk, jwk2)
	hold := make(chan struct{})
	is.mu.Lock()
	is.hold = hold
	is.mu.Unlock()
	token := sign(t, late, auth.Claims{})
	var waiting sync.WaitGroup
	for range 100 {
		if _, err := v.Connection(token); err != auth.ErrKeysPending {
			t.Fatal(err)
		}
		waiting.Add(1)
		v.WhenFetched(func() {
			defer waiting.Done()
			if _, err := v.Connection(token); err != nil {
				t.Errorf("after the fetch: %v", err)
			}
		})
	}
	if _, err := v.Connection(sign(t, known, auth.Claims{})); err != nil {
		t.Errorf("a known key meanwhile: %v", err)
	}
	close(hold)
	waiting.Wait()
	if n := is.asked.Load(); n != 2 {
		t.Errorf("%d fetches", n)
	}
}

// TestKeySetDown: while the issuer is down, known keys work, and who has an unknown
// one is told to come back.
func TestKeySetDown(t *testing.T) {
	is := newIssuer(t)
	known, jwk := newJWK(t, "k1")
	other, _ := newJWK(t, "k2")
	is.publish(200, jwk)
	var log journal
	v := newVerifier(t, auth.Options{KeySetURL: is.URL + "/keys?password=SECRETMARK", KeySetRefresh: 20 * time.Millisecond, Retry: 10 * time.Millisecond, Log: log.log()})
	run(t, v)
	settled(t, v)
	for _, body := range []string{"", "not JSON", `{}`, `{"keys":3}`, `{"keys":[{"kty":"oct","k":"AAAA"}]}`, strings.Repeat(" ", 1<<20+1)} {
		is.mu.Lock()
		is.body = body
		is.mu.Unlock()
		_, before, _ := v.Fetches()
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			if _, failed, _ := v.Fetches(); failed >= before+2 {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%.20q is no failure", body)
			}
		}
		if _, err := v.Connection(sign(t, known, auth.Claims{})); err != nil {
			t.Errorf("a known key after %.20q: %v", body, err)
		}
	}
	is.publish(500)
	is.CloseClientConnections()
	is.Close()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		_, err := v.Connection(sign(t, other, auth.Claims{}))
		if err == auth.ErrKeysUnavailable {
			break
		}
		if err != auth.ErrKeysPending || time.Now().After(end) {
			t.Fatalf("an unknown key while nobody can be asked: %v", err)
		}
	}
	if _, err := v.Connection(sign(t, known, auth.Claims{})); err != nil {
		t.Errorf("a known key after all that: %v", err)
	}
	if text := log.String(); !strings.Contains(text, "can't be fetched") || strings.Contains(text, "SECRETMARK") {
		t.Errorf("log: %s", text)
	}
}

// TestKeySetRedirects: to the same scheme, and not without end.
func TestKeySetRedirects(t *testing.T) {
	is := newIssuer(t)
	known, jwk := newJWK(t, "k1")
	is.publish(200, jwk)
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good":
			http.Redirect(w, r, is.URL, http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/tls":
			http.Redirect(w, r, "https://127.0.0.1:1/", http.StatusFound)
		default:
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		}
	}))
	defer plain.Close()
	for path, want := range map[string]*throng.Error{
		"/good": nil, "/file": auth.ErrKeysUnavailable, "/tls": auth.ErrKeysUnavailable, "/endless": auth.ErrKeysUnavailable,
	} {
		v := newVerifier(t, auth.Options{KeySetURL: plain.URL + path})
		v.Fetch(t.Context())
		_, err := v.Connection(sign(t, known, auth.Claims{}))
		wantCode(t, path, err, want)
	}
}

// TestKeySetContent: which keys of a set count.
func TestKeySetContent(t *testing.T) {
	_, good := newJWK(t, "k")
	change := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatal(old)
		}
		return strings.Replace(good, old, new, 1)
	}
	data, err := os.ReadFile(newPair(t, 1024).public)
	check(t, err)
	block, _ := pem.Decode(data)
	small := auth.Encode(string(block.Bytes[29 : 29+128]))
	for jwk, want := range map[string]string{
		good: "", change(`"alg":"ES256",`, ""): "", change(`"use":"sig",`, ""): "",
		change(`"use":"sig"`, `"use":"enc"`):                                 "not for signatures",
		change(`"use":"sig"`, `"key_ops":["sign"]`):                          "not for checking",
		change(`"use":"sig"`, `"key_ops":["verify"]`):                        "",
		change(`"ES256"`, `"HS256"`):                                         "alg is none",
		change(`"ES256"`, `"RS256"`):                                         "alg is none",
		change(`"ES256"`, `"ES384"`):                                         "alg is none",
		change(`"ES256"`, `"none"`):                                          "alg is none",
		change(`"P-256"`, `"secp256k1"`):                                     "can't be read",
		change(`"x":"`, `"x":"____`):                                         "can't be read",
		change(`"kty":"EC"`, `"kty":"oct","k":"AAAA"`):                       "a secret",
		change(`"kid":"k"`, `"kid":"`+strings.Repeat("k", 256)+`"`):          "kid is longer",
		`{"kty":"RSA","n":"` + small + `","e":"AQAB"}`:                       "fewer than 2048",
		`{"kty":"OKP","crv":"X25519","x":"` + strings.Repeat("A", 43) + `"}`: "not a key that signs",
		`3`: "not a JSON Web Key",
	} {
		n, skipped, err := auth.ParseKeySet([]byte(`{"keys":[` + jwk + `]}`))
		switch {
		case want == "" && (n != 1 || err != nil):
			t.Errorf("%s: %v", jwk, err)
		case want != "" && (n != 0 || err == nil || len(skipped) != 1 || !strings.Contains(skipped[0], want)):
			t.Errorf("%s: %d keys, %v, %v, want %s", jwk, n, skipped, err, want)
		}
	}
	if n, skipped, err := auth.ParseKeySet([]byte(`{"keys":[3,` + good + `]}`)); n != 1 || len(skipped) != 1 || err != nil {
		t.Error("a bad key beside a good one:", n, skipped, err)
	}
	if _, _, err := auth.ParseKeySet([]byte(`{"keys":[` + strings.Repeat(good+",", 100) + good + `]}`)); err == nil {
		t.Error("101 keys")
	}
}

// TestKeySetStop: who waits when the server stops is told so.
func TestKeySetStop(t *testing.T) {
	is := newIssuer(t)
	is.mu.Lock()
	is.hold = make(chan struct{})
	is.mu.Unlock()
	v := newVerifier(t, auth.Options{KeySetURL: is.URL})
	stop := run(t, v)
	signer, _ := newJWK(t, "k")
	token := sign(t, signer, auth.Claims{})
	if _, err := v.Connection(token); err != auth.ErrKeysPending {
		t.Fatal(err)
	}
	told := make(chan *throng.Error, 1)
	v.WhenFetched(func() { _, err := v.Connection(token); told <- err })
	stop()
	wantCode(t, "after the end", <-told, auth.ErrKeysUnavailable)
}

// TestKeySetOutage: however long an issuer is away, it is asked no more often than
// when it is there.
func TestKeySetOutage(t *testing.T) {
	is := newIssuer(t)
	is.Close()
	const every = 2 * time.Millisecond
	v := newVerifier(t, auth.Options{KeySetURL: is.URL, Retry: 1, KeySetRefresh: every})
	begin := time.Now()
	run(t, v)
	for end := begin.Add(20 * time.Second); ; time.Sleep(time.Millisecond) { // the pause doubles more than 63 times
		if _, failed, _ := v.Fetches(); failed >= 70 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("it is not asked any more")
		}
	}
	time.Sleep(200 * time.Millisecond) // and what then?
	_, failed, _ := v.Fetches()
	if most := uint64(time.Since(begin)/every) + 64; failed > most {
		t.Errorf("%d fetches, want at most %d", failed, most)
	}
}

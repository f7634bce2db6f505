package auth_test

import (
	"crypto/elliptic"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/auth"
)

// TestAlgorithms: each algorithm is accepted with its own key, and with no other.
func TestAlgorithms(t *testing.T) {
	rsa, other := newPair(t, 2048), newPair(t, 2048)
	p256, p384, p521, ed := newPair(t, elliptic.P256()), newPair(t, elliptic.P384()), newPair(t, elliptic.P521()), newPair(t, nil)
	signers := map[string]*auth.Signer{}
	for _, name := range []string{"HS256", "HS384", "HS512"} {
		signers[name] = bySecret(t, goodSecret, name)
	}
	for _, name := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		signers[name] = byKey(t, rsa, name)
	}
	signers["ES256"], signers["ES384"], signers["ES512"], signers["EdDSA"] = byKey(t, p256, ""), byKey(t, p384, ""), byKey(t, p521, ""), byKey(t, ed, "")
	verifiers := map[string]*auth.Verifier{
		"HS":    newVerifier(t, auth.Options{Secret: goodSecret}),
		"RS":    newVerifier(t, auth.Options{PublicKeyFiles: []string{rsa.public}}),
		"ES256": newVerifier(t, auth.Options{PublicKeyFiles: []string{p256.public}}),
		"ES384": newVerifier(t, auth.Options{PublicKeyFiles: []string{p384.public}}),
		"ES512": newVerifier(t, auth.Options{PublicKeyFiles: []string{p521.public}}),
		"EdDSA": newVerifier(t, auth.Options{PublicKeyFiles: []string{ed.public}}),
	}
	all := newVerifier(t, auth.Options{Secret: goodSecret, PublicKeyFiles: []string{other.public, rsa.public, p256.public, p384.public, p521.public, ed.public}})
	for name, s := range signers {
		token := sign(t, s, auth.Claims{User: "ann"})
		for own, v := range verifiers {
			id, err := v.Connection(token)
			fits := own == name || own == "HS" && strings.HasPrefix(name, "HS") || own == "RS" && strings.HasSuffix(name[:2], "S") && (name[0] == 'R' || name[0] == 'P')
			switch {
			case fits && (err != nil || id.User != "ann"):
				t.Errorf("%s with the key of %s: %v", name, own, err)
			case !fits && err != throng.ErrUnauthorized:
				t.Errorf("%s with the key of %s: %v", name, own, err)
			}
		}
		if _, err := all.Connection(token); err != nil {
			t.Errorf("%s among all keys: %v", name, err)
		}
	}
}

// TestConfusion: a public key is no secret, whoever says so.
func TestConfusion(t *testing.T) {
	rsa := newPair(t, 2048)
	pem, err := os.ReadFile(rsa.public)
	check(t, err)
	for _, secret := range []string{string(pem), strings.TrimSpace(string(pem)), strings.ReplaceAll(string(pem), "\n", "\r\n")} {
		forged := sign(t, bySecret(t, secret, ""), auth.Claims{User: "root"})
		for _, o := range []auth.Options{{PublicKeyFiles: []string{rsa.public}}, {PublicKeyFiles: []string{rsa.public}, Secret: goodSecret}} {
			_, err := newVerifier(t, o).Connection(forged)
			wantCode(t, "HS256 with a public key", err, throng.ErrUnauthorized)
		}
	}
	// The other way round, and with an algorithm that the signature is not of.
	hs := sign(t, bySecret(t, goodSecret, ""), auth.Claims{User: "root"})
	_, payload, _ := strings.Cut(hs, ".")
	for _, header := range []string{`{"alg":"RS256"}`, `{"alg":"HS512"}`, `{"alg":"ES256"}`, `{"alg":"EdDSA"}`, `{"alg":"hs256"}`} {
		_, err := newVerifier(t, auth.Options{Secret: goodSecret, PublicKeyFiles: []string{rsa.public}}).Connection(auth.Encode(header) + "." + payload)
		wantCode(t, header, err, throng.ErrUnauthorized)
	}
}

// TestForged: what is not a signed token of ours, of any odd form.
func TestForged(t *testing.T) {
	v := newVerifier(t, auth.Options{Secret: goodSecret})
	s := bySecret(t, goodSecret, "")
	good := sign(t, s, auth.Claims{User: "ann"})
	if _, err := v.Connection(good); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	const claims = `{"sub":"ann"}`
	none := func(header string) string { return auth.Encode(header) + "." + auth.Encode(claims) + "." }
	for what, token := range map[string]string{
		"empty":                 "",
		"none":                  none(`{"alg":"none"}`),
		"None":                  none(`{"alg":"None"}`),
		"nOnE":                  none(`{"alg":"nOnE"}`),
		"no alg":                none(`{}`),
		"null alg":              none(`{"alg":null}`),
		"a number as alg":       none(`{"alg":256}`),
		"two algs":              seal(t, s, `{"alg":"HS256","alg":"none"}`, claims),
		"ALG":                   seal(t, s, `{"ALG":"HS256"}`, claims),
		"none, signed":          seal(t, s, `{"alg":"none"}`, claims),
		"no signature":          parts[0] + "." + parts[1] + ".",
		"two parts":             parts[0] + "." + parts[1],
		"four parts":            good + ".",
		"encrypted":             good + ".a.b",
		"one part":              parts[0],
		"dots":                  "..",
		"another secret":        sign(t, bySecret(t, otherSecret, ""), auth.Claims{User: "ann"}),
		"an empty key":          emptyKey(claims),
		"another payload":       parts[0] + "." + auth.Encode(`{"sub":"bob"}`) + "." + parts[2],
		"another signature":     parts[0] + "." + parts[1] + "." + auth.Encode(strings.Repeat("x", 32)),
		"half a signature":      parts[0] + "." + parts[1] + "." + parts[2][:20],
		"padding":               good + "=",
		"a line break":          good + "\n",
		"a line break within":   parts[0] + "\n." + parts[1] + "." + parts[2],
		"loose bits":            good[:len(good)-1] + next(good[len(good)-1]),
		"a space":               " " + good,
		"the other alphabet":    strings.ReplaceAll(good, parts[2], strings.Repeat("+/", 21)+"A"),
		"not UTF-8":             "\xff.\xff.\xff",
		"crit":                  seal(t, s, `{"alg":"HS256","crit":["exp"],"exp":1}`, claims),
		"a header that is none": seal(t, s, `["HS256"]`, claims),
		"a header with more":    seal(t, s, `{"alg":"HS256"}{}`, claims),
		"kid of a megabyte":     seal(t, s, `{"alg":"HS256","kid":"`+strings.Repeat("k", 1<<20)+`"}`, claims),
		"kid of 256 bytes":      seal(t, s, `{"alg":"HS256","kid":"`+strings.Repeat("k", 256)+`"}`, claims),
		"kid is an object":      seal(t, s, `{"alg":"HS256","kid":{"a":"b"}}`, claims),
		"token of 17 KiB":       sign(t, s, map[string]string{"sub": "ann", "x": strings.Repeat("x", 17<<10)}),
		"deep header":           seal(t, s, `{"alg":"HS256","x":`+strings.Repeat("[", 4000)+strings.Repeat("]", 4000)+`}`, `{`),
	} {
		id, err := v.Connection(token)
		if id != nil || err != throng.ErrUnauthorized {
			t.Errorf("%s: %v, %v", what, id, err)
		}
		if _, err := v.Subscription(token, "ann", "x"); err != throng.ErrUnauthorized {
			t.Errorf("%s as a subscription token: %v", what, err)
		}
	}
	// A kid is a name that is compared, and nothing else.
	for _, kid := range []string{"", "../../etc/passwd", "/dev/zero", "http://127.0.0.1:1/key", "'; DROP TABLE keys", `x\u0000y`, strings.Repeat("k", 255)} {
		token := seal(t, s, `{"alg":"HS256","kid":"`+kid+`","jku":"http://127.0.0.1:1/","jwk":{"kty":"oct","k":"AA"},"x5u":"http://127.0.0.1:1/"}`, claims)
		if _, err := v.Connection(token); err != nil { // the secret has no name, and is tried
			t.Errorf("kid %.30q: %v", kid, err)
		}
	}
}

func next(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	i := strings.IndexByte(alphabet, c)
	return string(alphabet[i^1]) // the last bit of the last character of 32 bytes has no meaning
}

// emptyKey is a token signed with the secret of a server that forgot to set one.
func emptyKey(claims string) string {
	text := auth.Encode(`{"alg":"HS256"}`) + "." + auth.Encode(claims)
	return text + "." + auth.Encode(string(hmacSHA256(nil, text)))
}

// TestTimes: exp, nbf and iat, at their edges, with and without leeway.
func TestTimes(t *testing.T) {
	s := bySecret(t, goodSecret, "")
	strict := newVerifier(t, auth.Options{Secret: goodSecret})
	lax := newVerifier(t, auth.Options{Secret: goodSecret, Leeway: 30 * time.Second})
	for _, test := range []struct {
		claims      string
		strict, lax *throng.Error
	}{
		{fmt.Sprintf(`{"exp":%d}`, seconds(time.Minute)), nil, nil},
		{fmt.Sprintf(`{"exp":%d.5}`, seconds(time.Minute)), nil, nil},
		{fmt.Sprintf(`{"exp":%de0}`, seconds(time.Minute)), nil, nil},
		{fmt.Sprintf(`{"exp":%d}`, seconds(-time.Second)), throng.ErrTokenExpired, nil},
		{fmt.Sprintf(`{"exp":%d}`, seconds(-time.Minute)), throng.ErrTokenExpired, throng.ErrTokenExpired},
		{`{"exp":1}`, throng.ErrTokenExpired, throng.ErrTokenExpired},
		{fmt.Sprintf(`{"nbf":%d}`, seconds(-time.Second)), nil, nil},
		{fmt.Sprintf(`{"nbf":%d}`, seconds(10*time.Second)), throng.ErrUnauthorized, nil},
		{fmt.Sprintf(`{"nbf":%d}`, seconds(time.Minute)), throng.ErrUnauthorized, throng.ErrUnauthorized},
		{fmt.Sprintf(`{"iat":%d}`, seconds(0)), nil, nil},
		{fmt.Sprintf(`{"iat":%d}`, seconds(10*time.Second)), throng.ErrUnauthorized, nil},
		{fmt.Sprintf(`{"iat":%d}`, seconds(time.Minute)), throng.ErrUnauthorized, throng.ErrUnauthorized},
		{`{"exp":253402300799}`, nil, nil},
		{`{"exp":253402300800}`, throng.ErrUnauthorized, throng.ErrUnauthorized},
		{`{"exp":9223372036854775807}`, throng.ErrUnauthorized, throng.ErrUnauthorized},
		{`{"exp":1e400}`, throng.ErrUnauthorized, throng.ErrUnauthorized},
		{`{"exp":-1}`, throng.ErrUnauthorized, throng.ErrUnauthorized},
		{fmt.Sprintf(`{"exp":"%d"}`, seconds(time.Minute)), throng.ErrUnauthorized, throng.ErrUnauthorized},
		{`{"exp":null}`, throng.ErrUnauthorized, throng.ErrUnauthorized},
		{`{"exp":true}`, throng.ErrUnauthorized, throng.ErrUnauthorized},
		{fmt.Sprintf(`{"exp":1,"exp":%d}`, seconds(time.Minute)), throng.ErrUnauthorized, throng.ErrUnauthorized},
		{`{"EXP":1}`, nil, nil}, // another claim, the application's
	} {
		token := seal(t, s, `{"alg":"HS256"}`, test.claims)
		_, err := strict.Connection(token)
		wantCode(t, test.claims, err, test.strict)
		_, err = lax.Connection(token)
		wantCode(t, test.claims+" with leeway", err, test.lax)
	}
	at := seconds(time.Minute)
	id, err := lax.Connection(sign(t, s, auth.Claims{Expires: at, Issued: at - 60}))
	if err != nil || id.Expires != (at+30)*1000 || id.Issued != (at-60)*1000 {
		t.Errorf("%+v, %v", id, err)
	}
}

// TestIssuerAndAudience: who asks for them gets them, and nothing else.
func TestIssuerAndAudience(t *testing.T) {
	s := bySecret(t, goodSecret, "")
	open := newVerifier(t, auth.Options{Secret: goodSecret})
	v := newVerifier(t, auth.Options{Secret: goodSecret, Issuer: "https://id.example", Audience: []string{"chat", "news"}})
	for _, test := range []struct {
		claims string
		want   *throng.Error
	}{
		{`{"iss":"https://id.example","aud":"chat"}`, nil},
		{`{"iss":"https://id.example","aud":["other","news"]}`, nil},
		{`{"iss":"https://id.example","aud":["other"]}`, throng.ErrUnauthorized},
		{`{"iss":"https://id.example","aud":[]}`, throng.ErrUnauthorized},
		{`{"iss":"https://id.example","aud":""}`, throng.ErrUnauthorized},
		{`{"iss":"https://id.example"}`, throng.ErrUnauthorized},
		{`{"iss":"https://id.example/","aud":"chat"}`, throng.ErrUnauthorized},
		{`{"aud":"chat"}`, throng.ErrUnauthorized},
		{`{"iss":"https://id.example","aud":"Chat"}`, throng.ErrUnauthorized},
	} {
		token := seal(t, s, `{"alg":"HS256"}`, test.claims)
		_, err := v.Connection(token)
		wantCode(t, test.claims, err, test.want)
		if _, err := open.Connection(token); err != nil {
			t.Errorf("%s where nothing is asked for: %v", test.claims, err)
		}
	}
	for _, claims := range []string{`{"iss":1}`, `{"aud":1}`, `{"aud":{"a":1}}`, `{"aud":["a",1]}`} {
		_, err := open.Connection(seal(t, s, `{"alg":"HS256"}`, claims))
		wantCode(t, claims, err, throng.ErrUnauthorized)
	}
}

// TestKinds: a token of one kind is not accepted for the other, nor for another
// user or channel.
func TestKinds(t *testing.T) {
	s := bySecret(t, goodSecret, "")
	v := newVerifier(t, auth.Options{Secret: goodSecret})
	sub := sign(t, s, auth.Claims{User: "ann", Channel: "room:1", Info: []byte(`{"a": 1}`), Publish: true, Expires: seconds(time.Hour)})
	g, err := v.Subscription(sub, "ann", "room:1")
	if err != nil || string(g.Info) != `{"a":1}` || !g.Publish || g.Channel != "room:1" || g.Expires < seconds(0)*1000 {
		t.Errorf("%+v, %v", g, err)
	}
	_, err = v.Connection(sub)
	wantCode(t, "a subscription token to connect", err, throng.ErrUnauthorized)
	_, err = v.Subscription(sub, "bob", "room:1")
	wantCode(t, "another user's", err, throng.ErrPermissionDenied)
	_, err = v.Subscription(sub, "", "room:1")
	wantCode(t, "nobody's", err, throng.ErrPermissionDenied)
	_, err = v.Subscription(sub, "ann", "room:2")
	wantCode(t, "another channel", err, throng.ErrPermissionDenied)
	_, err = v.Subscription(sign(t, s, auth.Claims{User: "ann"}), "ann", "room:1")
	wantCode(t, "a connection token to subscribe", err, throng.ErrUnauthorized)
	_, err = v.Subscription(sign(t, s, auth.Claims{User: "ann", Channels: []string{"room:1"}}), "ann", "room:1")
	wantCode(t, "channels is not channel", err, throng.ErrUnauthorized)
	if _, err = v.Subscription(sign(t, s, auth.Claims{Channel: "room:1"}), "", "room:1"); err != nil {
		t.Errorf("an anonymous subscription: %v", err)
	}
	_, err = v.Subscription(sign(t, s, auth.Claims{Channel: "room:1"}), "ann", "room:1")
	wantCode(t, "a token without user", err, throng.ErrPermissionDenied)
	_, err = v.Subscription(sign(t, s, auth.Claims{User: "ann", Channel: "room:1", Expires: 1}), "ann", "room:1")
	wantCode(t, "an expired one", err, throng.ErrTokenExpired)
}

// TestNoKeys: without keys nobody has a token.
func TestNoKeys(t *testing.T) {
	v := newVerifier(t, auth.Options{})
	for _, token := range []string{"", emptyKey(`{}`), sign(t, bySecret(t, goodSecret, ""), auth.Claims{})} {
		_, err := v.Connection(token)
		wantCode(t, token, err, throng.ErrNotAvailable)
	}
	if v.Enabled() {
		t.Error("enabled")
	}
}

// TestSilence: what is logged and told of tokens has nothing of them.
func TestSilence(t *testing.T) {
	var log journal
	v := newVerifier(t, auth.Options{Secret: goodSecret, Log: log.log(), Issuer: "issuer"})
	const mark = "SECRETMARK"
	s := bySecret(t, goodSecret, "")
	tokens := []string{
		mark, mark + "." + mark + "." + mark, seal(t, s, `{"alg":"`+mark+`"}`, `{}`), seal(t, s, `{"alg":"HS256","kid":"`+mark+`"}`, `{"iss":"`+mark+`"}`),
		seal(t, s, `{"alg":"HS256"}`, `{"sub":["`+mark+`"]}`), seal(t, s, `{"alg":"HS256"}`, `{"channels":["`+mark+`:\u0000"]}`),
		seal(t, s, `{"`+mark+`"}`, `{}`), seal(t, s, `{"alg":"HS256"}`, `{"subs":{"a":{"info":"`+mark+strings.Repeat("x", 5000)+`"}}}`),
	}
	for _, token := range tokens {
		if _, err := v.Connection(token); err == nil || strings.Contains(err.Error(), mark) {
			t.Errorf("%.80s: %v", token, err)
		}
	}
	text := log.String()
	if lines := strings.Count(text, "\n"); lines != len(tokens) || strings.Contains(text, mark) || strings.Contains(text, auth.Encode(mark)[:10]) {
		t.Errorf("%d lines: %s", lines, text)
	}
	if slices.ContainsFunc(tokens, func(s string) bool { return len(s) > 20 && strings.Contains(text, s[:20]) }) {
		t.Errorf("part of a token: %s", text)
	}
}

package auth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"throng"
	"throng/internal/auth"
)

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// TestClaims: what a token says arrives, compact, and each once.
func TestClaims(t *testing.T) {
	v := newVerifier(t, auth.Options{Secret: goodSecret})
	s := bySecret(t, goodSecret, "")
	id, err := v.Connection(seal(t, s, `{"typ":"JWT","alg":"HS256"}`, ` {
		"sub" : "änn \"x\" \ud83d\ude00", "jti":"t1", "info": { "name" :
			"Ann" , "l":[1, 2] }, "meta" : [ null ], "own":{"sub":"bob","a":"}\"{"}, "SUB": "bob",
		"channels":["a", "b:1","a"], "subs" : {"b:1": {"info": 1 , "publish":true,"other":[]}, "c":{}} } `))
	if err != nil {
		t.Fatal(err)
	}
	want := &throng.Identity{
		User: "änn \"x\" 😀", TokenID: "t1", Info: []byte(`{"name":"Ann","l":[1,2]}`), Meta: []byte(`[null]`),
		Channels: []throng.Grant{{Channel: "b:1", Info: []byte("1"), Publish: true}, {Channel: "c"}, {Channel: "a"}},
	}
	if !reflect.DeepEqual(id, want) {
		t.Errorf("got  %+v\nwant %+v", id, want)
	}
	for _, empty := range []string{`{}`, `{"info":null,"meta":null,"channels":null,"subs":null}`, `{"sub":"","channels":[],"subs":{}}`} {
		if id, err := v.Connection(seal(t, s, `{"alg":"HS256"}`, empty)); err != nil || !reflect.DeepEqual(id, &throng.Identity{}) {
			t.Errorf("%s: %+v, %v", empty, id, err)
		}
	}
}

// TestClaimBounds: each claim has its type and size, and a token that breaks them is
// not accepted, and says why to who runs the server.
func TestClaimBounds(t *testing.T) {
	v := newVerifier(t, auth.Options{Secret: goodSecret})
	s := bySecret(t, goodSecret, "")
	names := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`"c%d"`, i)
		}
		return strings.Join(list, ",")
	}
	long := strings.Repeat("x", 256)
	for _, test := range []struct{ claims, reason string }{
		{`{"sub":"` + long[:255] + `"}`, ""},
		{`{"sub":"` + long + `"}`, "sub is longer than 255 bytes"},
		{`{"sub":"a\u0000b"}`, "sub has control characters"},
		{`{"sub":"a\nb"}`, "sub has control characters"},
		{`{"sub":"a\u0085b"}`, "sub has control characters"},
		{`{"sub":"\ud800"}`, "sub is not a string"},
		{`{"sub":42}`, "sub is not a string"},
		{`{"sub":null}`, "sub is not a string"},
		{`{"jti":"` + long + `"}`, "jti is longer than 255 bytes"},
		{`{"jti":{}}`, "jti is not a string"},
		{`{"sub":"ann","sub":"bob"}`, "the payload has a member twice"},
		{`{"sub":"ann","s\u0075b":"bob"}`, "the payload has a member twice"},
		{`{"info":"` + strings.Repeat("x", 4094) + `"}`, ""},
		{`{"info":"` + strings.Repeat("x", 4095) + `"}`, "info is larger than 4096 bytes"},
		{`{"meta":"` + strings.Repeat("x", 4095) + `"}`, "meta is larger than 4096 bytes"},
		{`{"channels":[` + names(100) + `]}`, ""},
		{`{"channels":[` + names(101) + `]}`, "channels names more than 100 channels"},
		{`{"channels":[` + names(100) + `],"subs":{"x":{}}}`, "channels names more than 100 channels"},
		{`{"channels":"a"}`, "channels is not a list of names of channels"},
		{`{"channels":[1]}`, "channels is not a list of names of channels"},
		{`{"channels":[""]}`, "channels is not a list of names of channels"},
		{`{"channels":["@other:1"]}`, "channels is not a list of names of channels"},
		{`{"channels":["` + long + `"]}`, "channels is not a list of names of channels"},
		{`{"subs":[]}`, "subs is not an object of channels"},
		{`{"subs":{"a":1}}`, "subs is not an object of channels"},
		{`{"subs":{"a":{},"a":{}}}`, "subs is not an object of channels"},
		{`{"subs":{"a\u0001":{}}}`, "subs is not an object of channels"},
		{`{"subs":{"a":{"publish":1}}}`, "subs has a channel whose publish is not true or false"},
		{`{"subs":{` + strings.ReplaceAll(names(101), ",", ":{},") + `:{}}}`, "subs names more than 100 channels"},
		{`{"publish":"yes"}`, "publish is not true or false"},
		{`{"channel":1}`, "channel is not a string"},
		{`{"channel":""}`, "channel is not the name of a channel"},
		{`{"channel":"a\u0000"}`, "channel is not the name of a channel"},
		{`[]`, "the payload is not a JSON object"},
		{`"x"`, "the payload is not a JSON object"},
		{``, "the payload is not JSON"},
		{`{"sub":"a"}x`, "the payload is not JSON"},
		{"{\"sub\":\"\xff\"}", "the payload is not JSON"},
	} {
		e := v.Explain(seal(t, s, `{"alg":"HS256"}`, test.claims))
		got := ""
		if e.Refusal != nil {
			got = e.Refusal.Reason
		}
		if got != test.reason {
			t.Errorf("%.60s: %q, want %q", test.claims, got, test.reason)
		}
	}
}

// TestInfoIsCopied: an identity does not keep its token's payload alive, nor does
// anybody else write into it.
func TestInfoIsCopied(t *testing.T) {
	v := newVerifier(t, auth.Options{Secret: goodSecret})
	id, err := v.Connection(sign(t, bySecret(t, goodSecret, ""), auth.Claims{Info: []byte(`{"a":1}`), Subs: map[string]auth.Sub{"c": {Info: []byte("12")}}}))
	if err != nil || cap(id.Info) > 64 || cap(id.Channels[0].Info) > 64 {
		t.Errorf("%v, %d", err, cap(id.Info))
	}
}

// TestTimeZero: the beginning of 1970 is a time like others, not the absence of one.
func TestTimeZero(t *testing.T) {
	v, s := newVerifier(t, auth.Options{Secret: goodSecret}), bySecret(t, goodSecret, "")
	for _, exp := range []string{"0", "0.0", "0.0005", "0e5", "1"} {
		_, err := v.Connection(seal(t, s, `{"alg":"HS256"}`, `{"sub":"ann","exp":`+exp+`}`))
		wantCode(t, "exp "+exp, err, throng.ErrTokenExpired)
	}
	if _, err := v.Connection(seal(t, s, `{"alg":"HS256"}`, `{"sub":"ann","nbf":0,"iat":0}`)); err != nil {
		t.Error(err)
	}
}

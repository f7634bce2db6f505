package gateway_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"throng/internal/gateway"
	"throng/internal/gateway/gatewaytest"
	"throng/test/tries"
)

func TestLongPollRefusesConnect(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Authenticate = func(c gateway.Credentials) (v gateway.Verdict, _ gateway.Pending) {
			if c.Params.Get("token") != "mine" || c.Token != "raw=token" || len(c.Params["token"]) != 1 {
				v.Status = 403
			}
			return v, nil
		}
		s := gatewaytest.Start(t, o)
		for _, test := range []struct {
			query, auth string
			status      int
		}{
			{"token=mine", "raw=token", 410},
			{"vsn=2.0.0&token=mine", "raw=token", 410},
			{"vsn=1.0.0&token=mine&x[]=1", "raw=token", 410},
			{"vsn=2.0.0&token=mine&token=" + strings.Repeat("A", 35), "raw=token", 410}, // a dead session's
			{"vsn=2.0.0&token=mine&token=" + strings.Repeat("A", 34), "raw=token", 403}, // none of ours
			{"vsn=2.0.0&token=yours", "raw=token", 403},
			{"vsn=2.0.0&token=mine", "", 403},
			{"vsn=3.0.0&token=mine", "raw=token", 403},
			{"vsn=&token=mine", "raw=token", 403},
			{"vsn=2.0.0%zz&token=mine", "raw=token", 403},
		} {
			p := newPoller(t, s)
			p.query = test.query
			p.head.Set("X-Phoenix-AuthToken", test.auth)
			a := p.get()
			if a.code != 200 || a.Status != test.status || test.status == 403 && a.text != `{"status":403}` {
				t.Errorf("%s with %q: %d %s", test.query, test.auth, a.code, a.text)
			}
		}
	})
}

// The token may come as a header, and a parameter that is no token of ours does
// not hide it.
func TestLongPollTokenHeader(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		p := connect(t, start(t, kind))
		p.head.Set("X-Phoenix-Longpoll-Token", p.token)
		p.query, p.token = "vsn=2.0.0&token=a.user.token", ""
		if a := p.request("POST", ndjson, beat); a.Status != 200 {
			t.Fatal(a.text)
		}
		if a := p.get(); a.Status != 200 || len(a.Messages) != 1 {
			t.Fatal(a.text)
		}
		p.token, p.query = p.head.Get("X-Phoenix-Longpoll-Token"), "vsn=2.0.0&token="+strings.Repeat("A", 35)
		p.head.Del("X-Phoenix-Longpoll-Token")
		p.push(beat) // the last parameter counts
		p.expect(beaten)
	})
}

// A token that is not exactly the session's opens nothing.
func TestLongPollTokens(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		p := connect(t, s)
		good, err := base64.RawURLEncoding.DecodeString(p.token)
		if err != nil || len(good) != 26 {
			t.Fatalf("%q: %v", p.token, err)
		}
		ends := int64(1)
		for i := range good {
			for _, bit := range []byte{1, 0x80} {
				bad := append([]byte(nil), good...)
				bad[i] ^= bit
				o := *p
				o.token = base64.RawURLEncoding.EncodeToString(bad)
				if a := o.request("POST", ndjson, beat); a.code != 200 || a.text != `{"status":410}` {
					t.Errorf("byte %d: push: %d %s", i, a.code, a.text)
				}
				if a := o.get(); a.Status != 410 || a.Token == p.token || len(a.Messages) > 0 {
					t.Errorf("byte %d: poll: %s", i, a.text)
				}
				ends++
			}
		}
		sessions(t, s, ends) // each of those polls began a session of its own
		for _, text := range []string{"", "x", p.token + "A", p.token[1:], p.token + "=", p.token + "%0A", url.QueryEscape(p.token[:34] + "\n")} {
			o := *p
			o.token = text
			if a := o.request("POST", ndjson, beat); a.text != `{"status":410}` {
				t.Errorf("%q: %s", text, a.text)
			}
		}
		if last := p.token[34:]; last != "" { // two spare bits must be zero
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			o := *p
			o.token = p.token[:34] + string(alphabet[strings.IndexByte(alphabet, last[0])|1])
			if a := o.request("POST", ndjson, beat); a.text != `{"status":410}` {
				t.Errorf("another spelling: %s", a.text)
			}
		}
		p.push(beat)
		p.expect(beaten)
	})
}

// A connection that is no long-poll can't be reached by a token, though the loop
// knows it by the same name.
func TestLongPollTokenOfASocket(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		for range 4 {
			c := gatewaytest.Connect(t, s.Addr(), socketPath)
			c.Text(beat)
			c.Expect(beaten)
		}
		p := connect(t, s)
		for loop := range byte(3) {
			for slot := range byte(3) {
				for gen := range byte(8) {
					b := make([]byte, 26)
					b[1], b[5], b[9] = loop, slot, gen
					o := *p
					o.token = base64.RawURLEncoding.EncodeToString(b)
					if a := o.request("POST", ndjson, beat); a.text != `{"status":410}` {
						t.Fatalf("loop %d slot %d generation %d: %s", loop, slot, gen, a.text)
					}
				}
			}
		}
	})
}

func TestLongPollBodies(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.Phoenix.PollBody = 256 << 10
		s := gatewaytest.Start(t, o)
		big := `["1","1","room:1","n","` + strings.Repeat("x", 64<<10) + `"]`
		for _, test := range []struct {
			name, kind, body string
			status, messages int
		}{
			{"nothing", ndjson, "", 200, 0},
			{"one line", ndjson, beat, 200, 1},
			{"a parameter of the type", "Application/X-NDJSON; charset=utf-8", beat + "\n" + beat, 200, 2},
			{"empty lines", ndjson, "\n\r\n" + beat + "\r\n\n\n" + beat + "\n", 200, 2},
			{"a hundred lines", ndjson, strings.Repeat(beat+"\n", 100), 200, 100},
			{"more than a hundred", ndjson, strings.Repeat(beat+"\n", 130), 200, 100},
			{"newlines only", ndjson, strings.Repeat("\n", 256<<10), 200, 0},
			{"newlines, too many", ndjson, strings.Repeat("\n", 8<<20), 413, 0},
			{"a large body", ndjson, strings.Repeat(beat+strings.Repeat(" ", 5000)+"\n", 40), 200, 40},
			{"one byte too many", ndjson, beat + strings.Repeat("\n", 256<<10-len(beat)+1), 413, 0},
			{"a message too large", ndjson, beat + "\n" + big, 413, 0},
			{"a message too large, alone", "text/plain", big, 413, 0},
			{"two lines that are no lines", "text/plain", beat + "\n" + beat, 410, -1},
			{"bad JSON", ndjson, beat + "\n[", 410, -1},
			{"bad base64", ndjson, "!", 410, -1},
			{"bad binary", ndjson, "CQk=", 410, -1},
			{"not UTF-8", ndjson, "[\"\xff\"]", 410, -1},
			{"nothing that is no line", "text/plain", "", 410, -1},
		} {
			t.Run(test.name, func(t *testing.T) {
				p := connect(t, s)
				if test.status == 413 && len(test.body) > 1<<20 { // net/http's client reads no answer while it can't send all
					c := gatewaytest.Dial(t, s.Addr())
					go func() {
						_, _ = fmt.Fprintf(c, "POST /socket/longpoll?vsn=2.0.0&token=%s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
							p.token, test.kind, len(test.body), test.body)
					}()
					if status, _, body := c.Response("POST"); status != 200 || body != `{"status":413}` {
						t.Fatalf("%d %s", status, body)
					}
					p.push(beat)
					p.expect(beaten)
					return
				}
				if a := p.request("POST", test.kind, test.body); a.code != 200 || a.text != fmt.Sprintf(`{"status":%d}`, test.status) {
					t.Fatalf("%d %s", a.code, a.text)
				}
				if test.messages < 0 { // what was said before the bad message is answered
					for a := p.get(); a.Status != 410; a = p.get() {
						if a.Status != 200 || a.Messages[0] != beaten {
							t.Fatal(a.text)
						}
					}
					return
				}
				p.push(`[null,"last","phoenix","heartbeat",{}]`)
				for range test.messages {
					p.expect(beaten)
				}
				p.expect(`[null,"last","phoenix","phx_reply",{"status":"ok","response":{}}]`)
			})
		}
	})
}

// Who announces a lot and sends it slowly is cut off, and nothing was set aside.
func TestLongPollSlowBody(t *testing.T) {
	t.Parallel()
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		tries.Longer(t, 200*time.Millisecond, func(t testing.TB, unit time.Duration) {
			o := gatewaytest.Options(kind)
			o.Config.HTTP.HeaderTimeout = unit
			s := gatewaytest.Start(t, o)
			p := connect(t, s)
			c := gatewaytest.Dial(t, s.Addr())
			c.Raw([]byte("POST /socket/longpoll?vsn=2.0.0&token=" + p.token + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n["))
			if _, _, body := c.Response("POST"); body != `{"status":408}` {
				t.Errorf("answered %s", body)
			}
			c.Closed()
		})
	})
}

func TestLongPollOrigins(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.HTTP.AllowedOrigins = []string{"https://example.com", "//*.host"}
		s := gatewaytest.Start(t, o)
		p := connect(t, s)
		for _, test := range []struct {
			origins []string
			allowed bool
		}{
			{nil, true},
			{[]string{"https://example.com"}, true},
			{[]string{"http://a.host:81"}, true},
			{[]string{"https://cross.example"}, false},
			{[]string{"null"}, false},
			{[]string{""}, false},
			{[]string{"https://host.evil"}, false},
			{[]string{"https://evilexample.com"}, false},
			{[]string{"https://example.com.evil"}, false},
			{[]string{"https://example.com", "https://cross.example"}, false},
		} {
			for _, method := range []string{"GET", "POST", "OPTIONS", "PUT"} {
				o := *p
				o.head = http.Header{}
				if test.origins != nil {
					o.head["Origin"] = test.origins
				}
				if o.token = p.token; method == "GET" {
					o.token = ""
				}
				a := o.request(method, ndjson, "")
				checkOrigin(t, method, test.origins, test.allowed, a)
			}
		}
		p.push(beat)
		p.expect(beaten)
	})
}

func checkOrigin(t *testing.T, method string, origins []string, allowed bool, a answer) {
	t.Helper()
	code, status := 200, map[string]int{"GET": 410, "POST": 200}[method]
	switch {
	case !allowed:
		code, status = 403, 403
	case method == "PUT":
		code = 400
	}
	if a.code != code || a.Status != status {
		t.Errorf("%s of %q: %d %s", method, origins, a.code, a.text)
	}
	want := ""
	if allowed && len(origins) > 0 {
		want = origins[0]
	}
	h := a.head
	if got := h.Get("Access-Control-Allow-Origin"); got != want {
		t.Errorf("%s of %q: allowed for %q", method, origins, got)
	}
	if h.Get("Access-Control-Allow-Credentials") != "" || h.Get("Cache-Control") != "no-store" || h.Get("Vary") != "Origin" {
		t.Errorf("%s of %q: %v", method, origins, h)
	}
	if methods := h.Get("Access-Control-Allow-Methods"); (methods == "get, post, options") != (allowed && method == "OPTIONS") {
		t.Errorf("%s of %q: methods %q", method, origins, methods)
	}
	if method == "OPTIONS" && allowed && (h.Get("Access-Control-Max-Age") != "3600" ||
		!strings.Contains(h.Get("Access-Control-Allow-Headers"), "X-Phoenix-AuthToken")) {
		t.Errorf("preflight: %v", h)
	}
}

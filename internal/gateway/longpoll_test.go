package gateway_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/gateway/phoenix"
)

// brief is a server whose polls and sessions are over soon.
func brief(t *testing.T, kind string, window time.Duration) *gatewaytest.Server {
	o := gatewaytest.Options(kind)
	o.Config.Phoenix.PollWindow = window
	return gatewaytest.Start(t, o)
}

// sessions waits until so many sessions are left.
func sessions(t *testing.T, s *gatewaytest.Server, n int64) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d sessions", n), func() bool { return s.Gateway().Stats().LongPolls.Load() == n })
}

func TestLongPollTalks(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		p := connect(t, s)
		p.push(beat)
		p.expect(beaten)
		p.push(join, `["1","2","room:1","hello",{"a":"<ü\u2028\"\\>"}]`)
		p.expect(joined, `[null,null,"room:1","hello",{"a":"<ü\u2028\"\\>"}]`)
		p.expect(`["1","2","room:1","phx_reply",{"status":"ok","response":{}}]`)
		if a := p.request("POST", "application/json", beat); a.Status != 200 {
			t.Errorf("one message that is no line: %s", a.text)
		}
		p.expect(beaten)
		p.push(`["1","3","room:1","phx_leave",{}]`)
		p.expect(`["1","3","room:1","phx_reply",{"status":"ok","response":{}}]`, `["1","1","room:1","phx_close",{}]`)
	})
}

// Version 1 is spoken without vsn, as objects.
func TestLongPollVersion1(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		p := newPoller(t, start(t, kind))
		p.query = ""
		p.open()
		p.push(`{"topic":"room:1","event":"phx_join","payload":{},"ref":"1"}`)
		p.expect(`{"topic":"room:1","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"}`)
	})
}

// A WebSocket and a long-poll see one order, and what either says.
func TestLongPollAndWebSocket(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		p, c := connect(t, s), gatewaytest.Connect(t, s.Addr(), socketPath)
		p.push(join)
		p.expect(joined)
		c.Text(join)
		c.Expect(joined)
		const each = 200
		go func() {
			for i := range each {
				_, _ = c.Write(c.Frame(1, fmt.Appendf(nil, `["1","w%d","room:1","n",{"ws":%d}]`, i, i)))
			}
		}()
		go func() {
			for i := 0; i < each; i += 10 {
				var lines []string
				for n := i; n < i+10; n++ {
					lines = append(lines, fmt.Sprintf(`["1","p%d","room:1","n",{"lp":%d}]`, n, n))
				}
				_, _ = p.try(context.Background(), "POST", ndjson, strings.Join(lines, "\n"))
			}
		}()
		broadcasts := func(next func() string) (all []string) {
			for len(all) < 2*each {
				if m := next(); strings.HasPrefix(m, `[null,null,"room:1"`) {
					all = append(all, m)
				}
			}
			return all
		}
		polled := broadcasts(p.next)
		sent := broadcasts(func() string { return string(c.Message().Data) })
		for i := range sent {
			if sent[i] != polled[i] {
				t.Fatalf("message %d: %s by WebSocket, %s by long-poll", i, sent[i], polled[i])
			}
		}
	})
}

// Bytes go as base64 both ways.
func TestLongPollBinary(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Backend = echoBackend{}
		o.Namespaces = func(name string) *throng.Namespace {
			ns := &throng.Namespace{Subscribe: throng.Anybody, Publish: throng.Anybody, ClientEvents: throng.EventBroadcast}
			if name == "app" {
				ns.ClientEvents = throng.EventBackend
			}
			return ns
		}
		s := gatewaytest.Start(t, o)
		p, c := connect(t, s), gatewaytest.Connect(t, s.Addr(), socketPath)
		p.push(join, `["2","2","app:1","phx_join",{}]`)
		p.expect(joined, `["2","2","app:1","phx_reply",{"status":"ok","response":{}}]`)
		c.Text(join)
		c.Expect(joined)
		push := func(ref, topic, data string) string {
			b := []byte{0, 1, 1, byte(len(topic)), 1}
			return base64.StdEncoding.EncodeToString([]byte(string(b) + ref + ref + topic + "e" + data))
		}
		p.push(push("1", "room:1", "\x00\xff"))
		p.expect(`[null,null,"room:1","e",{"encoding":"base64","data":"AP8="}]`, `["1","1","room:1","phx_reply",{"status":"ok","response":{}}]`)
		if m := c.Message(); string(m.Data) != "\x02\x06\x01room:1e\x00\xff" {
			t.Errorf("by WebSocket: %q", m.Data)
		}
		p.push(push("2", "app:1", "\x01\x02"))
		p.expect(`["2","2","app:1","phx_reply",{"status":"ok","response":{"encoding":"base64","data":"AQI="}}]`)
	})
}

type echoBackend struct{}

func (echoBackend) Event(e *phoenix.Event, answer func(phoenix.Answer)) {
	answer(phoenix.Answer{Status: "ok", Response: e.Data, Binary: e.Binary})
}

// A poll without messages ends after its time, and the session goes on; one
// without polls ends after the window.
func TestLongPollTime(t *testing.T) {
	t.Parallel()
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := brief(t, kind, 1500*time.Millisecond)
		p := connect(t, s)
		p.push(join)
		p.expect(joined)
		if a := p.get(); a.Status != 204 || a.Token != p.token || a.Messages == nil || len(a.Messages) > 0 {
			t.Fatalf("an empty poll: %s", a.text)
		}
		sessions(t, s, 0)
		if a := p.request("POST", ndjson, beat); a.code != 200 || a.text != `{"status":410}` {
			t.Errorf("push to an expired session: %d %s", a.code, a.text)
		}
		a := p.get()
		if a.Status != 410 || a.Token == "" || a.Token == p.token {
			t.Fatalf("poll of an expired session: %s", a.text)
		}
		p.token = a.Token
		p.push(beat)
		p.expect(beaten)
	})
}

func TestLongPollNewestWins(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		p := connect(t, s)
		first := p.later(t.Context(), s)
		second := p.later(t.Context(), s)
		if a := <-first; a.Status != 204 || len(a.Messages) > 0 {
			t.Errorf("the older poll: %s", a.text)
		}
		p.push(beat)
		if a := <-second; a.Status != 200 || len(a.Messages) != 1 || a.Messages[0] != beaten {
			t.Errorf("the newer poll: %s", a.text)
		}
	})
}

// A poll whose client has gone takes nothing with it.
func TestLongPollVanished(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		p := connect(t, s)
		for range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			gone := p.later(ctx, s)
			before := s.Engine().Connections()
			cancel()
			if a := <-gone; a.code != 0 {
				t.Fatal("the poll was answered")
			}
			eventually(t, "the server has noticed", func() bool { return s.Engine().Connections() < before })
			p.push(beat)
			p.expect(beaten)
		}
	})
}

// Messages wait for polls, at most so many bytes in one, and at least one.
func TestLongPollAnswersAreBounded(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.WebSocket.MaxMessageBytes = 1 << 20
		o.Config.Engine.QueueBytes = 8 << 20
		s := gatewaytest.Start(t, o)
		p, c := connect(t, s), gatewaytest.Connect(t, s.Addr(), socketPath)
		p.push(join)
		p.expect(joined)
		c.Text(join)
		c.Expect(joined)
		for i, n := range []int{100 << 10, 100 << 10, 100 << 10, 600 << 10, 10, 10} {
			c.Text(fmt.Sprintf(`["1","%d","room:1","n","%s"]`, i, strings.Repeat("x", n)))
			for range 2 {
				c.Message()
			}
		}
		var counts []int
		for total := 0; total < 6; {
			a := p.get()
			if a.Status != 200 {
				t.Fatalf("%.100s", a.text)
			}
			counts = append(counts, len(a.Messages))
			total += len(a.Messages)
		}
		if fmt.Sprint(counts) != "[2 1 1 2]" {
			t.Errorf("polls of %v messages", counts)
		}
	})
}

func TestLongPollRefusesConnect(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Authenticate = func(c *phoenix.Connect) (throng.ClientInfo, bool) {
			return throng.ClientInfo{}, c.Params.Get("token") == "mine" && c.Token == "raw=token" && len(c.Params["token"]) == 1
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
		o := gatewaytest.Options(kind)
		o.Config.HTTP.HeaderTimeout = 200 * time.Millisecond
		s := gatewaytest.Start(t, o)
		p := connect(t, s)
		c := gatewaytest.Dial(t, s.Addr())
		c.Raw([]byte("POST /socket/longpoll?vsn=2.0.0&token=" + p.token + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n["))
		if _, _, body := c.Response("POST"); body != `{"status":408}` {
			t.Errorf("answered %s", body)
		}
		c.Closed()
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

// The end of a session is told by 410, after all that was said before.
func TestLongPollServerEnds(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		for name, waits := range map[string]bool{"a poll waits": true, "no poll waits": false} {
			t.Run(name, func(t *testing.T) {
				p := connect(t, s)
				p.push(join)
				p.expect(joined)
				var poll <-chan answer
				if waits {
					poll = p.later(t.Context(), s)
				}
				if a := p.request("POST", ndjson, beat+"\nbad"); a.Status != 410 {
					t.Errorf("bad message: %s", a.text)
				}
				if !waits {
					poll = p.later(t.Context(), s)
				}
				if a := <-poll; a.Status != 200 || len(a.Messages) != 1 || a.Messages[0] != beaten {
					t.Errorf("what was said before: %s", a.text)
				}
				sessions(t, s, 0)
				if a := p.get(); a.Status != 410 || a.Token == p.token {
					t.Errorf("then: %s", a.text)
				} else {
					p.token = a.Token
					p.request("POST", ndjson, "bad") // ends it
				}
				sessions(t, s, 0)
			})
		}
	})
}

func TestLongPollShutdown(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		s := gatewaytest.Start(t, o)
		idle, joinedOne, silent := connect(t, s), connect(t, s), connect(t, s)
		joinedOne.push(join)
		joinedOne.expect(joined)
		silent.push(beat) // an answer that nobody takes
		polls := []<-chan answer{idle.later(t.Context(), s), joinedOne.later(t.Context(), s)}
		s.Stop(t)
		for i, poll := range polls {
			if a := <-poll; a.code != 200 || a.Status != 410 {
				t.Errorf("poll %d: %d %s", i, a.code, a.text)
			}
		}
		if n := s.Gateway().Stats().LongPolls.Load(); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
	})
}

func TestLongPollLimit(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.Engine.MaxConnections = 4
		s := gatewaytest.Start(t, o)
		p := newPoller(t, s) // its HTTP connection is one
		for range 3 {
			p.open()
		}
		p.token = ""
		a := p.get()
		if a.code != 503 || a.text != "" || a.head.Get("Retry-After") == "" {
			t.Errorf("over the limit: %d %s", a.code, a.text)
		}
	})
}

// An upgrade at the path of the long-poll is none, and it is not on by chance.
func TestLongPollPath(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.Phoenix.LongPoll = false
		off := newPoller(t, gatewaytest.Start(t, o))
		off.token = "x"
		if r, err := off.http.Get(off.url); err != nil || r.StatusCode != 404 {
			t.Errorf("%v %v", r, err)
		} else {
			r.Body.Close()
		}
		c := gatewaytest.Dial(t, start(t, kind).Addr())
		c.Raw(gatewaytest.Handshake("/socket/longpoll?vsn=2.0.0"))
		if status, _, _ := c.Response("GET"); status != 404 {
			t.Errorf("upgraded: %d", status)
		}
	})
}

// A session that nobody polls keeps what the bound allows, then it ends.
func TestLongPollSlow(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.Engine.QueueBytes = 64 << 10
		o.Config.Phoenix.PollWindow = time.Second
		s := gatewaytest.Start(t, o)
		p := connect(t, s)
		status := 200
		for i := 0; status == 200 && i < 100; i++ {
			status = p.request("POST", ndjson, strings.Repeat(`[null,"`+strings.Repeat("r", 200)+`","phoenix","heartbeat",{}]`+"\n", 100)).Status
		}
		if status != 410 {
			t.Fatalf("answers pile up: %d", status)
		}
		sessions(t, s, 0)
	})
}

// Recovery works across sessions.
func TestLongPollRecovers(t *testing.T) {
	t.Parallel()
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := brief(t, kind, 1500*time.Millisecond)
		p, c := connect(t, s), gatewaytest.Connect(t, s.Addr(), socketPath)
		position := func(message string) (epoch string, offset float64, events int) {
			var frame []any
			if err := json.Unmarshal([]byte(message), &frame); err != nil {
				t.Fatal(err)
			}
			r := frame[4].(map[string]any)["response"].(map[string]any)
			return r["epoch"].(string), r["offset"].(float64), len(r["publications"].([]any))
		}
		p.push(`["1","1","hist:lp","phx_join",{"recover":{}}]`)
		epoch, _, _ := position(p.next())
		c.Text(`["1","1","hist:lp","phx_join",{}]`)
		c.Message()
		say := func(n int) {
			c.Text(`["1","2","hist:lp","n",` + strconv.Itoa(n) + `]`)
			c.Message()
			c.Message()
		}
		say(1)
		p.expect(`[null,1,"hist:lp","n",1]`)
		sessions(t, s, 0)
		say(2)
		say(3)
		p.open()
		p.push(`["5","5","hist:lp","phx_join",{"recover":{"offset":1,"epoch":"` + epoch + `"}}]`)
		answered := p.next()
		if again, offset, n := position(answered); again != epoch || offset != 3 || n != 2 || !strings.Contains(answered, `"recovered":true`) {
			t.Errorf("answer %s", answered)
		}
	})
}

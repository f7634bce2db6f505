package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/config"
	"throng/internal/gateway"
	"throng/internal/gateway/gatewaytest"
	"throng/test/tries"
)

var feedPaths = []string{"/events?channel=hist:a", "/poll?channel=hist:a"}

// TestFeedOrigins: pages of other origins get nothing, neither at once nor on a
// connection that net/http had, and can't find out by asking first.
func TestFeedOrigins(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		o := gatewaytest.Options(front)
		o.Config.HTTP.AllowedOrigins = []string{"https://example.com"}
		s := gatewaytest.Start(t, o)
		for _, path := range feedPaths {
			for _, origin := range []string{"https://evilexample.com", "https://example.com.evil", "null", "", "http://example.com"} {
				for _, kept := range []bool{false, true} {
					c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
					if kept {
						c.ask("/nothing")
						c.text()
					}
					c.ask(path, "Origin: "+origin, "Accept: text/event-stream")
					if body := c.text(); c.head.StatusCode != 403 || c.head.Header.Get("Access-Control-Allow-Origin") != "" || strings.Contains(body, "epoch") {
						t.Errorf("%s, %q: %+v %s", path, origin, c.head, body)
					}
					c.Raw([]byte("OPTIONS " + path + " HTTP/1.1\r\nHost: x\r\nOrigin: " + origin + "\r\nAccess-Control-Request-Method: GET\r\n\r\n"))
					if c.answered(); c.head.StatusCode != 403 || c.head.Header.Get("Access-Control-Allow-Origin") != "" {
						t.Errorf("preflight %s, %q: %+v", path, origin, c.head)
					}
					c.Close()
				}
			}
			c := get(t, s, path, "Origin: https://example.com")
			if c.head.StatusCode != 200 || c.head.Header.Get("Access-Control-Allow-Origin") != "https://example.com" {
				t.Errorf("%s: %+v", path, c.head)
			}
			c.Close()
			two := get(t, s, path, "Origin: https://example.com", "Origin: https://example.com")
			if two.head.StatusCode != 403 {
				t.Errorf("two origins: %+v", two.head)
			}
			two.Close()
			c = &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
			c.ask("/nothing")
			c.text()
			c.Raw([]byte("OPTIONS " + path + " HTTP/1.1\r\nHost: x\r\nOrigin: https://example.com\r\nAccess-Control-Request-Method: GET\r\n\r\n"))
			if c.answered(); c.head.StatusCode != 204 || !strings.Contains(c.head.Header.Get("Access-Control-Allow-Headers"), "Last-Event-ID") {
				t.Errorf("preflight: %+v", c.head)
			}
			c.Close()
		}
		s.Empty(t)
	})
}

// TestFeedRefusals: what can't be had is refused before the stream begins, with a
// coded error.
func TestFeedRefusals(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		o := gatewaytest.Options(front)
		o.Config.Phoenix.MaxChannels = 3
		o.Config.Namespaces = append(o.Config.Namespaces, config.Namespace{Name: "closed", Subscribe: "nobody", SlowPolicy: "disconnect"},
			config.Namespace{Name: "known", Subscribe: "authenticated", SlowPolicy: "disconnect"})
		s := gatewaytest.Start(t, o)
		for _, test := range []struct {
			target string
			status int
			code   uint32
		}{
			{"/events", 400, 107}, {"/events?channel=", 400, 107}, {"/events?channel=a%00", 400, 107}, {"/events?channel=@user:a", 403, 103},
			{"/events?channel=closed:a", 403, 103}, {"/events?channel=known:a", 403, 103}, {"/events?channel=known:a&user_id=ann", 200, 0},
			{"/events?channel=a&channel=b&channel=c&channel=d", 400, 106}, {"/events?channel=a&channel=a&channel=a&channel=a", 200, 0},
			{"/events?channel=" + strings.Repeat("x", 256), 400, 107}, {"/events?subscription=a.b.c", 401, 101},
			{"/events?channel=a&subscription=" + token("a"), 501, 108}, {"/events?channel=closed:a&channel=a", 200, 0},
			{"/poll", 400, 107}, {"/poll?channel=a&channel=b", 400, 107}, {"/poll?channel=closed:a", 403, 103},
			{"/poll?channel=hist:a&timeout=x", 400, 107}, {"/poll?channel=hist:a&limit=0", 400, 107}, {"/poll?channel=hist:a&offset=1", 400, 107},
			{"/poll?channel=hist:a&epoch=e", 400, 107}, {"/poll?channel=hist:a&offset=-1&epoch=e", 400, 107}, {"/poll?channel=hist:a", 200, 0},
			{"/poll?channel=hist:a&subscription=" + token("hist:a"), 501, 108},
		} {
			c := get(t, s, test.target)
			if c.head.StatusCode != test.status {
				t.Errorf("%s: %d", test.target, c.head.StatusCode)
			}
			if test.code != 0 {
				var p polled
				if decode(t, c.text(), &p); p.Code != test.code {
					t.Errorf("%s: code %d", test.target, p.Code)
				}
				c.poll("/poll?channel=hist:a") // the connection serves on
			}
			c.Close()
		}
		c := listen(t, s, "/events?channel=closed:a&channel=a")
		if e := c.expect("refused"); e.data != `{"channel":"closed:a","code":103,"message":"permission denied"}` {
			t.Errorf("%+v", e)
		}
		c.begins()
		c.Close()
		s.Empty(t)
	})
}

// token is one that nobody signed.
func token(channel string) string {
	return "e30." + tokenEncoding.EncodeToString([]byte(`{"channel":"`+channel+`"}`)) + ".c2ln"
}

// TestFeedHeads: heads that are no proper request, or not one for a feed.
func TestFeedHeads(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := start(t, front)
		for _, test := range []struct {
			head   string
			status int
		}{
			{"GET /poll?channel=hist:a HTTP/1.0\r\n\r\n", 200},
			{"GET /poll?channel=hist:a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200},
			{"GET http://x/poll?channel=hist:a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200},
			{"GET /poll?channel=hist:a HTTP/1.1\r\n\r\n", 400},
			{"GET /poll?channel=hist:a HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n", 400},
			{"GET /poll?channel=hist:a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 400},
			{"GET /poll?channel=hist:a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
			{"GET /poll?channel=hist:a HTTP/1.1\r\nHost: x\r\n bad: fold\r\nno colon\r\n\r\n", 400},
			{"GET /poll?channel=hist:a HTTP/3.0\r\nHost: x\r\n\r\n", 400},
			{"GET /poll?channel=hist:a\r\nHost: x\r\n\r\n", 400},
			{"GET /events HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 426},
			{"HEAD /events?channel=a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405},
			{"POST /poll?channel=a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 405},
			{"PUT /events HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", 405},
		} {
			c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
			if c.body == nil {
				c.body = newReader(c)
			}
			c.Raw([]byte(test.head))
			if c.answered(); c.head.StatusCode != test.status {
				t.Errorf("%q: %+v", test.head, c.head)
			}
			if test.status == 405 && c.head.Header.Get("Allow") != map[bool]string{true: "GET, POST, OPTIONS", false: "GET, OPTIONS"}[strings.Contains(test.head, "/events")] {
				t.Errorf("%q: Allow %q", test.head, c.head.Header.Get("Allow"))
			}
			c.Closed()
		}
		s.Empty(t)
	})
}

// TestFeedSlowloris: who sends a head a byte at a time is dropped at the deadline.
func TestFeedSlowloris(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := impatient(t, kind)
		for _, path := range feedPaths {
			c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
			c.body = newReader(c)
			go func() {
				for b := []byte("GET " + path + " HTTP/1.1\r\nHost: "); ; b = append(b[1:], 'x') { // without end
					if _, err := c.Write(b[:1]); err != nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			}()
			if c.answered(); c.head.StatusCode != 408 {
				t.Errorf("%s: %+v", path, c.head)
			}
			c.Closed()
		}
	})
}

// TestFeedRates: who connects too often is told when to come back: curl by a
// status, an EventSource by a stream that ends, or it would never come back.
func TestFeedRates(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		o := gatewaytest.Options(front)
		o.Config.Limits.ConnectsPerMinutePerAddress = 2
		s := gatewaytest.Start(t, o)
		c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
		for range 2 {
			c.poll("/poll?channel=hist:a")
		}
		if a := c.poll("/poll?channel=hist:a"); a.Code != 111 || c.head.StatusCode != 429 || c.head.Header.Get("Retry-After") == "" {
			t.Errorf("%+v %+v", a, c.head)
		}
		c.ask("/events?channel=a")
		if c.text(); c.head.StatusCode != 429 {
			t.Errorf("%+v", c.head)
		}
		c.ask("/events?channel=a", "Accept: text/event-stream")
		if e := c.expect("disconnect"); c.head.StatusCode != 200 || !strings.Contains(e.data, "3013") || len(e.retry) < 4 {
			t.Errorf("%+v %+v", c.head, e)
		}
		c.over()
	})
}

// TestFeedWaitsForVerdict: who a client is may take a while to find out; meanwhile
// it waits on the loop, and no longer than it may.
func TestFeedWaitsForVerdict(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		tries.Longer(t, 500*time.Millisecond, func(t testing.TB, unit time.Duration) {
			o := gatewaytest.Options(front)
			o.Config.Users.Subscribe = false
			o.Config.HTTP.HeaderTimeout = unit
			o.Config.Namespaces = append(o.Config.Namespaces, config.Namespace{Name: "known", Subscribe: "token", HistorySize: 1, HistoryTTL: time.Minute, SlowPolicy: "disconnect"})
			asked := make(chan func(gateway.Verdict), 10)
			o.Authenticate = func(c gateway.Credentials) (gateway.Verdict, gateway.Pending) {
				if c.Token != "secret" {
					return gateway.Verdict{Status: 403}, nil
				}
				return gateway.Verdict{}, func(_ func() bool, done func(gateway.Verdict)) { asked <- done }
			}
			over := make(chan struct{})
			t.Cleanup(func() { close(over) })
			next := func() (done func(gateway.Verdict)) { // who asked
				select {
				case done = <-asked:
				case <-over:
					done = func(gateway.Verdict) {}
				case <-time.After(10 * time.Second):
					t.Error("nobody is asked who it is")
					done = func(gateway.Verdict) {}
				}
				return done
			}
			s := gatewaytest.Start(t, o)
			ann := &throng.Identity{User: "ann", Channels: []throng.Grant{{Channel: "known:a"}}}
			for _, headers := range [][]string{nil, {"Authorization: Bearer secret"}} {
				query := ""
				if headers == nil {
					query = "token=secret"
				}
				go func() {
					time.Sleep(30 * time.Millisecond)
					next()(gateway.Verdict{Identity: ann})
				}()
				l := listen(t, s, "/events?"+query, headers...) // the channel is the token's
				if b, _ := l.begins(); b.Channel != "known:a" || !b.Recoverable {
					t.Errorf("%+v", b)
				}
				publish(t, s, "known:a", "1")
				l.publication()
				l.Close()
				go func() { next()(gateway.Verdict{Identity: ann}) }()
				if c := get(t, s, "/poll?channel=known:a&"+query, headers...); c.head.StatusCode != 200 {
					t.Errorf("%+v", c.head)
				}
			}
			for _, path := range feedPaths {
				if c := get(t, s, path+"&token=other"); c.head.StatusCode != 403 {
					t.Errorf("%+v", c.head)
				}
				go func() { next()(gateway.Verdict{Status: 403}) }()
				if c := get(t, s, path+"&token=secret"); c.head.StatusCode != 403 {
					t.Errorf("%+v", c.head)
				}
				if c := get(t, s, path+"&token=secret"); c.head.StatusCode != 503 || c.head.Header.Get("Retry-After") == "" { // nobody answers
					t.Errorf("%+v", c.head)
				}
				done := next()
				c := gatewaytest.Dial(t, s.Addr())
				c.Raw([]byte("GET " + path + "&token=secret HTTP/1.1\r\nHost: x\r\n\r\n"))
				late := next()
				c.Close()
				done(gateway.Verdict{})
				late(gateway.Verdict{})
			}
		})
	})
}

// TestFeedMustSayWhoItIs: a client without a token that must send one later has no
// way to do so.
func TestFeedMustSayWhoItIs(t *testing.T) {
	o := gatewaytest.Options("auto")
	o.Authenticate = func(gateway.Credentials) (gateway.Verdict, gateway.Pending) {
		return gateway.Verdict{Until: throng.NewClock().Now() + 60_000}, nil
	}
	s := gatewaytest.Start(t, o)
	for _, path := range feedPaths {
		if c := get(t, s, path); c.head.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %+v", path, c.head)
		}
	}
}

// TestFeedExpiry: a stream ends with the token that it was begun with, and a
// subscription with its own.
func TestFeedExpiry(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		for _, test := range []struct {
			whole, part bool // that ends
			want        string
		}{
			{true, false, "[disconnect:3005]"}, {false, true, "[unsubscribed:2501 disconnect:3006]"},
		} {
			tries.Longer(t, 300*time.Millisecond, func(t testing.TB, unit time.Duration) {
				o := gatewaytest.Options(kind)
				o.Config.Users.Subscribe = false
				o.Authenticate = func(gateway.Credentials) (gateway.Verdict, gateway.Pending) {
					id := &throng.Identity{User: "ann", Channels: []throng.Grant{{Channel: "a"}}}
					if test.whole {
						id.Expires = throng.NewClock().Now() + unit.Milliseconds()
					}
					if test.part {
						id.Channels[0].Expires = throng.NewClock().Now() + unit.Milliseconds()
					}
					return gateway.Verdict{Identity: id}, nil
				}
				l := listen(t, gatewaytest.Start(t, o), "/events")
				l.begins()
				var got []string
				for {
					e, err := l.next()
					if err != nil {
						break
					}
					var d struct{ Code int }
					decode(t, e.data, &d)
					got = append(got, fmt.Sprintf("%s:%d", e.kind, d.Code))
				}
				if fmt.Sprint(got) != test.want {
					t.Errorf("%v, want %s", got, test.want)
				}
			})
		}
	})
}

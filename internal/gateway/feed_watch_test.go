//go:build !nosqlite

package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng/internal/config"
	"throng/internal/gateway/gatewaytest"
)

// recorded is a server that records who watches the channels of the namespace show.
func recorded(t *testing.T, front string) *gatewaytest.Server {
	t.Helper()
	return recordedFor(t, front, 0)
}

func recordedFor(t *testing.T, front string, grace time.Duration) *gatewaytest.Server {
	t.Helper()
	o := gatewaytest.Options(front)
	o.Config.Users.Subscribe = false // the order of events is what it looks at
	o.Config.Internal = "127.0.0.1:0"
	o.Config.HTTP.AllowedOrigins = []string{"https://example.com"}
	o.Config.Limits.MessagesPerSecond = 50
	o.Config.Store.Kind, o.Config.Visits.Grace, o.Config.Visits.Beat = "sqlite", grace, 100*time.Millisecond
	for _, name := range []string{"show", "own"} {
		o.Config.Namespaces = append(o.Config.Namespaces, config.Namespace{
			Name: name, Subscribe: "anybody", Watch: "parallel", HistorySize: 10, HistoryTTL: time.Minute, SlowPolicy: "disconnect",
		})
	}
	return gatewaytest.Start(t, o)
}

// wantWatching waits until so many users watch a channel.
func wantWatching(t *testing.T, s *gatewaytest.Server, channel string, want int) {
	t.Helper()
	waitFor(t, fmt.Sprintf("%d watch %s", want, channel), func() bool {
		r, err := http.NewRequest(http.MethodPost, "http://"+s.Internal().String()+"/api/visits_online",
			strings.NewReader(fmt.Sprintf(`{"channel":%q,"kind":"watching"}`, channel)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-API-Key", "dev")
		r.Close = true
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var answer struct {
			Result *struct{ Total int }
		}
		b, _ := io.ReadAll(res.Body)
		if err := json.Unmarshal(b, &answer); err != nil {
			t.Errorf("%v: %s", err, b)
		}
		return answer.Result != nil && answer.Result.Total == want // at first the store is not open yet
	})
}

// named is what a stream's client is told to name it by.
func (l *listener) named() string {
	l.t.Helper()
	var n struct{ ID string }
	decode(l.t, l.expect("stream").data, &n)
	if n.ID == "" {
		l.t.Fatal("no name")
	}
	return n.ID
}

// tell POSTs to a path and returns the status and the code.
func tell(t *testing.T, s *gatewaytest.Server, path, body string, headers ...string) (status int, code uint32, head http.Header) {
	t.Helper()
	c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
	defer c.Close()
	c.body = newReader(c)
	return c.tell(path, body, headers...)
}

// tell is tell on a connection that stays.
func (l *listener) tell(path, body string, headers ...string) (status int, code uint32, head http.Header) {
	l.t.Helper()
	l.Raw([]byte("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + fmt.Sprint(len(body)) + "\r\n" +
		strings.Join(append(headers, ""), "\r\n") + "\r\n" + body))
	l.answered()
	var p polled
	if b := l.text(); b != "" {
		decode(l.t, b, &p)
	}
	return l.head.StatusCode, p.Code, l.head.Header
}

// TestFeedWatch: the client of a stream says what it shows, by what the stream told it;
// what it watches ends with its word, and with its stream.
func TestFeedWatch(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := recorded(t, front)
		l := listen(t, s, "/events?channel=hist:x&channel=show:1&user_id=ann")
		l.begins()
		id := l.named()
		l.begins()
		says := func(more string) string { return fmt.Sprintf(`{"stream":%q,"channel":"show:1"%s}`, id, more) }
		const text = "Content-Type: text/plain;charset=UTF-8" // as a beacon's
		if status, _, h := tell(t, s, "/events", says(""), text, "Origin: https://example.com"); status != 204 ||
			h.Get("Access-Control-Allow-Origin") != "https://example.com" {
			t.Errorf("%d %+v", status, h)
		}
		wantWatching(t, s, "show:1", 1)
		for _, more := range []string{`,"playing":false`, `,"visible":true,"playing":true`, `,"visible":false`} {
			if status, _, _ := tell(t, s, "/events", says(more)); status != 204 {
				t.Errorf("%s: %d", more, status)
			}
			wantWatching(t, s, "show:1", map[bool]int{true: 1}[!strings.Contains(more, "false")])
		}
		if status, _, _ := tell(t, s, "/events", says("")); status != 204 {
			t.Error(status)
		}
		wantWatching(t, s, "show:1", 1)
		l.Close()
		wantWatching(t, s, "show:1", 0)
		if status, code, _ := tell(t, s, "/events", says("")); status != 410 || code != 110 {
			t.Errorf("of a stream that is over: %d, %d", status, code)
		}
		s.Empty(t)
	})
}

// TestFeedWatchRefused: who does not know a stream's name can't say anything of it, nor
// of a channel that it has not; every refusal has its code, and harms nobody.
func TestFeedWatchRefused(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := recorded(t, front)
		l := listen(t, s, "/events?channel=show:1&channel=hist:x&user_id=ann")
		id := l.named()
		l.begins()
		l.begins()
		other := listen(t, s, "/events?channel=show:2&user_id=bob")
		mixed := id[:14] + other.named()[14:] // ann's place with bob's secret
		for _, test := range []struct {
			body, header string
			status       int
			code         uint32
		}{
			{`{"stream":"` + id + `","channel":"show:2"}`, "", 404, 102}, {`{"stream":"` + id + `","channel":"hist:x"}`, "", 501, 108},
			{`{"stream":"` + mixed + `","channel":"show:1"}`, "", 410, 110}, {`{"stream":"x","channel":"show:1"}`, "", 410, 110},
			{`{"stream":"` + strings.Repeat("_", len(id)) + `","channel":"show:1"}`, "", 410, 110},
			{`{"channel":"show:1"}`, "", 400, 107}, {`{"stream":"` + id + `"}`, "", 400, 107}, {`[]`, "", 400, 107}, {``, "", 400, 107}, {`null`, "", 400, 107},
			{`{"stream":"` + id + `","channel":"show:1","visible":1}`, "", 400, 107},
			{`{"stream":"` + id + `","channel":"show:1","x":"` + strings.Repeat("x", 4096) + `"}`, "", 413, 106},
			{`{"stream":"` + id + `","channel":"show:1"}`, "Origin: https://evil.example", 403, 103},
			{`{"stream":"` + id + `","channel":"show:1"}`, "Origin: https://example.com\r\nOrigin: https://example.com", 403, 103},
		} {
			var headers []string
			if test.header != "" {
				headers = append(headers, test.header)
			}
			if status, code, h := tell(t, s, "/events", test.body, headers...); status != test.status || code != test.code || h.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%.90s %s: %d, %d, %+v", test.body, test.header, status, code, h)
			}
		}
		if status, _, h := tell(t, s, "/poll", `{}`); status != 405 || h.Get("Allow") != "GET, OPTIONS" {
			t.Errorf("%d %+v", status, h)
		}
		// One connection: a machine that is busy makes fewer than that in a second.
		fast := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
		fast.body = newReader(fast)
		for n := 0; ; n++ { // 100 at once, 50 a second
			status, code, h := fast.tell("/events", `{"stream":"`+id+`","channel":"show:2"}`)
			if status == 404 && n < 2000 {
				continue
			}
			if status != 429 || code != 111 || h.Get("Retry-After") == "" || n < 80 {
				t.Errorf("after %d: %d, %d, %+v", n, status, code, h)
			}
			break
		}
		fast.Close()
		if !strings.Contains(metrics(t, s), "throng_too_fast_total{action=\"refused\"} 1\n") {
			t.Error("the one that was too fast is not counted")
		}
		wantWatching(t, s, "show:1", 0)
		publish(t, s, "show:1", "1")
		l.publication() // it is there all the same
		l.Close()
		other.Close()
		s.Empty(t)
	})
}

func metrics(t *testing.T, s *gatewaytest.Server) string {
	t.Helper()
	r, err := http.Get("http://" + s.Internal().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestFeedUnnamed: nobody is told a name who has nothing to say: a client of whom no user
// is known, and one in whose channels watching is not recorded.
func TestFeedUnnamed(t *testing.T) {
	s := recorded(t, "goroutine")
	for _, query := range []string{"channel=show:1", "channel=hist:x&user_id=ann"} {
		l := listen(t, s, "/events?"+query)
		l.begins()
		l.Close()
	}
	s.Empty(t)
}

// TestFeedWatchOverHTTP2: the same over HTTP/2, where a stream is carried by a goroutine.
func TestFeedWatchOverHTTP2(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := recorded(t, kind+"+tls")
		c, url := http2Client(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l := over2(t, ctx, c, url+"/events?channel=show:1&user_id=ann")
		body := fmt.Sprintf(`{"stream":%q,"channel":"show:1"}`, l.named())
		res, err := c.Post(url+"/events", "application/json", strings.NewReader(body))
		if err != nil || res.StatusCode != 204 || res.ProtoMajor != 2 {
			t.Fatalf("%+v, %v", res, err)
		}
		_ = res.Body.Close()
		wantWatching(t, s, "show:1", 1)
		cancel()
		wantWatching(t, s, "show:1", 0)
		c.CloseIdleConnections()
		s.Empty(t)
	})
}

// TestPollWatch: polls that say that they watch are one time of watching, those that are
// answered at once too; others record nothing.
func TestPollWatch(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := recordedFor(t, front, 100*time.Millisecond)
		c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
		a := c.poll("/poll?channel=show:1&user_id=ann")
		at := func() string { return fmt.Sprintf("&offset=%d&epoch=%s", a.Offset, a.Epoch) }
		for _, test := range []struct {
			says string
			want int
		}{{"&visible=true", 1}, {"&visible=1&playing=false", 0}, {"", 0}, {"&playing=1", 1}} {
			done := c.waits(s, "/poll?channel=show:1&user_id=ann"+test.says+at())
			wantWatching(t, s, "show:1", test.want)
			publish(t, s, "show:1", "1")
			if a = <-done; len(a.Publications) != 1 {
				t.Errorf("%+v", a)
			}
		}
		for query, want := range map[string]uint32{
			"channel=show:1&visible=true": 101, "channel=hist:x&user_id=ann&visible=true": 108, "channel=show:1&user_id=ann&playing=yes": 107, "channel=show:1&user_id=ann&visible=": 107,
		} {
			if a := c.poll("/poll?" + query); a.Code != want {
				t.Errorf("%s: %+v", query, a)
			}
		}
		wantWatching(t, s, "show:1", 0)
		c.Close()
		s.Empty(t)
	})
}

// TestPollWatchAtOnce: a client that is answered at once, each time, watches all the same.
func TestPollWatchAtOnce(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := recordedFor(t, kind, 10*time.Second)
		c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
		if a := c.poll("/poll?channel=show:1&user_id=ann&visible=true"); a.Epoch == "" || a.Code != 0 {
			t.Errorf("%+v", a)
		}
		c.poll("/poll?channel=show:2&user_id=bob")
		wantWatching(t, s, "show:1", 1)
		wantWatching(t, s, "show:2", 0)
		c.Close()
		s.Empty(t)
	})
}

// TestPollWatchNeedsGrace: where nobody is held between two polls, none says what it
// watches.
func TestPollWatchNeedsGrace(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := recorded(t, kind)
		c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
		if a := c.poll("/poll?channel=show:1&user_id=ann&visible=true"); a.Code != 108 {
			t.Errorf("%+v", a)
		}
		c.Close()
		s.Empty(t)
	})
}

package gateway_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
	"throng/test/tries"
)

// http2Client makes a client that speaks HTTP/2 to a server.
func http2Client(t testing.TB, s *gatewaytest.Server) (c *http.Client, url string) {
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}, "https://" + s.Bare().String()
}

// over2 sends a GET over HTTP/2.
func over2(t testing.TB, ctx context.Context, c *http.Client, url string, headers ...string) *listener {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if res.ProtoMajor != 2 {
		t.Fatalf("%s", res.Proto)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	// Its Client is for the deadlines of reads, which a body has not.
	return &listener{Client: &gatewaytest.Client{Conn: noConn}, t: t, head: res, body: bufio.NewReader(res.Body)}
}

// TestFeedsOverHTTP2: the same over HTTP/2, where a stream has no connection of its
// own.
func TestFeedsOverHTTP2(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind+"+tls")
		c, url := http2Client(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		l := over2(t, ctx, c, url+"/events?channel=hist:a&channel=hist:b", "Origin: https://any.example")
		if h := l.head.Header; h.Get("Content-Type") != "text/event-stream; charset=utf-8" || h.Get("Cache-Control") != "no-store" ||
			h.Get("Access-Control-Allow-Origin") != "https://any.example" {
			t.Errorf("%+v", h)
		}
		l.begins()
		l.begins()
		var id string
		for i := range 5 {
			publish(t, s, "hist:a", fmt.Sprint(i))
			_, id = l.publication()
		}
		cancel()
		waitFor(t, "end of the stream", func() bool { return s.Gateway().Stats().Streams.Load() == 0 })
		big := `"` + strings.Repeat("x", 50<<10) + `"`
		for range 10 {
			publish(t, s, "hist:a", big)
		}
		l = over2(t, t.Context(), c, url+"/events?channel=hist:a", "Last-Event-ID: "+id)
		if b, _ := l.begins(); !b.Recovered {
			t.Errorf("%+v", b)
		}
		for i := range uint64(10) {
			if p, _ := l.publication(); p.Offset != 6+i {
				t.Fatalf("%d", p.Offset)
			}
		}
		poll := func(target string) (p polled, status int) {
			l := over2(t, t.Context(), c, url+target)
			b, err := io.ReadAll(l.body)
			if err != nil {
				t.Fatal(err)
			}
			decode(t, string(b), &p)
			return p, l.head.StatusCode
		}
		a, _ := poll("/poll?channel=hist:b")
		done := make(chan polled, 1)
		go func() {
			defer close(done)
			a, _ := poll("/poll?channel=hist:b" + position(a))
			done <- a
		}()
		waitFor(t, "poll that waits", func() bool { return s.Gateway().Stats().PollsWaiting.Load() == 1 })
		publish(t, s, "hist:b", "1")
		if a = <-done; a.Offset != 1 || len(a.Publications) != 1 {
			t.Errorf("%+v", a)
		}
		if b, status := poll("/events"); status != 400 || b.Code != 107 {
			t.Errorf("%d %+v", status, b)
		}
		s.Stop(t)
		if e := l.expect("disconnect"); !strings.Contains(e.data, "3001") {
			t.Errorf("%+v", e)
		}
	})
}

// TestHTTP2Slow: who keeps its window closed is disconnected like a slow WebSocket,
// and delays nobody.
func TestHTTP2Slow(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		tries.Longer(t, 500*time.Millisecond, func(t testing.TB, unit time.Duration) {
			o := gatewaytest.Options(kind + "+tls")
			o.Config.Engine.QueueBytes, o.Config.WebSocket.MaxMessageBytes = 64<<10, 64<<10
			o.Config.WebSocket.WriteTimeout = unit
			s := gatewaytest.Start(t, o)
			c, url := http2Client(t, s)
			l := over2(t, t.Context(), c, url+"/events?channel=hist:a")
			l.begins()
			other := listen(t, s, "/events?channel=hist:a")
			other.begins()
			data := `"` + strings.Repeat("x", 60<<10) + `"`
			for range 99 { // the client's window is 4 MiB
				publish(t, s, "hist:a", data)
				other.publication()
			}
			waitFor(t, "end of the slow stream", func() bool { return s.Gateway().Stats().Streams.Load() == 1 })
		})
	})
}

// TestHTTP2Goes: requests that are given up at any moment leave nothing behind.
func TestHTTP2Goes(t *testing.T) {
	s := start(t, "epoll+tls")
	c, url := http2Client(t, s)
	for i := range 50 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, url+"/poll?channel=a", nil)
		if res, err := c.Do(r); err == nil {
			_ = res.Body.Close()
		}
		cancel()
	}
	over2(t, t.Context(), c, url+"/poll?channel=hist:a") // perhaps none of them came so far as to connect
	waitFor(t, "end of all", func() bool {
		return s.Gateway().Stats().PollsWaiting.Load() == 0 && s.Engine().Connections() == 1
	})
}

// TestHTTP2StreamsAreBounded: however many streams a client begins, half of the
// places are left to others.
func TestHTTP2StreamsAreBounded(t *testing.T) {
	o := gatewaytest.Options("epoll+tls")
	o.Config.Engine.MaxConnections = 20
	s := gatewaytest.Start(t, o)
	c, url := http2Client(t, s)
	for range 10 {
		over2(t, t.Context(), c, url+"/events?channel=a").begins()
	}
	if l := over2(t, t.Context(), c, url+"/poll?channel=hist:a"); l.head.StatusCode != 503 || l.head.Header.Get("Retry-After") == "" {
		t.Errorf("%+v", l.head)
	}
	l := over2(t, t.Context(), c, url+"/events?channel=a", "Accept: text/event-stream")
	if e := l.expect("disconnect"); !strings.Contains(e.data, "3013") {
		t.Errorf("%+v", e)
	}
	listen(t, s, "/events?channel=a").begins()
}

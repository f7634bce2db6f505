package gateway_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway"
	"throng/internal/gateway/gatewaytest"
	"throng/test/tries"
)

// TestPollThenOther: what is asked in one piece is answered in order, also where
// net/http answers some of it.
func TestPollThenOther(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := start(t, front)
		c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
		c.Raw([]byte("GET /poll?channel=hist:a HTTP/1.1\r\nHost: x\r\n\r\n" +
			"POST /poll HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" +
			"GET /poll?channel=hist:b HTTP/1.1\r\nHost: x\r\n\r\n"))
		for i, want := range []int{200, 405, 200} {
			if status, body := c.response(); status != want || want == 200 && !strings.Contains(body, []string{"hist:a", "", "hist:b"}[i]) {
				t.Fatalf("answer %d: %d %s", i, status, body)
			}
		}
	})
}

// TestVerdictOfAnother: a verdict that comes too late for its request is not for the
// next one on the connection.
func TestVerdictOfAnother(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		tries.Longer(t, 200*time.Millisecond, func(t testing.TB, unit time.Duration) {
			o := gatewaytest.Options(kind)
			o.Config.HTTP.HeaderTimeout = unit
			late := make(chan func(gateway.Verdict), 2)
			asked := func() (done func(gateway.Verdict)) {
				select {
				case done = <-late:
				case <-time.After(10 * time.Second):
					t.Fatal("nobody is asked who it is")
				}
				return done
			}
			o.Authenticate = func(c gateway.Credentials) (v gateway.Verdict, _ gateway.Pending) {
				return v, func(_ func() bool, done func(gateway.Verdict)) { late <- done }
			}
			s := gatewaytest.Start(t, o)
			c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
			const ask = "GET /poll?channel=hist:a&token=%s HTTP/1.1\r\nHost: x\r\n\r\n"
			c.Raw(fmt.Appendf(nil, ask, "anns"))
			ann := asked()
			if status, body := c.response(); status != 503 {
				t.Fatalf("%d %s", status, body)
			}
			c.Raw(fmt.Appendf(nil, ask, "mallorys"))
			mallory := asked()
			ann(gateway.Verdict{Identity: &throng.Identity{User: "ann"}})
			mallory(gateway.Verdict{Status: 403})
			if status, body := c.response(); status != 403 {
				t.Fatalf("mallory was answered %d %s", status, body)
			}
		})
	})
}

// TestPollAhead: who asks and does not read is not answered any amount.
func TestPollAhead(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		big := `"` + strings.Repeat("x", 9900) + `"`
		for range 90 {
			publish(t, s, "hist:a", big)
		}
		c := gatewaytest.Dial(t, s.Addr())
		_ = c.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		at := s.Engine().Stats(0).Queued.Load() + s.Engine().Stats(1).Queued.Load()
		c.Raw(bytes.Repeat([]byte("GET /poll?channel=hist:a&limit=90 HTTP/1.1\r\nHost: x\r\n\r\n"), 200))
		most := int64(0)
		for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			most = max(most, s.Engine().Stats(0).Queued.Load()+s.Engine().Stats(1).Queued.Load()-at)
		}
		if most > 4<<20 {
			t.Errorf("%d bytes wait for one connection", most)
		}
		_ = c.Close()
		s.Empty(t)
	})
}

// TestHTTP2Quiet: a stream, or a poll, may be quiet for longer than a write may take.
func TestHTTP2Quiet(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		tries.Longer(t, 300*time.Millisecond, func(t testing.TB, unit time.Duration) {
			o := gatewaytest.Options(kind + "+tls")
			o.Config.WebSocket.WriteTimeout = unit
			s := gatewaytest.Start(t, o)
			c, url := http2Client(t, s)
			l := over2(t, t.Context(), c, url+"/events?channel=hist:a")
			l.begins()
			p := over2(t, t.Context(), c, url+"/poll?channel=hist:b&timeout=1&offset=0&epoch=none")
			if p.head.StatusCode != 200 {
				t.Fatalf("%+v", p.head)
			}
			time.Sleep(unit + unit/2)
			publish(t, s, "hist:a", "1")
			l.publication()
		})
	})
}

// TestFeedBareLineFeeds: a head that ends at two places for two readers is no head.
func TestFeedBareLineFeeds(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		for _, head := range []string{
			"GET /poll?channel=hist:a HTTP/1.1\nHost: a\n\nGET /nothing HTTP/1.0\r\n\r\n",
			"GET /poll?channel=hist:a HTTP/1.1\r\nHost: a b<>\r\n\r\n",
		} {
			c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
			c.Raw([]byte(head))
			if status, body := c.response(); status != http.StatusBadRequest {
				t.Errorf("%q: %d %s", head, status, body)
			}
		}
	})
}

// response reads the next whole answer.
func (l *listener) response() (status int, body string) {
	l.t.Helper()
	if l.body == nil {
		l.body = bufio.NewReader(l.Client)
	}
	l.answered()
	return l.head.StatusCode, l.text()
}

package gateway_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"throng/internal/gateway/gatewaytest"
)

// TestBodiesAtOnce: a session has one large body under way, however many requests
// its client makes, and the next one is welcome when that is done.
func TestBodiesAtOnce(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		c := gatewaytest.Dial(t, s.Addr())
		c.Raw([]byte("GET /socket/longpoll?vsn=2.0.0 HTTP/1.1\r\nHost: a\r\n\r\n"))
		_, _, body := c.Response("GET")
		var opened struct{ Token string }
		if err := json.Unmarshal([]byte(body), &opened); err != nil {
			t.Fatal(err)
		}
		large := `[null,"h","phoenix","heartbeat",{"x":"` + strings.Repeat("x", 20<<10) + `"}]`
		head := "POST /socket/longpoll?token=" + opened.Token + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		rest := "5000\r\n" + large[:0x5000] + "\r\n"
		tail := large[0x5000:]
		end := strconv.FormatInt(int64(len(tail)), 16) + "\r\n" + tail + "\r\n0\r\n\r\n"
		slow := gatewaytest.Dial(t, s.Addr())
		slow.Raw([]byte(strings.Replace(head, "Host: a", "Host: a\r\nExpect: 100-continue", 1)))
		if status, _, _ := slow.Response("POST"); status != 100 { // its body is being read
			t.Fatalf("status %d", status)
		}
		other := gatewaytest.Dial(t, s.Addr())
		other.Raw([]byte(head + rest))
		if _, _, body := other.Response("POST"); body != `{"status":408}` {
			t.Errorf("a second one is answered %s", body)
		}
		slow.Raw([]byte(rest + end))
		if _, _, body := slow.Response("POST"); body != `{"status":200}` {
			t.Errorf("the first one is answered %s", body)
		}
		eventually(t, "the next one is taken", func() bool {
			next := gatewaytest.Dial(t, s.Addr())
			next.Raw([]byte(head + rest + end))
			_, _, body := next.Response("POST")
			return body == `{"status":200}`
		})
	})
}

package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"throng/internal/gateway/gatewaytest"
)

// TestFeedAndAPI: a backend sees streams and polls, and can do with them what it can
// do with WebSockets.
func TestFeedAndAPI(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		o := gatewaytest.Options(front)
		o.Config.Users.Subscribe = false // the order of events is what it looks at
		o.Config.Internal = "127.0.0.1:0"
		s := gatewaytest.Start(t, o)
		call := func(method, body string) string {
			t.Helper()
			r, err := http.NewRequest(http.MethodPost, "http://"+s.Internal().String()+"/api/"+method, strings.NewReader(body))
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
			b, _ := io.ReadAll(res.Body)
			if res.StatusCode != 200 || strings.Contains(string(b), `"error"`) {
				t.Errorf("%s %s: %d %s", method, body, res.StatusCode, b)
			}
			return string(b)
		}
		l := listen(t, s, "/events?channel=hist:a&user_id=ann")
		l.begins()
		c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
		done := c.waits(s, "/poll?channel=p&user_id=ann")
		if list := call("connections", `{"user":"ann"}`); !strings.Contains(list, `"events"`) || !strings.Contains(list, `"poll"`) || !strings.Contains(list, `"hist:a"`) {
			t.Errorf("%s", list)
		}
		call("subscribe", `{"user":"ann","channel":"b"}`)
		if b, _ := l.begins(); b.Channel != "b" {
			t.Errorf("%+v", b)
		}
		call("publish", `{"channel":"b","data":1}`)
		if p, id := l.publication(); p.Channel != "b" || id == "" { // it says where hist:a stands
			t.Errorf("%+v %q", p, id)
		}
		call("unsubscribe", `{"user":"ann","channel":"b"}`)
		if e := l.expect("unsubscribed"); e.data != `{"channel":"b","code":2000,"reason":"server unsubscribe"}` {
			t.Errorf("%+v", e)
		}
		call("publish", `{"channel":"hist:a","data":1}`)
		l.publication()
		call("publish", `{"channel":"p","data":1}`)
		if a := <-done; len(a.Publications) != 1 {
			t.Errorf("%+v", a)
		}
		call("disconnect", `{"user":"ann"}`)
		if e := l.expect("disconnect"); !strings.Contains(e.data, `"code":3503`) || e.retry != "2147483647" {
			t.Errorf("%+v", e)
		}
		l.over()
		l.Close()
		c.Close()
		s.Empty(t)
	})
}

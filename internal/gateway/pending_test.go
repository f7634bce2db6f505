package gateway_test

import (
	"net/http"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/server"
)

// inquiry is a verdict that somebody waits for.
type inquiry struct {
	alive func() bool
	done  func(gateway.Verdict)
}

// pending lets all clients wait for the test.
func pending(o *server.Options) chan inquiry {
	all := make(chan inquiry, 10)
	o.Authenticate = func(gateway.Credentials) (gateway.Verdict, gateway.Pending) {
		return gateway.Verdict{}, func(alive func() bool, done func(gateway.Verdict)) { all <- inquiry{alive, done} }
	}
	return all
}

// requests are the ways to connect.
var requests = map[string]string{
	"websocket": string(gatewaytest.Handshake("/socket/websocket?vsn=2.0.0")),
	"events":    "GET /events?channel=a HTTP/1.1\r\nHost: x\r\n\r\n",
	"poll":      "GET /poll?channel=a HTTP/1.1\r\nHost: x\r\n\r\n",
	"longpoll":  "GET /socket/longpoll?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\n\r\n",
}

// TestPendingAlive: who finds out who a client is can see that it has gone.
func TestPendingAlive(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		all := pending(&o)
		s := gatewaytest.Start(t, o)
		for name, request := range requests {
			c := gatewaytest.Dial(t, s.Addr())
			c.Raw([]byte(request))
			a := <-all
			if !a.alive() {
				t.Errorf("%s: gone at once", name)
			}
			c.Close()
			for end := time.Now().Add(10 * time.Second); a.alive(); time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%s: there for ever", name)
				}
			}
			a.done(gateway.Verdict{})
		}
	})
}

// TestVerdictStands: a token that is taken back on the way to the loop lets nobody in.
func TestVerdictStands(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		all := pending(&o)
		s := gatewaytest.Start(t, o)
		for name, request := range requests {
			for _, stands := range []bool{true, false} {
				c := gatewaytest.Dial(t, s.Addr())
				c.Raw([]byte(request))
				(<-all).done(gateway.Verdict{Identity: &throng.Identity{User: "ann"}, Still: func() bool { return stands }})
				if name == "poll" && stands { // waits for a publication
					c.Close()
					continue
				}
				status, _, body := c.Response("GET")
				refused := status == http.StatusForbidden || body == `{"status":403}`
				if refused == stands {
					t.Errorf("%s, stands %t: %d %s", name, stands, status, body)
				}
				c.Close()
			}
		}
	})
}

package gateway_test

import (
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
	"throng/internal/websocket"
	"throng/test/tries"
)

// watchful is a server that soon asks silent clients whether they are there, and waits
// so long for the answer.
func watchful(t testing.TB, kind string, pong time.Duration) *gatewaytest.Server {
	o := gatewaytest.Options(kind)
	o.Config.WebSocket.PingInterval, o.Config.WebSocket.PongTimeout = 600*time.Millisecond, pong
	return gatewaytest.Start(t, o)
}

// asked waits for a ping.
func asked(t testing.TB, c *gatewaytest.Client) {
	t.Helper()
	if m := c.Message(); m.Op != websocket.OpPing {
		t.Fatalf("%v %q came, not a ping", m.Op, m.Data)
	}
}

// TestHalfOpen: a client that vanished without a word is found out, also in the
// middle of a message, and on a wire that has no time limit of its own.
func TestHalfOpen(t *testing.T) {
	for _, target := range []string{socketPath, "/echo"} {
		for name, begun := range map[string]string{"idle": "", "in a message": "\x01\x81\x01\x02\x03\x04a"} {
			t.Run(target+" "+name, func(t *testing.T) {
				gatewaytest.EachFront(t, func(t *testing.T, kind string) {
					tries.Longer(t, 500*time.Millisecond, func(t testing.TB, unit time.Duration) {
						s := watchful(t, kind, unit)
						c := gatewaytest.Connect(t, s.Addr(), target)
						c.Raw([]byte(begun))
						asked(t, c)
						if code, reason := c.CloseCode(); code != 3012 {
							t.Errorf("closed with %d %q", code, reason)
						}
						_ = c.Close() // a client that is not there would cost the time of a linger
						s.Empty(t)
					})
				})
			})
		}
	}
}

// TestPong: who answers pings stays.
func TestPong(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		tries.Longer(t, 500*time.Millisecond, func(t testing.TB, unit time.Duration) {
			c := gatewaytest.Connect(t, watchful(t, kind, unit).Addr(), "/echo")
			for range 4 { // longer than a silent client has
				asked(t, c)
				c.Raw(c.Frame(websocket.OpPong, nil))
			}
			c.Text("still here")
			c.Expect("still here")
		})
	})
}

package gateway_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
	"throng/internal/websocket"
)

// reply is a Phoenix reply's payload.
type reply struct {
	Status   string
	Response struct {
		Reason  string
		Code    int
		RetryMS int64 `json:"retry_after_ms"`
	}
}

// replyTo reads messages until the reply with this ref.
func replyTo(t *testing.T, c *gatewaytest.Client, ref string) (r reply) {
	t.Helper()
	for {
		var fields [5]json.RawMessage
		if err := json.Unmarshal(c.Message().Data, &fields); err != nil {
			t.Fatal(err)
		}
		if string(fields[1]) == strconv.Quote(ref) && string(fields[3]) == `"phx_reply"` {
			if err := json.Unmarshal(fields[4], &r); err != nil {
				t.Fatal(err)
			}
			return r
		}
	}
}

// TestTooManyMessages: who is too fast is told so with a time to come back, keeps
// his connection, and is served again when he has waited.
func TestTooManyMessages(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.Limits.MessagesPerSecond = 10
		c := gatewaytest.Connect(t, gatewaytest.Start(t, o).Addr(), socketPath)
		c.Text(join)
		c.Expect(joined)
		refused := reply{Status: "ok"}
		said := 0
		for ; refused.Status == "ok" && said < 1000; said++ {
			c.Text(fmt.Sprintf(`["1","%d","room:1","say",{}]`, said))
			refused = replyTo(t, c, strconv.Itoa(said))
		}
		if r := refused.Response; r.Reason != "too many requests" || r.Code != 111 || r.RetryMS <= 0 || r.RetryMS > 2000 {
			t.Fatalf("refused after %d with %+v", said, refused)
		}
		c.Text(beat)
		c.Expect(beaten)
		time.Sleep(time.Duration(refused.Response.RetryMS+200) * time.Millisecond)
		c.Text(`["1","later","room:1","say",{}]`)
		if r := replyTo(t, c, "later"); r.Status != "ok" {
			t.Errorf("after the wait: %+v", r)
		}
	})
}

// TestFlood: who does not slow down is disconnected, whether he sends messages,
// many bytes, or only pings.
func TestFlood(t *testing.T) {
	for name, send := range map[string]func(c *gatewaytest.Client) []byte{
		"messages": func(c *gatewaytest.Client) []byte { return c.Frame(websocket.OpText, []byte(beat)) },
		"bytes": func(c *gatewaytest.Client) []byte {
			return c.Frame(websocket.OpText, []byte(`[null,"h","phoenix","heartbeat",{"`+string(make30k())+`":1}]`))
		},
		"pings": func(c *gatewaytest.Client) []byte { return c.Frame(websocket.OpPing, []byte("x")) },
		"pongs": func(c *gatewaytest.Client) []byte { return c.Frame(websocket.OpPong, nil) },
		"tiny parts": func(c *gatewaytest.Client) []byte {
			return append(websocket.AppendMaskedFragment(nil, websocket.OpText, false, [4]byte{}, []byte(beat)), websocket.AppendMaskedFragment(nil, websocket.OpContinuation, true, [4]byte{}, nil)...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			gatewaytest.EachFront(t, func(t *testing.T, kind string) {
				o := gatewaytest.Options(kind)
				o.Config.Limits.MessagesPerSecond, o.Config.Limits.BytesPerSecond = 10, 10_000
				c := gatewaytest.Connect(t, gatewaytest.Start(t, o).Addr(), socketPath)
				frame := send(c)
				_ = c.SetWriteDeadline(time.Now().Add(10 * time.Second))
				for n := 0; n < 1000 && n*len(frame) < 6<<20; n++ {
					if _, err := c.Write(frame); err != nil {
						break // it closed already
					}
				}
				if code, reason := c.CloseCode(); code != 3013 {
					t.Errorf("closed with %d %s", code, reason)
				}
			})
		})
	}
}

func make30k() []byte {
	b := make([]byte, 30_000)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}

package gateway_test

import (
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
	"throng/internal/websocket"
)

const (
	socketPath = "/socket/websocket?vsn=2.0.0"
	join       = `["1","1","room:1","phx_join",{}]`
	joined     = `["1","1","room:1","phx_reply",{"status":"ok","response":{}}]`
	beat       = `[null,"h","phoenix","heartbeat",{}]`
	beaten     = `[null,"h","phoenix","phx_reply",{"status":"ok","response":{}}]`
)

// start runs a development server.
func start(t testing.TB, kind string) *gatewaytest.Server {
	return gatewaytest.Start(t, gatewaytest.Options(kind))
}

// brisk is a header timeout so short that tests wait for it.
const brisk = 150 * time.Millisecond

// impatient is a server with that header timeout. A client that is kept from its head for
// as long is refused.
func impatient(t testing.TB, kind string) *gatewaytest.Server { return impatientBy(t, kind, brisk) }

func impatientBy(t testing.TB, kind string, timeout time.Duration) *gatewaytest.Server {
	o := gatewaytest.Options(kind)
	o.Config.HTTP.HeaderTimeout = timeout
	return gatewaytest.Start(t, o)
}

// impatientlyConnect comes again to an impatient server when it was too slow.
func impatientlyConnect(t testing.TB, s *gatewaytest.Server, target string) *gatewaytest.Client {
	t.Helper()
	for range 100 {
		c := gatewaytest.Dial(t, s.Addr())
		c.Raw(gatewaytest.Handshake(target))
		switch status, _, _ := c.Response("GET"); status {
		case 101:
			return c
		case 408:
			c.Close()
		default:
			t.Fatalf("status %d", status)
		}
	}
	t.Fatal("this machine is too slow for any head")
	return nil
}

// talk checks that a Phoenix socket works.
func talk(t testing.TB, c *gatewaytest.Client) {
	t.Helper()
	c.Text(beat)
	c.Expect(beaten)
	c.Text(join)
	c.Expect(joined)
	c.Text(`["1","2","room:1","hello",{"a":1}]`)
	c.Expect(`[null,null,"room:1","hello",{"a":1}]`)
	c.Expect(`["1","2","room:1","phx_reply",{"status":"ok","response":{}}]`)
}

func closePayload(code uint16) []byte { return websocket.AppendClosePayload(nil, code, "") }

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

// impatient is a server with a header timeout so short that tests wait for it.
func impatient(t testing.TB, kind string) *gatewaytest.Server {
	o := gatewaytest.Options(kind)
	o.Config.HTTP.HeaderTimeout = 150 * time.Millisecond
	return gatewaytest.Start(t, o)
}

// talk checks that a Phoenix socket works.
func talk(t *testing.T, c *gatewaytest.Client) {
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

package gateway_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"throng/internal/gateway/gatewaytest"
	"throng/internal/websocket"
)

// compressing is a server that agrees on permessage-deflate.
func compressing(t testing.TB, kind string) *gatewaytest.Server {
	o := gatewaytest.Options(kind)
	o.Config.WebSocket.Compression, o.Config.WebSocket.CompressFrom = true, 200
	return gatewaytest.Start(t, o)
}

// offers of clients, and what is agreed on.
var offers = []struct {
	name, header string
	mode         websocket.Deflate
}{
	{"none", "X-None: 1", websocket.DeflateOff},
	{"full", websocket.DeflateOffer, websocket.DeflateFull},
	{"Chrome", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits", websocket.DeflateFull},
	{"small", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9", websocket.DeflateSmall},
}

// TestCompression: what clients say compressed is understood, and each gets the
// frames that it can read, all of them the same messages.
func TestCompression(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := compressing(t, kind)
		all := make([]*gatewaytest.Client, len(offers))
		for i, o := range offers {
			all[i] = gatewaytest.Connect(t, s.Addr(), socketPath, o.header)
			if o.header == "X-None: 1" != (all[i].Deflate == websocket.DeflateOff) {
				t.Fatalf("%s: agreed on %v", o.name, all[i].Deflate)
			}
			all[i].Text(join)
			all[i].Expect(joined)
		}
		var z websocket.Deflater
		for i, from := range all {
			text := strings.Repeat(fmt.Sprintf(`{"from":"%s","n":%d},`, offers[i].name, i), 40)
			said := fmt.Sprintf(`["1","2","room:1","say",[%s0]]`, text)
			from.Raw(z.AppendMaskedFrame(nil, from.Deflate, websocket.OpText, [4]byte{9, 8, 7, 6}, []byte(said)))
			for _, c := range all {
				before := c.Received
				c.Expect(fmt.Sprintf(`[null,null,"room:1","say",[%s0]]`, text))
				if c == from {
					c.Expect(`["1","2","room:1","phx_reply",{"status":"ok","response":{}}]`)
				}
				if n, short := c.Received-before, c.Deflate != websocket.DeflateOff; short != (n < len(said)/2) {
					t.Errorf("%v: %d bytes for %d", c.Deflate, n, len(said))
				}
			}
		}
	})
}

// TestCompressionIsOffByDefault: an offer is passed over.
func TestCompressionIsOffByDefault(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		c := gatewaytest.Connect(t, start(t, kind).Addr(), "/echo", websocket.DeflateOffer)
		if c.Deflate != websocket.DeflateOff {
			t.Fatal("compression was agreed on")
		}
		c.Raw(c.Frame(websocket.OpText|0x40, []byte("x"))) // RSV1 without agreement
		if code, _ := c.CloseCode(); code != websocket.CloseProtocolError {
			t.Errorf("closed with %d", code)
		}
	})
}

// TestInflationIsBounded: a small message that inflates to more than the limit
// for messages ends the connection, and costs no more than the limit.
func TestInflationIsBounded(t *testing.T) {
	if raceEnabled {
		t.Skip("about sizes, not about races")
	}
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		c := gatewaytest.Connect(t, compressing(t, kind).Addr(), "/echo", websocket.DeflateOffer)
		z := websocket.NewDeflater(9)
		fits, bomb := bytes.Repeat([]byte("a"), 64<<10), bytes.Repeat([]byte("a"), 16<<20)
		c.Raw(z.AppendMaskedFrame(nil, c.Deflate, websocket.OpText, [4]byte{1, 2, 3, 4}, fits))
		c.Expect(string(fits))
		frame := z.AppendMaskedFrame(nil, c.Deflate, websocket.OpText, [4]byte{1, 2, 3, 4}, bomb)
		if len(frame) > 64<<10 {
			t.Fatalf("the bomb has %d bytes", len(frame))
		}
		c.Raw(frame)
		if code, _ := c.CloseCode(); code != websocket.CloseTooBig {
			t.Errorf("closed with %d", code)
		}
	})
}

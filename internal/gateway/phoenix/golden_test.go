package phoenix_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"throng/internal/gateway/gatewaytest"
	"throng/internal/protocol/phoenix/transcript"
	"throng/internal/websocket"
)

// TestTranscript replays what was recorded on a Phoenix 1.8 server. Where the
// recorded server said nothing nothing may come: the next expected line is the
// next that comes.
func TestTranscript(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "..", "protocol", "phoenix", "testdata", "phoenix-1.8.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := transcript.Parse(f)
	if err != nil || len(all) != 12 {
		t.Fatalf("%d exchanges, %v", len(all), err)
	}
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind, app{}, nil)
		for _, x := range all {
			t.Run(x.Name, func(t *testing.T) { replay(t, s, x) })
		}
		s.Empty(t)
	})
}

func replay(t *testing.T, s *gatewaytest.Server, x transcript.Exchange) {
	if x.Name == "presence + disconnect" {
		t.Skip("presence is not there yet; its exchange comes with it")
	}
	var headers []string
	if x.Protocol != "" { // what the client offered was not recorded
		headers = []string{"Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.dG9rZW4"}
	}
	target := "/socket/websocket?" + x.Query
	c := gatewaytest.Dial(t, s.Addr())
	c.Raw(gatewaytest.Handshake(target, headers...))
	if x.Status != 101 {
		if status, _, body := c.Response("GET"); status != x.Status || body != "" {
			t.Fatalf("status %d, body %q", status, body)
		}
		c.Closed()
		return
	}
	if got := c.Upgraded().Get("Sec-WebSocket-Protocol"); got != x.Protocol {
		t.Errorf("subprotocol %q, want %q", got, x.Protocol)
	}
	for _, l := range x.Lines {
		switch {
		case l.Dir == '<':
			expect(t, c, l)
		case l.Binary:
			c.Binary(l.Data)
		default:
			c.Text(string(l.Data))
		}
	}
	if x.CloseCode == websocket.CloseNormal { // it was the client that closed
		c.Raw(c.Frame(websocket.OpClose, websocket.AppendClosePayload(nil, websocket.CloseNormal, "")))
	}
	m := c.Message()
	if code, _ := websocket.ParseClose(m.Data); m.Op != websocket.OpClose || int(code) != x.CloseCode {
		t.Errorf("opcode %d, %q; want close %d", m.Op, m.Data, x.CloseCode)
	}
	c.Close()
}

func expect(t *testing.T, c *gatewaytest.Client, l transcript.Line) {
	t.Helper()
	m := c.Message()
	switch {
	case l.Binary != (m.Op == websocket.OpBinary):
		t.Fatalf("got %d %q, want %q", m.Op, m.Data, l.Data)
	case l.Binary:
		if string(m.Data) != string(l.Data) {
			t.Fatalf("got %x, want %x", m.Data, l.Data)
		}
	default:
		sameJSON(t, m.Data, l.Data)
	}
}

func sameJSON(t *testing.T, got, want []byte) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &g); err != nil || !reflect.DeepEqual(g, w) {
		t.Fatalf("got  %s\nwant %s (%v)", got, want, err)
	}
}

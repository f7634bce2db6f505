package phoenix_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"throng"
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
		present := open(throng.EventBackend)
		present.Presence = throng.PresenceUsers
		s := start(t, kind, app{}, map[string]*throng.Namespace{"presence": present})
		for _, x := range all {
			t.Run(x.Name, func(t *testing.T) { replay(t, s, x) })
		}
		s.Empty(t)
	})
}

func replay(t *testing.T, s *gatewaytest.Server, x transcript.Exchange) {
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
	present := x.Name == "presence + disconnect"
	for i := 0; i < len(x.Lines); i++ {
		l := x.Lines[i]
		switch {
		case present && l.Dir == '<':
			i += expectPresence(t, c, x.Lines[i:]) - 1
		case l.Dir == '<':
			expect(t, c, l)
		case l.Binary:
			c.Binary(l.Data)
		default:
			c.Text(string(l.Data))
		}
	}
	if present {
		disconnect(t, s, "zz")
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

// expectPresence compares what the server says in a row, and returns how many lines
// that are. References are the server's own, and count by which are equal; when
// somebody came is another time; and the list of a join may come before the difference
// that tells all of it, since the server decides when it tells.
func expectPresence(t *testing.T, c *gatewaytest.Client, lines []transcript.Line) (n int) {
	t.Helper()
	var got, want []string
	var ours, theirs references
	for n < len(lines) && lines[n].Dir == '<' {
		want = append(want, theirs.plain(t, lines[n].Data))
		got = append(got, ours.plain(t, c.Message().Data))
		n++
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	return n
}

// references gives those of a server numbers, in the order in which they are seen.
type references []string

func (r *references) plain(t *testing.T, message []byte) string {
	var v any
	if err := json.Unmarshal(message, &v); err != nil {
		t.Fatalf("%s: %v", message, err)
	}
	r.walk(v)
	b, _ := json.Marshal(v)
	return string(b)
}

func (r *references) walk(v any) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			r.walk(one)
		}
	case map[string]any:
		delete(v, "online_at")                                               // the application's there, the server's here
		for _, name := range []string{"leaves", "phx_ref_prev", "phx_ref"} { // the older ones first
			ref, ok := v[name].(string)
			if !ok {
				r.walk(v[name])
				continue
			}
			if !slices.Contains(*r, ref) {
				*r = append(*r, ref)
			}
			v[name] = fmt.Sprint("ref", slices.Index(*r, ref))
		}
		for name, one := range v {
			if name != "leaves" {
				r.walk(one)
			}
		}
	}
}

// disconnect ends a user's connection, as a backend does.
func disconnect(t *testing.T, s *gatewaytest.Server, user string) {
	t.Helper()
	ask(t, s, "disconnect", fmt.Sprintf(`{"user":%q}`, user))
}

// ask does something to one connection with the API.
func ask(t *testing.T, s *gatewaytest.Server, method, request string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/api/"+method, strings.NewReader(request))
	r.Header.Set("X-API-Key", "dev")
	w := httptest.NewRecorder()
	s.API().ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"connections":1`) {
		t.Fatalf("%s: %d %s", method, w.Code, w.Body)
	}
}

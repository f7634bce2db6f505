package phoenix_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"throng/internal/gateway/gatewaytest"
	"throng/internal/websocket"
)

const target = "/socket/websocket?vsn=2.0.0"

// play sends the lines of a script that begin with ">", those that follow one
// another in one piece, and wants those that begin
// with "<", in their order. In what is wanted "…" stands for anything. "CLOSE
// 1011" wants the server to close.
func play(t testing.TB, c *gatewaytest.Client, script string) {
	t.Helper()
	var out []byte
	for line := range strings.SplitSeq(script, "\n") {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		if word != ">" && len(out) > 0 {
			c.Raw(out)
			out = nil
		}
		switch word {
		case "", "#":
		case ">":
			out = append(out, c.Frame(websocket.OpText, []byte(rest))...)
			continue
		case "<":
			if got := next(t, c); !like(got, parse(t, rest)) {
				b, _ := json.Marshal(got)
				t.Fatalf("got  %s\nwant %s", b, rest)
			}
		case "CLOSE":
			m := c.Message()
			if code, _ := websocket.ParseClose(m.Data); m.Op != websocket.OpClose || string(parseCode(code)) != rest {
				t.Fatalf("got %d %q, want %s", m.Op, m.Data, line)
			}
		default:
			t.Fatalf("unknown line %q", line)
		}
	}
	if len(out) > 0 {
		c.Raw(out)
	}
}

func parseCode(code uint16) []byte { b, _ := json.Marshal(code); return b }

// next returns the next text message.
func next(t testing.TB, c *gatewaytest.Client) any {
	t.Helper()
	m := c.Message()
	if m.Op != websocket.OpText {
		t.Fatalf("got %d %q", m.Op, m.Data)
	}
	return parse(t, string(m.Data))
}

func parse(t testing.TB, s string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return v
}

func like(got, want any) bool {
	switch w := want.(type) {
	case string:
		if w == "…" {
			return true
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !like(g[i], w[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for k := range w {
			if !like(g[k], w[k]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(got, want)
}

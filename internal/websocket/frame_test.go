package websocket_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"throng/internal/websocket"
)

// TestExamples are those of RFC 6455 section 5.7.
func TestExamples(t *testing.T) {
	hello := []byte("Hello")
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"unmasked text":  {websocket.AppendFrame(nil, websocket.OpText, hello), "\x81\x05Hello"},
		"masked text":    {websocket.AppendMaskedFrame(nil, websocket.OpText, key, hello), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"},
		"first fragment": {append(websocket.AppendHeader(nil, websocket.OpText, false, 3), "Hel"...), "\x01\x03Hel"},
		"last fragment":  {append(websocket.AppendHeader(nil, websocket.OpContinuation, true, 2), "lo"...), "\x80\x02lo"},
		"ping":           {websocket.AppendFrame(nil, websocket.OpPing, hello), "\x89\x05Hello"},
		"masked pong":    {websocket.AppendMaskedFrame(nil, websocket.OpPong, key, hello), "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"},
		"256 bytes":      {websocket.AppendHeader(nil, websocket.OpBinary, true, 256), "\x82\x7e\x01\x00"},
		"64 kB":          {websocket.AppendHeader(nil, websocket.OpBinary, true, 65536), "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"},
	} {
		if string(c.got) != c.want {
			t.Errorf("%s: % x, want % x", name, c.got, c.want)
		}
	}
}

// TestWrites wants everything that is written to be read, behind other bytes and
// at every border of the length's forms.
func TestWrites(t *testing.T) {
	server := &websocket.Limits{MaxMessage: 1 << 20, MaxFragments: 1}
	client := &websocket.Limits{MaxMessage: 1 << 20, MaxFragments: 1, Client: true}
	for _, n := range []int{0, 1, 7, 8, 31, 32, 33, 125, 126, 127, 65535, 65536} {
		payload := []byte(strings.Repeat("0123456789abc", n/13+1)[:n])
		room := append(make([]byte, websocket.HeaderRoom), payload...)
		for name, c := range map[string]struct {
			frame []byte
			lim   *websocket.Limits
		}{
			"AppendFrame":       {websocket.AppendFrame([]byte("before"), websocket.OpText, payload)[6:], client},
			"Wrap":              {websocket.Wrap(room, websocket.OpText), client},
			"AppendMaskedFrame": {websocket.AppendMaskedFrame([]byte("before"), websocket.OpText, [4]byte{1, 2, 3, 4}, payload)[6:], server},
		} {
			o := feed(t, c.frame, c.lim, inOne, false)
			if len(o.messages) != 1 || !bytes.Equal(o.messages[0].Data, payload) {
				t.Errorf("%s of %d bytes: %s", name, n, describe(o.messages, o.err.Code))
			}
		}
		if &room[len(room)-1] != &websocket.Wrap(room, websocket.OpText)[len(websocket.Wrap(room, websocket.OpText))-1] {
			t.Error("Wrap copies")
		}
	}
}

func TestClose(t *testing.T) {
	for name, c := range map[string]struct {
		code   uint16
		reason string
		want   uint16
		says   string
	}{
		"code and reason":  {1001, "going away", 1001, "going away"},
		"application code": {4999, "", 4999, ""},
		"no code":          {0, "ignored", 1005, ""},
		"no status":        {1005, "ignored", 1005, ""},
		"abnormal":         {1006, "never travels", 1005, ""},
		"exactly full":     {1000, strings.Repeat("x", 123), 1000, strings.Repeat("x", 123)},
		"cut":              {1000, strings.Repeat("x", 124), 1000, strings.Repeat("x", 123)},
		"cut in a rune":    {1000, strings.Repeat("x", 121) + "€uro", 1000, strings.Repeat("x", 121)},
		"cut at a rune":    {1000, strings.Repeat("x", 120) + "€uro", 1000, strings.Repeat("x", 120) + "€"},
		"no UTF-8":         {1000, "a\xff\xfeb", 1000, "a\ufffdb"},
	} {
		b := websocket.AppendClose([]byte("before"), c.code, c.reason)[6:]
		o := feed(t, b, &websocket.Limits{Client: true}, inOne, false)
		if len(o.messages) != 1 || o.messages[0].Op != websocket.OpClose {
			t.Errorf("%s: %s", name, describe(o.messages, o.err.Code))
			continue
		}
		code, reason := websocket.ParseClose(o.messages[0].Data)
		if code != c.want || reason != c.says || !utf8.ValidString(reason) {
			t.Errorf("%s: %d %q", name, code, reason)
		}
	}
}

func TestValidCloseCode(t *testing.T) {
	for code := range 1 << 16 {
		want := code >= 1000 && code <= 1014 && (code < 1004 || code > 1006) || code >= 3000 && code < 5000
		if got := websocket.ValidCloseCode(uint16(code)); got != want {
			t.Errorf("%d: %v", code, got)
		}
	}
}

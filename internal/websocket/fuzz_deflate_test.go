package websocket_test

import (
	"bytes"
	"compress/flate"
	"io"
	"strings"
	"testing"

	"throng/internal/websocket"
)

// FuzzInflate: any bytes give a message within the limit or an error that the
// peer is told, however they are cut; what compress/flate reads as well is read
// the same.
func FuzzInflate(f *testing.F) {
	f.Add([]byte(hello), uint64(1), uint16(100))
	f.Add([]byte(finished(f, umlauts)+hello), uint64(2), uint16(1000))
	f.Add([]byte("\x00\x05\x00\xfa\xffHello\x00"), uint64(3), uint16(4))
	for kind, data := range testdata(500) {
		f.Add([]byte(strip(squeeze(f, len(kind)%10, data))), uint64(4), uint16(500))
	}
	f.Fuzz(func(t *testing.T, payload []byte, seed uint64, maxMessage uint16) {
		lim := &websocket.Limits{MaxMessage: int(maxMessage), MaxFragments: 1, Deflate: true}
		in := packed(blob, string(payload))
		whole := feed(t, in, lim, inOne, false)
		switch code := whole.err.Code; {
		case !whole.idle:
			t.Fatal("the reader owns something")
		case code != 0 && code != 1007 && code != 1009, (code == 0) != (len(whole.messages) == 1):
			t.Fatal(describe(whole.messages, code))
		}
		if got := feed(t, in, lim, atRandom(seed), true); !same(whole, got) {
			t.Fatalf("whole: %s; cut: %s", describe(whole.messages, whole.err.Code), describe(got.messages, got.err.Code))
		}
		if whole.err.Code == 1009 || len(payload) == 0 || bytes.HasSuffix(payload, []byte("\x00\x00\xff\xff")) {
			return
		}
		if want, ok := expanded(payload, int(maxMessage)+1); ok {
			if len(whole.messages) != 1 || !bytes.Equal(whole.messages[0].Data, want) {
				t.Fatalf("compress/flate reads %d bytes, we %s", len(want), describe(whole.messages, whole.err.Code))
			}
		}
	})
}

// expanded is what compress/flate makes of a payload without final blocks, if that
// is less than most: of what is longer it has not seen the end.
func expanded(payload []byte, most int) ([]byte, bool) {
	const tail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"
	in := strings.NewReader(string(payload) + tail)
	b, err := io.ReadAll(io.LimitReader(flate.NewReader(in), int64(most)))
	return b, err == nil && len(b) < most && in.Len() == 0
}

// FuzzDeflate: what is written is read, by us and by compress/flate.
func FuzzDeflate(f *testing.F) {
	for kind, data := range testdata(700) {
		f.Add([]byte(data), uint8(len(kind)), true)
	}
	deflaters := make([]*websocket.Deflater, 10)
	for level := range deflaters {
		deflaters[level] = websocket.NewDeflater(level)
	}
	client := *deflateLimits
	client.Client = true
	f.Fuzz(func(t *testing.T, data []byte, level uint8, small bool) {
		mode := websocket.DeflateFull
		if small {
			mode = websocket.DeflateSmall
		}
		b := deflaters[level%10].AppendFrame(nil, mode, websocket.OpBinary, data)
		if len(b) > len(data)+websocket.HeaderRoom {
			t.Fatalf("%d bytes became %d", len(data), len(b))
		}
		if first, payload := payloadOf(t, b); first&rsv1 != 0 && !bytes.Equal(expand(t, payload), data) {
			t.Fatal("compress/flate reads something else")
		}
		if o := feed(t, b, &client, inOne, false); len(o.messages) != 1 || !bytes.Equal(o.messages[0].Data, data) {
			t.Fatal(describe(o.messages, o.err.Code))
		}
	})
}

// FuzzNegotiateDeflate: an answer is given to what was offered only, and our own
// client accepts it.
func FuzzNegotiateDeflate(f *testing.F) {
	f.Add("permessage-deflate; client_max_window_bits")
	f.Add(`foo; x="a\",b", permessage-deflate;server_max_window_bits="1\0"`)
	f.Add(terms + "; server_max_window_bits=9, x")
	f.Fuzz(func(t *testing.T, offers string) {
		lines := append(sample(), "Sec-WebSocket-Extensions: "+offers)
		lines[9] = "X-A: b"
		var r websocket.Request
		if websocket.ParseRequest(head(lines), &r) != nil {
			return
		}
		mode, value := r.NegotiateDeflate()
		if (mode == websocket.DeflateOff) != (value == "") {
			t.Fatalf("mode %d, %q", mode, value)
		}
		if value == "" {
			return
		}
		asked := strings.Contains(offers, "server_max_window_bits")
		if !strings.Contains(offers, "permessage-deflate") || strings.Contains(value, "window") && !asked ||
			mode == websocket.DeflateSmall && !asked {
			t.Fatalf("mode %d and %q answer %q", mode, value, offers)
		}
		if got, err := answering("Sec-WebSocket-Extensions: " + value); got != websocket.DeflateFull || err != nil {
			t.Fatalf("%q: mode %d, %v", value, got, err)
		}
	})
}

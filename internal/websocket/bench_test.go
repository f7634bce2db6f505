package websocket_test

import (
	"slices"
	"strings"
	"testing"

	"throng/internal/websocket"
)

// decode measures reading the input, which must be whole messages, as chunks of
// the size. Decoding changes its input, so that each round works on a copy.
func decode(b *testing.B, in []byte, chunk int) {
	buf := make([]byte, len(in))
	var r websocket.Reader
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		copy(buf, in)
		for at := 0; at < len(buf); {
			end := min(at+chunk, len(buf))
			for at < end {
				_, n, ok, err := r.Next(buf[at:end], autobahnLimits)
				if err != nil {
					b.Fatal(err)
				}
				at += n
				if !ok {
					break
				}
			}
			if at < end { // the start of a header
				chunk += end - at
			}
		}
	}
}

func BenchmarkDecodeText64(b *testing.B) {
	decode(b, frame(fin|text, strings.Repeat("x", 64)), 1<<20)
}

func BenchmarkDecodeText64x100(b *testing.B) {
	decode(b, slices.Repeat(frame(fin|text, strings.Repeat("x", 64)), 100), 1<<20)
}

func BenchmarkDecodeText1K(b *testing.B) {
	decode(b, frame(fin|text, strings.Repeat("x", 1024)), 1<<20)
}

func BenchmarkDecodeText1KUmlauts(b *testing.B) {
	decode(b, frame(fin|text, strings.Repeat("Grüße, ", 114)), 1<<20)
}

func BenchmarkDecodeBinary64K(b *testing.B) {
	decode(b, frame(fin|blob, strings.Repeat("x", 65536)), 1<<20)
}

func BenchmarkDecodeFragmented(b *testing.B) {
	part := strings.Repeat("x", 256)
	decode(b, slices.Concat(frame(text, part), frame(cont, part), frame(cont, part), frame(fin|cont, part)), 1<<20)
}

func BenchmarkDecodePartial1K(b *testing.B) {
	decode(b, frame(fin|text, strings.Repeat("x", 1024)), 500)
}

func BenchmarkEncode64(b *testing.B) { encode(b, 64) }

func BenchmarkEncode1K(b *testing.B) { encode(b, 1024) }

func encode(b *testing.B, n int) {
	payload := make([]byte, n)
	dst := make([]byte, 0, n+websocket.HeaderRoom)
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		dst = websocket.AppendFrame(dst[:0], websocket.OpText, payload)
	}
}

func BenchmarkEncodeMasked1K(b *testing.B) {
	payload := make([]byte, 1024)
	var dst []byte
	b.SetBytes(1024)
	b.ReportAllocs()
	for b.Loop() {
		dst = websocket.AppendMaskedFrame(dst[:0], websocket.OpText, [4]byte{1, 2, 3, 4}, payload)
	}
}

func BenchmarkWrap(b *testing.B) {
	room := make([]byte, websocket.HeaderRoom+1024)
	b.ReportAllocs()
	for b.Loop() {
		websocket.Wrap(room, websocket.OpText)
	}
}

func BenchmarkMoveState1K(b *testing.B) {
	state := stateOf(b, frame(text, strings.Repeat("x", 1024)))
	buf := make([]byte, 0, len(state))
	var r websocket.Reader
	b.ReportAllocs()
	for b.Loop() {
		if err := r.RestoreState(state); err != nil {
			b.Fatal(err)
		}
		buf = r.AppendState(buf[:0])
	}
	r.Release()
}

func BenchmarkHandshake(b *testing.B) {
	in := head(sample())
	dst := make([]byte, 0, 512)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		var r websocket.Request
		if websocket.HeadEnd(in, 0) != len(in) || !websocket.IsUpgrade(in) {
			b.Fatal("no head")
		}
		if err := websocket.ParseRequest(in, &r); err != nil {
			b.Fatal(err)
		}
		for p := range r.Protocols {
			dst = websocket.AppendResponse(dst[:0], r.Key, string(p))
			break
		}
	}
}

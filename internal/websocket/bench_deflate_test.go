package websocket_test

import (
	"fmt"
	"testing"

	"throng/internal/websocket"
)

func BenchmarkInflate(b *testing.B) {
	for _, n := range []int{128, 1024, 16_384} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { inflate(b, packed(text, strip(squeeze(b, 6, jsonText(n)))), n) })
	}
}

// inflate measures a message that makes the reader borrow and give back all it
// needs.
func inflate(b *testing.B, in []byte, n int) {
	buf := make([]byte, len(in))
	var r websocket.Reader
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		copy(buf, in)
		if _, _, ok, err := r.Next(buf, deflateLimits); !ok || err != nil {
			b.Fatal(ok, err)
		}
		if _, _, ok, err := r.Next(nil, deflateLimits); ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

// BenchmarkDeflate has every level that differs from the one before, and reports
// how long the frame became.
func BenchmarkDeflate(b *testing.B) {
	for _, level := range []int{1, 3, 6, 9} {
		for _, n := range []int{128, 1024, 16_384} {
			b.Run(fmt.Sprintf("level%d/%d", level, n), func(b *testing.B) { deflate(b, level, websocket.DeflateFull, n) })
		}
	}
	for _, n := range []int{128, 1024, 16_384} {
		b.Run(fmt.Sprintf("small/%d", n), func(b *testing.B) { deflate(b, 1, websocket.DeflateSmall, n) })
	}
}

func deflate(b *testing.B, level int, mode websocket.Deflate, n int) {
	d := websocket.NewDeflater(level)
	data := []byte(jsonText(n))
	dst := make([]byte, 0, n+64)
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		dst = d.AppendFrame(dst[:0], mode, websocket.OpText, data)
	}
	b.ReportMetric(float64(len(dst)), "frame-bytes")
}

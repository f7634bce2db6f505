package phoenix_test

import (
	"strings"
	"testing"

	"throng/internal/protocol/phoenix"
)

var sink []byte

func BenchmarkText(b *testing.B) {
	for _, bb := range []struct {
		name  string
		v     phoenix.Version
		frame string
	}{
		{"heartbeat", phoenix.V2, `[null,"1234567890","phoenix","heartbeat",{}]`},
		{"push", phoenix.V2, `["3","17","room:lobby","new_msg",{"body":"hello, world","id":12345}]`},
		{"escaped", phoenix.V2, `["3","17","room:\u00fc","new_msg",{"body":"h\u00e9llo"}]`},
		{"v1", phoenix.V1, `{"topic":"room:lobby","event":"new_msg","payload":{"body":"hello"},"ref":"17"}`},
		{"1KiB", phoenix.V2, `["3","17","room:lobby","new_msg",{"body":"` + strings.Repeat("Zürich, ", 120) + `"}]`},
		{"64KiB", phoenix.V2, `["3","17","room:lobby","new_msg",["` + strings.Repeat(`plain text","`, 5400) + `"]]`},
	} {
		b.Run(bb.name, func(b *testing.B) {
			frame := []byte(bb.frame)
			var d phoenix.Decoder
			var m phoenix.Message
			b.ReportAllocs()
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				if err := d.Text(bb.v, frame, &m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkBinary(b *testing.B) {
	frame := []byte("\x00\x01\x02\x06\x07117room:bnew_msg some bytes")
	var d phoenix.Decoder
	var m phoenix.Message
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Binary(frame, &m); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppend reuses one buffer, as a connection's write queue does.
func BenchmarkAppend(b *testing.B) {
	joinRef, ref, payload := []byte(`"3"`), []byte(`"17"`), []byte(`{"body":"hello, world"}`)
	for _, bb := range []struct {
		name   string
		encode func(dst []byte) []byte
	}{
		{"Reply", func(dst []byte) []byte {
			return phoenix.AppendReply(dst, phoenix.V2, joinRef, ref, "room:lobby", "ok", nil)
		}},
		{"ReplyV1", func(dst []byte) []byte {
			return phoenix.AppendReply(dst, phoenix.V1, joinRef, ref, "room:lobby", "ok", nil)
		}},
		{"Push", func(dst []byte) []byte {
			return phoenix.AppendPush(dst, phoenix.V2, joinRef, nil, "room:lobby", "presence_state", payload)
		}},
		{"Broadcast", func(dst []byte) []byte {
			return phoenix.AppendBroadcast(dst, phoenix.V2, 123456, "room:lobby", "new_msg", payload)
		}},
		{"BroadcastUnicode", func(dst []byte) []byte {
			return phoenix.AppendBroadcast(dst, phoenix.V2, 123456, "room:Zürich", "new_msg", payload)
		}},
		{"BinaryReply", func(dst []byte) []byte {
			return phoenix.AppendBinaryReply(dst, joinRef, ref, "room:lobby", "ok", payload)
		}},
		{"BinaryPush", func(dst []byte) []byte {
			return phoenix.AppendBinaryPush(dst, joinRef, "room:lobby", "new_msg", payload)
		}},
		{"BinaryBroadcast", func(dst []byte) []byte {
			return phoenix.AppendBinaryBroadcast(dst, "room:lobby", "new_msg", payload)
		}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sink = bb.encode(sink[:0])
			}
		})
	}
}

// TestAllocs keeps the hot paths free of allocations, rubbish included.
func TestAllocs(t *testing.T) {
	text := []byte(`["3","17","room:\u00fc","new_msg",{"body":"hello"}]`)
	object := []byte(`{"\u0074opic":"t\n","event":"e","payload":{},"ref":"17"}`)
	binary := []byte("\x00\x01\x02\x06\x07117room:bnew_msg some bytes")
	rubbish := []byte(`["3","17","room:1","new_msg",{"body":]`)
	ref, payload := []byte(`"1\u0037"`), []byte(`{"body":"hello"}`)
	var d phoenix.Decoder
	var m phoenix.Message
	dst := make([]byte, 0, 4096)
	allocs := testing.AllocsPerRun(100, func() {
		_ = d.Text(phoenix.V2, text, &m)
		_ = d.Text(phoenix.V1, object, &m)
		_ = d.Text(phoenix.V2, rubbish, &m)
		_ = d.Binary(binary, &m)
		_ = phoenix.AppendReply(dst, phoenix.V2, ref, ref, "room:é", "ok", payload)
		_ = phoenix.AppendPush(dst, phoenix.V1, ref, nil, "room:\n", "e", payload)
		_ = phoenix.AppendBroadcast(dst, phoenix.V2, 1<<60, "room:1", "e", payload)
		_ = phoenix.AppendBinaryReply(dst, ref, ref, "room:1", "ok", payload)
		_ = phoenix.AppendBinaryPush(dst, ref, "room:1", "e", payload)
		_ = phoenix.AppendBinaryBroadcast(dst, "room:1", "e", payload)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

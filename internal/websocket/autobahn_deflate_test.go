package websocket_test

import (
	"bytes"
	"fmt"
	"testing"

	"throng/internal/websocket"
)

// deflateSizes are the messages of groups 12 and 13: length, and length of the
// frames, 0 for one frame. In the suite there are 1000 of each.
var deflateSizes = []struct{ length, frame int }{
	{16, 0}, {64, 0}, {256, 0}, {1024, 0}, {4096, 0}, {8192, 0}, {16384, 0}, {32768, 0}, {65536, 0}, {131072, 0},
	{8192, 256}, {16384, 256}, {32768, 256}, {65536, 256}, {131072, 256}, {131072, 1024}, {131072, 4096}, {131072, 32768},
}

// TestAutobahnDeflate is group 12: data of all kinds with the usual offer.
func TestAutobahnDeflate(t *testing.T) {
	for group, kind := range []string{"prose", "bitmap", "noise", "json", "html"} {
		mode, value := offering(t, "permessage-deflate; client_no_context_takeover; client_max_window_bits").NegotiateDeflate()
		if mode != websocket.DeflateFull || value != terms {
			t.Fatalf("mode %d, %q", mode, value)
		}
		echoSizes(t, fmt.Sprintf("12.%d", group+1), kind, mode)
	}
}

// TestAutobahnOffers is group 13: JSON with other offers. The suite's client adds
// what it would accept to what it asks for.
func TestAutobahnOffers(t *testing.T) {
	const (
		usual    = "permessage-deflate; client_no_context_takeover; client_max_window_bits"
		takeover = usual + "; server_no_context_takeover"
		bits     = "; server_max_window_bits="
	)
	for i, c := range []struct {
		offers string
		mode   websocket.Deflate
		value  string
	}{
		{usual, websocket.DeflateFull, terms},
		{takeover, websocket.DeflateFull, terms},
		{usual + bits + "8", websocket.DeflateSmall, terms + bits + "8"},
		{usual + bits + "15", websocket.DeflateFull, terms + bits + "15"},
		{takeover + bits + "8", websocket.DeflateSmall, terms + bits + "8"},
		{takeover + bits + "15", websocket.DeflateFull, terms + bits + "15"},
		{takeover + bits + "8, " + takeover + ", " + usual, websocket.DeflateSmall, terms + bits + "8"},
	} {
		id := fmt.Sprintf("13.%d", i+1)
		if mode, value := offering(t, c.offers).NegotiateDeflate(); mode != c.mode || value != c.value {
			t.Errorf("%s: mode %d, %q", id, mode, value)
		}
		echoSizes(t, id, "json", c.mode)
	}
}

// echoSizes runs a group's cases: what a client sends must be read, and what is
// echoed must be read by the client.
func echoSizes(t *testing.T, id, kind string, mode websocket.Deflate) {
	const count = 2
	data := dataKinds[kind](count * 131072)
	op, head := websocket.OpBinary, byte(blob)
	if kind == "json" || kind == "html" {
		op, head = websocket.OpText, text
	}
	server := websocket.NewDeflater(1)
	client := *deflateLimits
	client.Client = true
	for i, size := range deflateSizes {
		t.Run(fmt.Sprintf("%s.%d", id, i+1), func(t *testing.T) {
			var in, out []byte
			var want []websocket.Message
			for n := range count {
				m := data[n*size.length:][:size.length]
				want = append(want, msg(op, m))
				in = append(in, chopped(head, strip(squeeze(t, 1, m)), size.frame)...)
				out = server.AppendFrame(out, mode, op, []byte(m))
			}
			for how, next := range map[string]cutter{"whole": inOne, "at random": atRandom(uint64(i))} {
				checkEcho(t, how, feed(t, in, deflateLimits, next, len(in) < 4096), want)
				checkEcho(t, "echo "+how, feed(t, out, &client, next, false), want)
			}
			if kind == "json" && size.length >= 1024 && len(out) > count*size.length*2/3 {
				t.Errorf("%d bytes were sent as %d", count*size.length, len(out))
			}
		})
	}
}

func checkEcho(t *testing.T, how string, got outcome, want []websocket.Message) {
	t.Helper()
	if !same(got, outcome{messages: want, idle: true}) {
		t.Errorf("%s: read %s, want %s", how, describe(got.messages, got.err.Code), describe(want, 0))
	}
}

// chopped is a compressed message in frames of that many bytes.
func chopped(head byte, payload string, size int) []byte {
	if size == 0 {
		return packed(head, payload)
	}
	var b bytes.Buffer
	head |= rsv1
	for len(payload) > size {
		b.Write(frame(head, payload[:size]))
		head, payload = cont, payload[size:]
	}
	b.Write(frame(fin|head, payload))
	return b.Bytes()
}

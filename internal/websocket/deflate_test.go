package websocket_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"throng/internal/websocket"
)

var modes = []websocket.Deflate{websocket.DeflateOff, websocket.DeflateFull, websocket.DeflateSmall}

// payloadOf splits an unmasked frame into its first byte and its payload.
func payloadOf(t testing.TB, frame []byte) (first byte, payload []byte) {
	t.Helper()
	size := map[bool]int{true: 2, false: 4}[frame[1] < 126]
	n := int(frame[1])
	switch frame[1] {
	case 126:
		n = int(binary.BigEndian.Uint16(frame[2:]))
	case 127:
		size, n = 10, int(binary.BigEndian.Uint64(frame[2:]))
	}
	if len(frame) != size+n {
		t.Fatalf("a frame of %d bytes says %d", len(frame), size+n)
	}
	return frame[0], frame[size:]
}

// expand reads a compressed payload with the standard library.
func expand(t testing.TB, payload []byte) []byte {
	t.Helper()
	whole := io.MultiReader(bytes.NewReader(payload), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))
	b, err := io.ReadAll(flate.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDeflates: what every level and mode makes is read by compress/flate and by
// our own readers, at the lengths where the forms of the header change.
func TestDeflates(t *testing.T) {
	deflaters := make(map[int]*websocket.Deflater)
	for _, level := range []int{0, 1, 3, 6, 9, 10} {
		deflaters[level] = websocket.NewDeflater(level)
	}
	for _, n := range []int{0, 1, 127, 128, 129, 1024, 16_384, 40_000, 65_535, 65_536, 150_000} {
		for kind, data := range testdata(n) {
			for level, d := range deflaters {
				for _, mode := range modes {
					if wrong := deflated(t, d, mode, kind, data); wrong != "" {
						t.Errorf("level %d, mode %d, %s of %d: %s", level, mode, kind, n, wrong)
					}
				}
			}
		}
	}
}

// deflated writes a frame behind other bytes, reads it twice, and says what is
// wrong.
func deflated(t *testing.T, d *websocket.Deflater, mode websocket.Deflate, kind, data string) string {
	t.Helper()
	const before = "before"
	b := d.AppendFrame([]byte(before), mode, websocket.OpBinary, []byte(data))
	if string(b[:len(before)]) != before {
		return "what was there was changed"
	}
	b = b[len(before):]
	first, payload := payloadOf(t, b)
	compressed := first == fin|rsv1|blob
	switch {
	case !compressed && first != fin|blob:
		return fmt.Sprintf("first byte %#x", first)
	case compressed && (mode == websocket.DeflateOff || len(payload) >= len(data)):
		return fmt.Sprintf("compressed to %d bytes", len(payload))
	case !compressed && mode != websocket.DeflateOff && len(data) >= 1024 && (kind == "json" || kind == "html"):
		return "not compressed"
	case compressed && string(expand(t, payload)) != data, !compressed && string(payload) != data:
		return "compress/flate reads something else"
	}
	client := *deflateLimits
	client.Client = true
	if o := feed(t, b, &client, inOne, false); !same(o, outcome{messages: msgs(msg(websocket.OpBinary, data)), idle: true}) {
		return describe(o.messages, o.err.Code)
	}
	return ""
}

func TestDeflatesMasked(t *testing.T) {
	d := websocket.NewDeflater(1)
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	for _, mode := range modes {
		for _, n := range []int{10, 1000, 100_000} {
			data := jsonText(n)
			b := d.AppendMaskedFrame([]byte("before"), mode, websocket.OpText, key, []byte(data))
			b = bytes.TrimPrefix(b, []byte("before"))
			if want := mode != websocket.DeflateOff && n > 10; b[0]&rsv1 != 0 != want || want && len(b) > n*2/3 {
				t.Errorf("mode %d, %d bytes: first byte %#x, %d bytes", mode, n, b[0], len(b))
			}
			if o := feed(t, b, deflateLimits, atRandom(1), true); len(o.messages) != 1 || string(o.messages[0].Data) != data {
				t.Errorf("mode %d, %d bytes: read %s", mode, n, describe(o.messages, o.err.Code))
			}
		}
	}
}

// TestSmallWindow: what repeats itself further back than 256 bytes is not found
// with the small window, and is with the full one.
func TestSmallWindow(t *testing.T) {
	d := websocket.NewDeflater(6)
	for _, c := range []struct {
		period      int
		full, small bool
	}{{200, true, true}, {257, true, false}, {1000, true, false}} {
		data := []byte(strings.Repeat(noise(c.period), 20))
		for mode, want := range map[websocket.Deflate]bool{websocket.DeflateFull: c.full, websocket.DeflateSmall: c.small} {
			if got := d.AppendFrame(nil, mode, websocket.OpBinary, data)[0]&rsv1 != 0; got != want {
				t.Errorf("period %d, mode %d: compressed %v", c.period, mode, got)
			}
		}
	}
}

// TestShortIsNotTried: not even what would shrink.
func TestShortIsNotTried(t *testing.T) {
	d := websocket.NewDeflater(1)
	for n, want := range map[int]byte{127: fin | text, 128: fin | rsv1 | text} {
		if got := d.AppendFrame(nil, websocket.DeflateFull, websocket.OpText, bytes.Repeat([]byte("x"), n)); got[0] != want {
			t.Errorf("%d bytes: first byte %#x", n, got[0])
		}
	}
}

func TestControlFramesAreNotDeflated(t *testing.T) {
	d := websocket.NewDeflater(1)
	for _, op := range []websocket.Opcode{websocket.OpPing, websocket.OpPong, websocket.OpClose} {
		payload := bytes.Repeat([]byte("x"), 125)
		if got := d.AppendFrame(nil, websocket.DeflateFull, op, payload); !bytes.Equal(got, websocket.AppendFrame(nil, op, payload)) {
			t.Errorf("%d: % x", op, got)
		}
	}
}

// TestDeflatesTheSame: a frame depends on nothing that was compressed before, or
// it could not be shared.
func TestDeflatesTheSame(t *testing.T) {
	for _, level := range []int{1, 3, 9} {
		d := websocket.NewDeflater(level)
		for _, mode := range modes[1:] {
			first := d.AppendFrame(nil, mode, websocket.OpText, []byte(jsonText(3000)))
			d.AppendFrame(nil, mode, websocket.OpText, []byte(htmlText(90_000)))
			again := d.AppendFrame(make([]byte, 0, 10_000), mode, websocket.OpText, []byte(jsonText(3000)))
			fresh := websocket.NewDeflater(level).AppendFrame(nil, mode, websocket.OpText, []byte(jsonText(3000)))
			if !bytes.Equal(first, again) || !bytes.Equal(first, fresh) {
				t.Errorf("level %d, mode %d: %d, %d and %d bytes", level, mode, len(first), len(again), len(fresh))
			}
		}
	}
}

func TestDeflaterIsShared(t *testing.T) {
	for _, d := range []*websocket.Deflater{new(websocket.Deflater), websocket.NewDeflater(2)} {
		var wg sync.WaitGroup
		var frames [4][50][]byte
		data := func(i int) []byte { return []byte(jsonText(1000 * (i + 1))) }
		for i := range frames {
			wg.Go(func() {
				for j := range frames[i] {
					frames[i][j] = d.AppendFrame(nil, modes[1+i%2], websocket.OpText, data(i))
				}
			})
		}
		wg.Wait()
		for i := range frames {
			for j := range frames[i] {
				if _, payload := payloadOf(t, frames[i][j]); !bytes.Equal(expand(t, payload), data(i)) {
					t.Fatal("another message's bytes")
				}
			}
		}
	}
}

func TestDeflateAllocatesNothing(t *testing.T) {
	d := websocket.NewDeflater(1)
	data := []byte(jsonText(1024))
	dst := make([]byte, 0, 4096)
	allocs := testing.AllocsPerRun(200, func() { dst = d.AppendFrame(dst[:0], websocket.DeflateFull, websocket.OpText, data) })
	if allocs >= 1 && !raceEnabled {
		t.Errorf("%v allocations", allocs)
	}
}

package websocket_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"throng/internal/websocket"
)

var deflateLimits = &websocket.Limits{MaxMessage: 1 << 20, MaxFragments: 1 << 12, Deflate: true}

// squeeze compresses with the standard library, flushes, and leaves what a flush
// ends with in its place.
func squeeze(t testing.TB, level int, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		if _, err := w.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// strip removes the four octets that do not travel (RFC 7692 section 7.2.1).
func strip(s string) string { return strings.TrimSuffix(s, "\x00\x00\xff\xff") }

// finished is a stream that ends with a final block.
func finished(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	if _, err := w.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// packed is a compressed message in one frame.
func packed(head byte, payload string) []byte { return frame(fin|rsv1|head, payload) }

// hello is "Hello" as RFC 7692 section 7.2.3.1 has it.
const hello = "\xf2\x48\xcd\xc9\xc9\x07\x00"

func TestInflate(t *testing.T) {
	var (
		gotHello = msgs(msg(websocket.OpText, "Hello"))
		pinged   = frame(fin|ping, "p")
		gotP     = msg(websocket.OpPing, "p")
		whole    = squeeze(t, 6, umlauts)
		final    = finished(t, "Hello")
		cases    = []autobahnCase{
			{"RFC 7.2.3.1, one block", frames(packed(text, hello)), gotHello, 0},
			{"RFC 7.2.3.1, two frames", frames(frame(rsv1|text, hello[:3]), frame(fin|cont, hello[3:])), gotHello, 0},
			{"RFC 7.2.3.3, stored", frames(packed(text, "\x00\x05\x00\xfa\xffHello\x00")), gotHello, 0},
			{"RFC 7.2.3.4, final", frames(packed(text, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00")), gotHello, 0},
			{"RFC 7.2.3.5, two blocks", frames(packed(text, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00")), gotHello, 0},
			{"RFC 7.2.3.6, empty", frames(packed(text, "\x00")), msgs(msg(websocket.OpText, "")), 0},
			{"empty and longer", frames(packed(blob, "\x02\x00")), msgs(msg(websocket.OpBinary, "")), 0},
			{"no payload", frames(packed(text, "")), msgs(msg(websocket.OpText, "")), 0},
			{"no payload in frames", frames(frame(rsv1|text, ""), frame(cont, ""), frame(fin|cont, "")), msgs(msg(websocket.OpText, "")), 0},
			{"tail is there", frames(packed(text, hello+"\x00\x00\xff\xff")), gotHello, 0},
			{"tail alone", frames(packed(text, "\x00\x00\x00\xff\xff")), msgs(msg(websocket.OpText, "")), 0},
			{"final without an octet behind", frames(packed(text, final)), gotHello, 0},
			{"final twice", frames(packed(text, final+final+"\x00")), msgs(msg(websocket.OpText, "HelloHello")), 0},
			{"final, then not", frames(packed(text, final+hello)), msgs(msg(websocket.OpText, "HelloHello")), 0},
			{"final, then tail is there", frames(packed(text, final+hello+"\x00\x00\xff\xff")), msgs(msg(websocket.OpText, "HelloHello")), 0},
			{"each by itself", frames(packed(text, hello), packed(text, hello)), append(gotHello, gotHello...), 0},
			{"mixed", frames(frame(fin|text, "plain"), packed(text, hello), frame(text, "a"), frame(fin|cont, "b")),
				append(msgs(msg(websocket.OpText, "plain")), append(gotHello, msg(websocket.OpText, "ab"))...), 0},
			{"control frames between", frames(frame(rsv1|text, hello[:2]), pinged, frame(cont, hello[2:4]), pinged, frame(fin|cont, hello[4:]), pinged),
				append(msgs(gotP, gotP), append(gotHello, gotP)...), 0},
			{"bad as text before it is inflated", frames(frame(rsv1|text, whole[:7]), frame(fin|cont, strip(whole[7:]))), msgs(msg(websocket.OpText, umlauts)), 0},

			{"bad text", frames(packed(text, strip(squeeze(t, 6, "Hell\xc3")))), nil, 1007},
			{"bad as text, but binary", frames(packed(blob, strip(squeeze(t, 6, "Hell\xc3")))), msgs(msg(websocket.OpBinary, "Hell\xc3")), 0},
			{"reserved block", frames(packed(blob, "\x07\x00")), nil, 1007},
			{"noise", frames(packed(blob, "\xff\xff\xff\xff\xff\xff")), nil, 1007},
			{"back before the start", frames(packed(blob, "\x02\x02\x00\x00")), nil, 1007},
			{"stored, longer than all", frames(packed(blob, "\x00\xff\x00\x00\xffHello")), nil, 1007},
			{"stored, lengths differ", frames(packed(blob, "\x00\x05\x00\xfa\xfeHello\x00")), nil, 1007},
			{"cut off", frames(packed(text, strip(whole)[:len(whole)/2])), nil, 1007},
			{"final, then noise", frames(packed(text, final+"\xff\xff\xff")), nil, 1007},
			{"tail only", frames(packed(text, "\x00\x00\xff\xff")), nil, 1007},
			{"final stored block that reaches into the tail", frames(packed(blob, "\x01\x02\x00\xfd\xff")), nil, 1007},
			{"final stored block that takes the tail", frames(packed(blob, "\x01\x04\x00\xfb\xff")), nil, 1007},
		}
	)
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) { reads(t, c) })
	}
}

// reads runs a case on a compressed connection whole, cut and moved.
func reads(t *testing.T, c autobahnCase) {
	t.Helper()
	in := slices.Concat(c.in...)
	whole := feed(t, in, deflateLimits, inOne, false)
	if want := (outcome{messages: c.want, err: whole.err, idle: true}); whole.err.Code != c.code || !same(whole, want) {
		t.Fatalf("read %s, want %s", describe(whole.messages, whole.err.Code), describe(c.want, c.code))
	}
	for how, next := range map[string]cutter{"bytewise": bytewise, "at random": atRandom(1)} {
		for _, restore := range []bool{false, true} {
			if got := feed(t, in, deflateLimits, next, restore && len(in) < 4096); !same(whole, got) {
				t.Errorf("%s, moved %v: read %s", how, restore, describe(got.messages, got.err.Code))
			}
		}
	}
}

// TestReservedBits wants RSV1 where RFC 7692 section 6 has it and nowhere else.
func TestReservedBits(t *testing.T) {
	begun := frame(rsv1|text, hello[:3])
	plain := frame(text, "Hel")
	for name, c := range map[string]struct {
		in      []byte
		deflate bool
		code    uint16
	}{
		"compressed":                  {packed(text, hello), true, 0},
		"not agreed on":               {packed(text, hello), false, 1002},
		"not agreed on, a fragment":   {begun, false, 1002},
		"continuation":                {append(begun, frame(rsv1|fin|cont, hello[3:])...), true, 1002},
		"continuation of a plain one": {append(plain, frame(rsv1|fin|cont, hello)...), true, 1002},
		"ping":                        {packed(ping, ""), true, 1002},
		"pong inside":                 {append(begun, packed(pong, "")...), true, 1002},
		"close":                       {packed(shut, "\x03\xe8"), true, 1002},
		"reserved opcode":             {packed(3, ""), true, 1002},
		"RSV2":                        {frame(fin|rsv2|text, "x"), true, 1002},
		"RSV3":                        {frame(fin|rsv3|text, "x"), true, 1002},
		"all three":                   {frame(fin|rsv1|rsv2|rsv3|text, hello), true, 1002},
		"inside a message":            {append(begun, packed(text, hello)...), true, 1002},
	} {
		lim := *deflateLimits
		lim.Deflate = c.deflate
		for how, next := range map[string]cutter{"whole": inOne, "bytewise": bytewise} {
			if o := feed(t, c.in, &lim, next, true); o.err.Code != c.code || !o.idle {
				t.Errorf("%s, %s: %v, idle %v, want %d", name, how, &o.err, o.idle, c.code)
			}
		}
	}
}

// TestReservedBitIsSaidEarly: before the rest of the header comes.
func TestReservedBitIsSaidEarly(t *testing.T) {
	if o := feed(t, packed(text, hello), autobahnLimits, bytewise, false); o.err.Code != 1002 || o.fed != 1 {
		t.Errorf("%v after %d bytes", &o.err, o.fed)
	}
}

func TestInflatedLimit(t *testing.T) {
	for _, size := range []int{0, 1, 255, 256, 257, 1000, 1024, 70_000} {
		data := strings.Repeat("x", size)
		small := *deflateLimits
		small.MaxMessage = max(size, 16) // as it comes, even nothing has a byte or two
		in := packed(text, strip(squeeze(t, 9, data)))
		if o := feed(t, in, &small, inOne, true); o.err.Code != 0 || len(o.messages) != 1 || string(o.messages[0].Data) != data {
			t.Errorf("%d bytes at the limit: %s", size, describe(o.messages, o.err.Code))
		}
		if size < 255 {
			continue
		}
		small.MaxMessage = size - 1
		if o := feed(t, in, &small, bytewise, true); o.err.Code != 1009 {
			t.Errorf("%d bytes over the limit: %s", size, describe(o.messages, o.err.Code))
		}
	}
}

// TestCompressedLimit: what is assembled is bounded before it is inflated.
func TestCompressedLimit(t *testing.T) {
	lim := *deflateLimits
	lim.MaxMessage = 1000
	in := frame(rsv1|blob, strings.Repeat("\x00\x00\x00\xff\xff", 200))
	if o := feed(t, append(in, frame(fin|cont, "\x00")...), &lim, bytewise, true); o.err.Code != 1009 || len(o.messages) != 0 {
		t.Error(describe(o.messages, o.err.Code))
	}
	if o := feed(t, append(in, frame(fin|cont, "")...), &lim, bytewise, true); o.err.Code != 0 || len(o.messages) != 1 {
		t.Error(describe(o.messages, o.err.Code))
	}
}

// bomb is a GB of zeroes, of pieces that don't refer to each other.
func bomb(t testing.TB) []byte {
	piece := squeeze(t, 9, strings.Repeat("\x00", 1<<20))
	return packed(blob, strip(strings.Repeat(piece, 1<<10)))
}

func TestBomb(t *testing.T) {
	in := bomb(t)
	for _, limit := range []int{2 << 20, 16 << 20} {
		lim := &websocket.Limits{MaxMessage: limit, MaxFragments: 1, Deflate: true}
		var r websocket.Reader
		b := bytes.Clone(in)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, ok, err := r.Next(b, lim)
		runtime.ReadMemStats(&after)
		if ce, _ := err.(*websocket.CloseError); ok || ce == nil || ce.Code != 1009 {
			t.Fatalf("ok %v, %v", ok, err)
		}
		if r != (websocket.Reader{}) {
			t.Error("the reader owns something")
		}
		// The message as it came, what came out, its doubling, and a window.
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(len(in)+2*limit+1<<18); got > most {
			t.Errorf("limit %d: %d bytes allocated, want at most %d", limit, got, most)
		}
	}
}

// TestManyFinalBlocks: the worst that MaxMessage has room for ends, and each block
// costs the same.
func TestManyFinalBlocks(t *testing.T) {
	const n = 1 << 18
	in := packed(text, strings.Repeat("\x4b\x04\x00", n)) // "a" in a final block
	o := feed(t, in, &websocket.Limits{MaxMessage: len(in), MaxFragments: 1, Deflate: true}, inOne, false)
	if o.err.Code != 0 || len(o.messages) != 1 || string(o.messages[0].Data) != strings.Repeat("a", n) {
		t.Error(describe(o.messages, o.err.Code))
	}
}

// TestInflatesStandard reads what compress/flate makes at every level, in one
// flush and in many.
func TestInflatesStandard(t *testing.T) {
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		for kind, data := range testdata(40_000) {
			parts := []string{data[:1], data[1:100], data[100:100], data[100:30_000], data[30_000:]}
			for how, s := range map[string]string{"one flush": squeeze(t, level, data), "many": squeeze(t, level, parts...)} {
				for tail, payload := range map[string]string{"stripped": strip(s), "not stripped": s} {
					o := feed(t, packed(blob, payload), deflateLimits, atRandom(uint64(len(s))), false)
					if o.err.Code != 0 || len(o.messages) != 1 || string(o.messages[0].Data) != data || !o.idle {
						t.Errorf("level %d, %s, %s, %s: %s", level, kind, how, tail, describe(o.messages, o.err.Code))
					}
				}
			}
		}
	}
}

func TestInflateAllocatesNothing(t *testing.T) {
	in := packed(text, strip(squeeze(t, 6, jsonText(1024))))
	buf := make([]byte, len(in))
	var r websocket.Reader
	allocs := testing.AllocsPerRun(200, func() {
		copy(buf, in)
		if _, _, ok, err := r.Next(buf, deflateLimits); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if _, _, ok, err := r.Next(nil, deflateLimits); ok || err != nil {
			t.Fatal(ok, err)
		}
	})
	if r != (websocket.Reader{}) {
		t.Error("the reader owns something")
	}
	if allocs >= 1 && !raceEnabled {
		t.Errorf("%v allocations", allocs)
	}
}

// TestInflateMovedAtEveryByte is TestMovedAtEveryByte for compressed messages.
func TestInflateMovedAtEveryByte(t *testing.T) {
	s := strip(squeeze(t, 6, umlauts))
	in := slices.Concat(frame(rsv1|text, s[:5]), frame(fin|ping, "ping"), frame(cont, s[5:9]), frame(fin|cont, s[9:]), packed(blob, hello), frame(fin|text, "plain"))
	whole := feed(t, in, deflateLimits, inOne, false)
	if len(whole.messages) != 4 || whole.err.Code != 0 {
		t.Fatal(describe(whole.messages, whole.err.Code))
	}
	for at := 1; at < len(in); at++ {
		steps := []int{at, len(in)}
		next := func() (n int) { n, steps = steps[0], steps[1:]; return n }
		if got := feed(t, in, deflateLimits, next, true); !same(whole, got) {
			t.Errorf("moved at %d: %s", at, describe(got.messages, got.err.Code))
		}
	}
}

// TestCompressedStateMeetsLimits: a reader that has not agreed on compression
// refuses to go on with a message that is compressed.
func TestCompressedStateMeetsLimits(t *testing.T) {
	var r websocket.Reader
	if _, _, ok, err := r.Next(frame(rsv1|text, hello[:3]), deflateLimits); ok || err != nil {
		t.Fatal(ok, err)
	}
	state := r.AppendState(nil)
	r.Release()
	if state[1] != 0x41 {
		t.Errorf("the state has message %#x", state[1])
	}
	if err := r.RestoreState(state); err != nil {
		t.Fatal(err)
	}
	_, _, ok, err := r.Next(frame(fin|cont, hello[3:]), autobahnLimits)
	if ce, _ := err.(*websocket.CloseError); ok || ce == nil || ce.Code != 1002 {
		t.Errorf("ok %v, %v", ok, err)
	}
}

// TestInflatersAreApart has many readers in the middle of messages at once.
func TestInflatersAreApart(t *testing.T) {
	const readers = 50
	var rs [readers]websocket.Reader
	payload := func(i int) string { return strings.Repeat(fmt.Sprintf("message of reader %d, ", i), 1+40*i) }
	for i := range rs {
		s := strip(squeeze(t, 1, payload(i)))
		if _, _, ok, err := rs[i].Next(frame(rsv1|text, s[:len(s)/2]), deflateLimits); ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	for i := range rs {
		s := strip(squeeze(t, 1, payload(i)))
		m, _, ok, err := rs[i].Next(frame(fin|cont, s[len(s)/2:]), deflateLimits)
		if !ok || err != nil || string(m.Data) != payload(i) {
			t.Fatalf("reader %d: ok %v, %v", i, ok, err)
		}
	}
	for i := range rs {
		if _, _, ok, err := rs[i].Next(nil, deflateLimits); ok || err != nil || rs[i] != (websocket.Reader{}) {
			t.Fatalf("reader %d: ok %v, %v", i, ok, err)
		}
	}
}

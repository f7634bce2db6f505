package websocket_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"throng/internal/websocket"
)

func TestIdleReaderOwnsNothing(t *testing.T) {
	if n := unsafe.Sizeof(websocket.Reader{}); n > 16 {
		t.Errorf("a Reader has %d bytes", n)
	}
	// A chopped message goes through the assembly buffer; feed then asks for more
	// and must find the reader at its zero value.
	o := feed(t, slices.Concat(frame(text, "a"), frame(fin|ping, "b"), frame(fin|cont, "c")), autobahnLimits, bytewise, false)
	if len(o.messages) != 2 || !o.idle {
		t.Errorf("read %v, idle %v", o.messages, o.idle)
	}
}

// rawHeader is a client's frame header with a length field of any form.
func rawHeader(first, length byte, extended ...byte) []byte {
	return slices.Concat([]byte{first, 0x80 | length}, extended, []byte{1, 2, 3, 4})
}

func long(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func TestLengths(t *testing.T) {
	lim := &websocket.Limits{MaxMessage: 1000, MaxFragments: 3}
	for name, c := range map[string]struct {
		in   []byte
		code uint16
	}{
		"16 bits where 7 do":    {rawHeader(fin|text, 126, 0, 125), 1002},
		"64 bits where 16 do":   {rawHeader(fin|text, 127, long(0xffff)...), 1002},
		"64 bits where 7 do":    {rawHeader(fin|text, 127, long(1)...), 1002},
		"top bit set":           {rawHeader(fin|text, 127, long(1<<63)...), 1002},
		"all bits set":          {rawHeader(fin|text, 127, long(1<<64-1)...), 1002},
		"2^63-1":                {rawHeader(fin|text, 127, long(1<<63-1)...), 1009},
		"one over the limit":    {rawHeader(fin|blob, 126, 1001>>8, 1001&0xff), 1009},
		"at the limit":          {frame(fin|blob, strings.Repeat("x", 1000)), 0},
		"ping with 16 bits":     {rawHeader(fin|ping, 126, 1, 0), 1002},
		"close with 64 bits":    {rawHeader(fin|shut, 127, long(1<<20)...), 1002},
		"fragments at limit":    {slices.Concat(frame(text, strings.Repeat("x", 999)), frame(fin|cont, "x")), 0},
		"fragments over limit":  {slices.Concat(frame(text, strings.Repeat("x", 999)), frame(fin|cont, "xx")), 1009},
		"2^63-1 after a byte":   {slices.Concat(frame(text, "x"), rawHeader(fin|cont, 127, long(1<<63-1)...)), 1009},
		"as many as allowed":    {slices.Concat(frame(text, ""), frame(cont, ""), frame(fin|cont, "")), 0},
		"one fragment too many": {slices.Concat(frame(text, ""), frame(cont, ""), frame(cont, ""), frame(fin|cont, "")), 1009},
		"pings are no fragments": {slices.Concat(frame(text, ""), frame(fin|ping, ""), frame(cont, ""), frame(fin|ping, ""),
			frame(fin|ping, ""), frame(fin|cont, "")), 0},
		"too many and unmasked": {slices.Concat(frame(text, ""), frame(cont, ""), frame(cont, ""), []byte{cont, 0}), 1002},
		"unmasked":              {websocket.AppendFrame(nil, websocket.OpText, []byte("x")), 1002},
	} {
		for how, next := range map[string]cutter{"whole": inOne, "bytewise": bytewise} {
			if o := feed(t, c.in, lim, next, true); o.err.Code != c.code || !o.idle {
				t.Errorf("%s, %s: %v, idle %v, want code %d", name, how, &o.err, o.idle, c.code)
			}
		}
	}
}

// TestTooBigIsSaidEarly wants the verdict at the last byte of the length: the key
// and the payload are not waited for.
func TestTooBigIsSaidEarly(t *testing.T) {
	in := rawHeader(fin|text, 127, long(1<<62)...)
	if o := feed(t, in, autobahnLimits, bytewise, false); o.err.Code != 1009 || o.fed != 10 {
		t.Errorf("%v after %d bytes", &o.err, o.fed)
	}
}

// TestClaimAllocatesNothing: memory grows with what arrives, not with a header.
func TestClaimAllocatesNothing(t *testing.T) {
	const readers = 1000
	lim := &websocket.Limits{MaxMessage: 1 << 30, MaxFragments: 2}
	in := append(rawHeader(fin|blob, 127, long(1<<30)...), "begin"...)
	rs := make([]websocket.Reader, readers)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range rs {
		if _, n, ok, err := rs[i].Next(bytes.Clone(in), lim); n != len(in) || ok || err != nil {
			t.Fatalf("%d %v %v", n, ok, err)
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / readers; each > 1024 {
		t.Errorf("%d bytes for each reader", each)
	}
	for i := range rs {
		rs[i].Release()
	}
}

func TestMillionEmptyFragments(t *testing.T) {
	in := append(frame(blob, ""), bytes.Repeat(frame(cont, ""), 1_000_000)...)
	lim := &websocket.Limits{MaxMessage: 1 << 20, MaxFragments: 1000}
	if o := feed(t, in, lim, func() int { return 4096 }, true); o.err.Code != 1009 || o.fed > 2*4096 {
		t.Errorf("%v after %d bytes", &o.err, o.fed)
	}
}

func TestClientReadsUnmaskedOnly(t *testing.T) {
	lim := &websocket.Limits{MaxMessage: 1 << 20, MaxFragments: 2, Client: true}
	in := slices.Concat(
		websocket.AppendFrame(nil, websocket.OpText, []byte(umlauts)),
		websocket.AppendHeader(nil, websocket.OpBinary, false, 3), []byte("abc"),
		websocket.AppendClose(nil, 1001, "bye"))
	in = slices.Concat(in[:len(in)-7], websocket.AppendHeader(nil, websocket.OpContinuation, true, 300), make([]byte, 300), in[len(in)-7:])
	for how, next := range map[string]cutter{"whole": inOne, "bytewise": bytewise} {
		o := feed(t, in, lim, next, true)
		if o.err.Code != 0 || len(o.messages) != 3 || string(o.messages[0].Data) != umlauts || len(o.messages[1].Data) != 303 {
			t.Errorf("%s: %s", how, describe(o.messages, o.err.Code))
		}
	}
	if o := feed(t, frame(fin|text, "masked"), lim, inOne, false); o.err.Code != 1002 {
		t.Errorf("a masked frame: %v", &o.err)
	}
}

// TestBadByteAnywhere: unmasking looks at many bytes at a time and must miss none.
func TestBadByteAnywhere(t *testing.T) {
	for n := 1; n <= 100; n++ {
		for at := range n {
			s := []byte(strings.Repeat("x", n))
			s[at] = 0xff
			var r websocket.Reader
			if _, _, ok, err := r.Next(frame(fin|text, string(s)), autobahnLimits); ok || err == nil {
				t.Fatalf("byte %d of %d was missed", at, n)
			}
		}
	}
}

// TestDataIsCapped: a caller that appends to a message must not write over the
// frame behind it.
func TestDataIsCapped(t *testing.T) {
	var r websocket.Reader
	in := append(frame(fin|text, "one"), frame(fin|text, "two")...)
	m, n, _, _ := r.Next(in, autobahnLimits)
	_ = append(m.Data, "XXXXXXXX"...)
	if m, _, ok, err := r.Next(in[n:], autobahnLimits); !ok || string(m.Data) != "two" {
		t.Errorf("%q %v %v", m.Data, ok, err)
	}
}

func TestReleaseInTheMiddle(t *testing.T) {
	var r websocket.Reader
	r.Release()
	if _, _, ok, err := r.Next(frame(text, "begun"), autobahnLimits); ok || err != nil {
		t.Fatal(ok, err)
	}
	r.Release()
	if r != (websocket.Reader{}) {
		t.Error("a released reader owns something")
	}
	if m, _, ok, _ := r.Next(frame(fin|text, "anew"), autobahnLimits); !ok || string(m.Data) != "anew" {
		t.Errorf("%q", m.Data)
	}
}

// TestPooledBuffersAreApart runs many readers with messages of all sizes in turns.
func TestPooledBuffersAreApart(t *testing.T) {
	const readers = 50
	rs := make([]websocket.Reader, readers)
	want := make([]string, readers)
	for round := range 40 {
		for i := range rs {
			part := strings.Repeat(string(rune('a'+(i+round)%26)), 1+(i*i*round)%5000)
			head := byte(cont)
			if want[i] == "" {
				head = text
			}
			if (i+round)%4 == 0 {
				head |= fin
			}
			want[i] += part
			m, _, ok, err := rs[i].Next(frame(head, part), autobahnLimits)
			if err != nil || ok != (head&fin != 0) || ok && string(m.Data) != want[i] {
				t.Fatalf("reader %d, round %d: ok %v, %v", i, round, ok, err)
			}
			if ok {
				want[i] = ""
			}
		}
	}
}

func TestFastPathAllocatesNothing(t *testing.T) {
	in := slices.Concat(frame(fin|text, umlauts), frame(fin|ping, "ping"), frame(fin|blob, strings.Repeat("x", 5000)))
	buf := make([]byte, len(in))
	var r websocket.Reader
	allocs := testing.AllocsPerRun(100, func() {
		copy(buf, in)
		for b := buf; len(b) > 0; {
			_, n, ok, err := r.Next(b, autobahnLimits)
			if !ok || err != nil {
				t.Fatal(ok, err)
			}
			b = b[n:]
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

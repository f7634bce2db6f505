package websocket_test

import (
	"bytes"
	"slices"
	"testing"

	"throng/internal/websocket"
)

// TestMovedAtEveryByte moves the state once, at each position in turn, in the
// middle of everything that can be in progress.
func TestMovedAtEveryByte(t *testing.T) {
	in := slices.Concat(frame(text, "Hellö "), frame(fin|ping, "pïng"), frame(cont, ""), frame(cont, "wörld\xf0\x9f"),
		frame(fin|pong, ""), frame(fin|cont, "\x8c\x8d!"), frame(fin|blob, "\xff\xfe"), frame(fin|ping, "last"),
		closeFrame(1000, "byë"))
	whole := feed(t, in, autobahnLimits, inOne, false)
	if len(whole.messages) != 6 || whole.err.Code != 0 {
		t.Fatal(describe(whole.messages, whole.err.Code))
	}
	for at := 1; at < len(in); at++ {
		steps := []int{at, len(in)}
		next := func() (n int) { n, steps = steps[0], steps[1:]; return n }
		if got := feed(t, in, autobahnLimits, next, true); !same(whole, got) {
			t.Errorf("moved at %d: %s", at, describe(got.messages, got.err.Code))
		}
	}
}

// stateOf is the state of a reader that was given these bytes.
func stateOf(t testing.TB, in []byte) []byte {
	t.Helper()
	var r websocket.Reader
	defer r.Release()
	for {
		_, n, ok, err := r.Next(in, deflateLimits)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return r.AppendState(nil)
		}
		in = in[n:]
	}
}

func TestRestoreRefuses(t *testing.T) {
	openText := stateOf(t, frame(text, "ab"))
	inFrame := stateOf(t, frame(fin|text, "abcd")[:8])
	inPing := stateOf(t, frame(fin|ping, "abcd")[:8])
	set := func(state []byte, at int, b ...byte) []byte {
		state = bytes.Clone(state)
		copy(state[at:], b)
		return state
	}
	for name, state := range map[string][]byte{
		"unknown version":            set(openText, 0, 2),
		"message of control type":    set(openText, 1, 9),
		"message of reserved type":   set(openText, 1, 3),
		"data without a message":     set(openText, 1, 0),
		"compressed nothing":         set(inPing, 1, 0x40),
		"compressed control message": set(openText, 1, 0x49),
		"another reserved bit":       set(openText, 1, 0x21),
		"fragments zero":             set(openText, 15, 0, 0, 0, 0),
		"key without a frame":        set(openText, 3, 1),
		"frame with nothing left":    set(openText, 2, 0x80),
		"control without a frame":    set(openText, 19, 1),
		"text that is not":           set(openText, 20, 0xff),
		"control longer than all":    set(openText, 19, 200),
		"reserved bit":               set(inFrame, 2, 0xc0),
		"frame of type text":         set(inFrame, 2, 0x81),
		"left with the top bit":      set(inFrame, 7, 0x80),
		"control in a data frame":    set(inFrame, 19, 1),
		"ping that is not final":     set(inPing, 2, 0x09),
		"ping that is too long":      set(inPing, 14, 126),
		"ping of reserved type":      set(inPing, 2, 0x8b),
		"fragments of no message":    set(inPing, 18, 1),
		"data after a lonely ping":   append(bytes.Clone(inPing), 'x'),
		"continuation of nothing":    set(inPing, 2, 0x80),
		"shorter than its header":    openText[:19],
		"nothing in progress at all": set(make([]byte, 20), 0, 1),
	} {
		var r websocket.Reader
		if err := r.RestoreState(state); err == nil {
			t.Errorf("%s: restored", name)
		}
		if r != (websocket.Reader{}) {
			t.Errorf("%s: the reader owns something", name)
		}
	}
}

// TestRestoredStateMeetsLimits: limits that a state was not made under hold all
// the same.
func TestRestoredStateMeetsLimits(t *testing.T) {
	small := &websocket.Limits{MaxMessage: 3, MaxFragments: 10}
	for name, c := range map[string]struct{ state, next []byte }{
		"frame that goes on":      {stateOf(t, frame(fin|blob, "abcdef")[:8]), []byte("x")},
		"frame with nothing yet":  {stateOf(t, frame(fin|blob, "abcdef")[:6]), nil},
		"message with an end":     {stateOf(t, frame(blob, "abcdef")), frame(fin|cont, "")},
		"message that would grow": {stateOf(t, frame(blob, "abc")), frame(fin|cont, "d")},
	} {
		var r websocket.Reader
		if err := r.RestoreState(c.state); err != nil {
			t.Fatal(name, err)
		}
		_, _, ok, err := r.Next(c.next, small)
		if ce, _ := err.(*websocket.CloseError); ok || ce == nil || ce.Code != 1009 {
			t.Errorf("%s: ok %v, %v", name, ok, err)
		}
	}
}

package websocket_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"throng/internal/websocket"
)

// maxHeader is the longest frame header: all that Next may leave unconsumed is
// less than that.
const maxHeader = 14

// outcome is all that a peer can learn from a reader.
type outcome struct {
	messages []websocket.Message
	err      websocket.CloseError // zero when there was none
	fed      int                  // bytes given until the error or the close frame came
	idle     bool                 // the reader owned nothing in the end
}

// cutter says how many bytes come next.
type cutter func() int

func inOne() int    { return 1 << 30 }
func bytewise() int { return 1 }

// atRandom cuts now in a few bytes, now in many.
func atRandom(seed uint64) cutter {
	r := rand.New(rand.NewPCG(seed, 1))
	return func() int { return 1 + r.IntN(1<<(1+r.IntN(11))) }
}

// feed plays the connection: it gives the input to a reader, cut as next says,
// keeps what the reader leaves, and stops at an error or a close frame. Input
// that was consumed is overwritten, so that a reader which kept a part of it
// would show. If restore, every cut also moves the state to
// another reader.
func feed(t testing.TB, in []byte, lim *websocket.Limits, next cutter, restore bool) (o outcome) {
	t.Helper()
	r := new(websocket.Reader)
	var kept []byte
	for o.fed < len(in) {
		n := min(next(), len(in)-o.fed)
		buf := slices.Concat(kept, in[o.fed:o.fed+n])
		o.fed += n
		if done := drain(t, r, &buf, lim, &o); done {
			o.idle = *r == websocket.Reader{}
			return o
		}
		kept = buf
		if restore {
			r = moved(t, r, lim)
		}
	}
	o.idle = *r == websocket.Reader{}
	return o
}

// drain calls Next until it has no more, and leaves in buf what wasn't consumed.
func drain(t testing.TB, r *websocket.Reader, buf *[]byte, lim *websocket.Limits, o *outcome) (done bool) {
	t.Helper()
	for {
		m, n, ok, err := r.Next(*buf, lim)
		if n < 0 || n > len(*buf) {
			t.Fatalf("consumed %d of %d bytes", n, len(*buf))
		}
		if err != nil {
			var ce *websocket.CloseError
			if ok || !errors.As(err, &ce) {
				t.Fatalf("ok %v with error %T", ok, err)
			}
			o.err = *ce
			return true
		}
		if ok {
			o.messages = append(o.messages, websocket.Message{Op: m.Op, Data: bytes.Clone(m.Data)})
		}
		for i := range (*buf)[:n] {
			(*buf)[i] = 0xaa
		}
		*buf = (*buf)[n:]
		switch {
		case ok && m.Op == websocket.OpClose:
			r.Release()
			return true
		case !ok && len(*buf) >= maxHeader:
			t.Fatalf("%d bytes left unconsumed", len(*buf))
		case !ok:
			return false
		}
	}
}

// moved returns another reader with the same state, and holds what the state
// keeps against the limits.
func moved(t testing.TB, r *websocket.Reader, lim *websocket.Limits) *websocket.Reader {
	t.Helper()
	state := r.AppendState(nil)
	const overhead = 20 + 125 // the state's header and a control frame
	if len(state) > overhead+max(0, lim.MaxMessage) {
		t.Fatalf("the reader keeps %d bytes with MaxMessage %d", len(state), lim.MaxMessage)
	}
	r.Release()
	to := new(websocket.Reader)
	if err := to.RestoreState(state); err != nil {
		t.Fatalf("restore %x: %v", state, err)
	}
	if again := to.AppendState(nil); !bytes.Equal(state, again) {
		t.Fatalf("restored %x, encodes as %x", state, again)
	}
	return to
}

// same compares two outcomes, but for when the end came.
func same(a, b outcome) bool {
	return a.err == b.err && a.idle == b.idle && slices.EqualFunc(a.messages, b.messages,
		func(x, y websocket.Message) bool { return x.Op == y.Op && bytes.Equal(x.Data, y.Data) })
}

// frame encodes one client frame with any first byte and a mask that is not the
// same in any two places.
func frame(first byte, payload string) []byte {
	op, fin := websocket.Opcode(first&0x0f), first&0x80 != 0
	b := websocket.AppendMaskedFragment(nil, op, fin, [4]byte{0x37, 0xfa, 0x21, 0x3d}, []byte(payload))
	b[0] = first
	return b
}

package websocket_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"throng/internal/websocket"
)

// autobahnCase is a case of the Autobahn test suite (crossbario/autobahn-testsuite)
// as far as a codec can fail it: what the client sends, what must be read, and
// the code that the connection is failed with, 0 where it isn't.
type autobahnCase struct {
	id   string
	in   [][]byte
	want []websocket.Message
	code uint16
}

// First bytes of frames.
const (
	fin  = 0x80
	rsv1 = 0x40
	rsv2 = 0x20
	rsv3 = 0x10

	cont = 0x0
	text = 0x1
	blob = 0x2
	shut = 0x8
	ping = 0x9
	pong = 0xa
)

func msg(op websocket.Opcode, data string) websocket.Message {
	return websocket.Message{Op: op, Data: []byte(data)}
}

func frames(fs ...[]byte) [][]byte { return fs }

func msgs(ms ...websocket.Message) []websocket.Message { return ms }

func autobahnCases() []autobahnCase {
	return slices.Concat(framingCases(), pingCases(), reservedCases(), opcodeCases(),
		fragmentationCases(), textCases(), closeCases(), []autobahnCase{autoFragmentCase()})
}

var autobahnLimits = &websocket.Limits{MaxMessage: 1 << 20, MaxFragments: 1 << 12}

// TestAutobahn runs every case whole, cut and with its state moved at every cut.
func TestAutobahn(t *testing.T) {
	for _, c := range autobahnCases() {
		t.Run(c.id, func(t *testing.T) {
			in := slices.Concat(c.in...)
			whole := feed(t, in, autobahnLimits, inOne, false)
			if want := (outcome{messages: c.want, err: whole.err, idle: true}); whole.err.Code != c.code || !same(whole, want) {
				t.Fatalf("read %s, want %s", describe(whole.messages, whole.err.Code), describe(c.want, c.code))
			}
			check := func(how string, next cutter, restore bool) {
				if got := feed(t, in, autobahnLimits, next, restore); !same(whole, got) {
					t.Errorf("%s: read %s, want %s", how, describe(got.messages, got.err.Code), describe(c.want, c.code))
				}
			}
			check("bytewise", bytewise, false)
			for seed := range uint64(4) {
				check(fmt.Sprint("at random, seed ", seed), atRandom(seed), false)
			}
			if len(in) < 4096 { // every move copies the message: quadratic
				check("moved bytewise", bytewise, true)
				check("moved at random", atRandom(1), true)
			}
		})
	}
}

func describe(ms []websocket.Message, code uint16) string {
	var b strings.Builder
	for _, m := range ms {
		fmt.Fprintf(&b, "%d %.40q (%d bytes), ", m.Op, m.Data, len(m.Data))
	}
	fmt.Fprintf(&b, "code %d", code)
	return b.String()
}

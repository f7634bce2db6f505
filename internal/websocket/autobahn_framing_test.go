package websocket_test

import (
	"fmt"
	"strings"

	"throng/internal/websocket"
)

// framingCases are 1.1 (text) and 1.2 (binary). The suite's chopped variants
// (1.1.8, 1.2.8) are what TestAutobahn does with all of them.
func framingCases() (cases []autobahnCase) {
	sizes := []int{0, 125, 126, 127, 128, 65535, 65536}
	for group, kind := range []struct {
		op   websocket.Opcode
		fill string
	}{{websocket.OpText, "*"}, {websocket.OpBinary, "\xfe"}} {
		for i, size := range sizes {
			data := strings.Repeat(kind.fill, size)
			cases = append(cases, autobahnCase{
				id:   fmt.Sprintf("1.%d.%d", group+1, i+1),
				in:   frames(frame(fin|byte(kind.op), data)),
				want: msgs(msg(kind.op, data)),
			})
		}
	}
	return cases
}

// pingCases are group 2: pings and pongs.
func pingCases() []autobahnCase {
	const octets8 = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
	long := strings.Repeat("\xfe", 125)
	var ten [][]byte
	var tenRead []websocket.Message
	for i := range 10 {
		data := fmt.Sprintf("payload-%d", i)
		ten = append(ten, frame(fin|ping, data))
		tenRead = append(tenRead, msg(websocket.OpPing, data))
	}
	return []autobahnCase{
		{"2.1", frames(frame(fin|ping, "")), msgs(msg(websocket.OpPing, "")), 0},
		{"2.2", frames(frame(fin|ping, "Hello, world!")), msgs(msg(websocket.OpPing, "Hello, world!")), 0},
		{"2.3", frames(frame(fin|ping, octets8)), msgs(msg(websocket.OpPing, octets8)), 0},
		{"2.4", frames(frame(fin|ping, long)), msgs(msg(websocket.OpPing, long)), 0},
		{"2.5", frames(frame(fin|ping, long+"\xfe")), nil, 1002},
		{"2.6", frames(frame(fin|ping, long)), msgs(msg(websocket.OpPing, long)), 0},
		{"2.7", frames(frame(fin|pong, "")), msgs(msg(websocket.OpPong, "")), 0},
		{"2.8", frames(frame(fin|pong, "unsolicited")), msgs(msg(websocket.OpPong, "unsolicited")), 0},
		{"2.9", frames(frame(fin|pong, "unsolicited"), frame(fin|ping, "ping")),
			msgs(msg(websocket.OpPong, "unsolicited"), msg(websocket.OpPing, "ping")), 0},
		{"2.10", ten, tenRead, 0},
		{"2.11", ten, tenRead, 0},
	}
}

// reservedCases are group 3: reserved bits.
func reservedCases() []autobahnCase {
	hello := msgs(msg(websocket.OpText, "Hello, world!"))
	good := frame(fin|text, "Hello, world!")
	after := frame(fin|ping, "")
	return []autobahnCase{
		{"3.1", frames(frame(fin|rsv3|text, "Hello, world!")), nil, 1002},
		{"3.2", frames(good, frame(fin|rsv2|text, "Hello, world!"), after), hello, 1002},
		{"3.3", frames(good, frame(fin|rsv2|rsv3|text, "Hello, world!"), after), hello, 1002},
		{"3.4", frames(good, frame(fin|rsv1|text, "Hello, world!"), after), hello, 1002},
		{"3.5", frames(frame(fin|rsv1|rsv3|blob, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff")), nil, 1002},
		{"3.6", frames(frame(fin|rsv1|rsv2|ping, "Hello, world!")), nil, 1002},
		{"3.7", frames(frame(fin|rsv1|rsv2|rsv3|shut, "")), nil, 1002},
	}
}

// opcodeCases are group 4: reserved opcodes, data (4.1) and control (4.2).
func opcodeCases() (cases []autobahnCase) {
	good := frame(fin|text, "Hello, world!")
	hello := msgs(msg(websocket.OpText, "Hello, world!"))
	after := frame(fin|ping, "")
	for group, first := range []byte{3, 11} {
		for i := range byte(5) {
			c := autobahnCase{id: fmt.Sprintf("4.%d.%d", group+1, i+1), code: 1002}
			payload := ""
			if i%2 == 1 {
				payload = "reserved opcode payload"
			}
			bad := frame(fin|first+i, payload)
			if i < 2 {
				c.in = frames(bad)
			} else {
				c.in, c.want = frames(good, bad, after), hello
			}
			cases = append(cases, c)
		}
	}
	return cases
}

// autoFragmentCase is 10.1.1: a big text that was fragmented on its way.
func autoFragmentCase() autobahnCase {
	data := strings.Repeat("*", 65536)
	c := autobahnCase{id: "10.1.1", want: msgs(msg(websocket.OpText, data))}
	first := byte(text)
	for len(data) > 1300 {
		c.in = append(c.in, frame(first, data[:1300]))
		data, first = data[1300:], cont
	}
	c.in = append(c.in, frame(fin|cont, data))
	return c
}

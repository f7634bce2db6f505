package websocket_test

import (
	"fmt"

	"throng/internal/websocket"
)

// fragmentationCases are group 5. Numbers joined by a dash are one case in
// several chops, which TestAutobahn does anyway.
func fragmentationCases() []autobahnCase {
	var (
		first  = frame(text, "fragment1")
		last   = frame(fin|cont, "fragment2")
		joined = msg(websocket.OpText, "fragment1fragment2")
		pinged = frame(fin|ping, "ping payload")
		gotP   = msg(websocket.OpPing, "ping payload")
		stray  = "non-continuation payload"
		hello  = frame(fin|text, "Hello, world!")
	)
	cases := []autobahnCase{
		{"5.1", frames(frame(ping, "fragment1"), last), nil, 1002},
		{"5.2", frames(frame(pong, "fragment1"), last), nil, 1002},
		{"5.3-5.5", frames(first, last), msgs(joined), 0},
		{"5.6-5.8", frames(first, pinged, last), msgs(gotP, joined), 0},
		{"5.9-5.11", frames(frame(fin|cont, stray), hello), nil, 1002},
		{"5.12-5.14", frames(frame(cont, stray), hello), nil, 1002},
		{"5.15", frames(first, last, frame(cont, "fragment3"), frame(fin|text, "fragment4")), msgs(joined), 1002},
		{"5.16", frames(frame(cont, "fragment1"), frame(text, "fragment2"), frame(fin|cont, "fragment3")), nil, 1002},
		{"5.17", frames(frame(fin|cont, "fragment1"), frame(text, "fragment2"), frame(fin|cont, "fragment3")), nil, 1002},
		{"5.18", frames(first, frame(fin|text, "fragment2")), nil, 1002},
		fivePings("5.19"),
		fivePings("5.20"),
	}
	// Not in the suite: the same with a control frame right at the end, and a
	// binary message inside a text.
	return append(cases,
		autobahnCase{"5+.1", frames(first, pinged, last, pinged), msgs(gotP, joined, gotP), 0},
		autobahnCase{"5+.2", frames(first, frame(fin|blob, "")), nil, 1002},
		autobahnCase{"5+.3", frames(frame(blob, ""), frame(cont, ""), frame(fin|cont, "")), msgs(msg(websocket.OpBinary, "")), 0},
	)
}

// fivePings is a text in five fragments with pings after the second and fourth.
func fivePings(id string) autobahnCase {
	c := autobahnCase{id: id}
	whole := ""
	for i := 1; i <= 5; i++ {
		data, head := fmt.Sprintf("fragment%d", i), byte(cont)
		switch i {
		case 1:
			head = text
		case 5:
			head = fin | cont
		}
		whole += data
		c.in = append(c.in, frame(head, data))
		if i == 2 || i == 4 {
			c.in = append(c.in, frame(fin|ping, fmt.Sprint("pongme ", i)))
			c.want = append(c.want, msg(websocket.OpPing, fmt.Sprint("pongme ", i)))
		}
	}
	c.want = append(c.want, msg(websocket.OpText, whole))
	return c
}

package websocket_test

import (
	"fmt"
	"strings"

	"throng/internal/websocket"
)

// closeFrame is a client's close frame with any code at all.
func closeFrame(code uint16, reason string) []byte {
	return frame(fin|shut, closePayload(code, reason))
}

func closePayload(code uint16, reason string) string {
	return string([]byte{byte(code >> 8), byte(code)}) + reason
}

// closeCases are group 7. A connection ends with the close frame (RFC 6455
// section 5.5.1), so what follows it is never looked at.
func closeCases() []autobahnCase {
	var (
		hello  = frame(fin|text, "Hello World!")
		gotH   = msg(websocket.OpText, "Hello World!")
		normal = closeFrame(1000, "")
		gotN   = msg(websocket.OpClose, closePayload(1000, ""))
		reason = strings.Repeat("*", 123)
		big    = strings.Repeat("BAsd7&jh23", 26215)[:256<<10]
	)
	cases := []autobahnCase{
		{"7.1.1", frames(hello, normal), msgs(gotH, gotN), 0},
		{"7.1.2", frames(normal, normal), msgs(gotN), 0},
		{"7.1.3", frames(normal, frame(fin|ping, "")), msgs(gotN), 0},
		{"7.1.4", frames(normal, hello), msgs(gotN), 0},
		{"7.1.5", frames(frame(text, "fragment1"), normal, frame(fin|cont, "fragment2")), msgs(gotN), 0},
		{"7.1.6", frames(frame(fin|text, big), hello, normal, frame(fin|ping, "")),
			msgs(msg(websocket.OpText, big), gotH, gotN), 0},
		{"7.3.1", frames(frame(fin|shut, "")), msgs(msg(websocket.OpClose, "")), 0},
		{"7.3.2", frames(frame(fin|shut, "a")), nil, 1002},
		{"7.3.3", frames(normal), msgs(gotN), 0},
		{"7.3.4", frames(closeFrame(1000, "Hello World!")), msgs(msg(websocket.OpClose, closePayload(1000, "Hello World!"))), 0},
		{"7.3.5", frames(closeFrame(1000, reason)), msgs(msg(websocket.OpClose, closePayload(1000, reason))), 0},
		{"7.3.6", frames(closeFrame(1000, reason+"*")), nil, 1002},
		{"7.5.1", frames(closeFrame(1000, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited")), nil, 1007},
	}
	for i, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		cases = append(cases, autobahnCase{fmt.Sprintf("7.7.%d", i+1), frames(closeFrame(code, "")),
			msgs(msg(websocket.OpClose, closePayload(code, ""))), 0})
	}
	for i, code := range []uint16{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		cases = append(cases, autobahnCase{fmt.Sprintf("7.9.%d", i+1), frames(closeFrame(code, "")), nil, 1002})
	}
	for i, code := range []uint16{5000, 65535} {
		cases = append(cases, autobahnCase{fmt.Sprintf("7.13.%d", i+1), frames(closeFrame(code, "")), nil, 1002})
	}
	return cases
}

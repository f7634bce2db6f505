package websocket

import (
	"encoding/binary"
	"slices"
)

// HeaderRoom is the length of the longest unmasked frame header.
const HeaderRoom = 10

// AppendHeader appends the header of a server's (unmasked) frame with n bytes of
// payload.
func AppendHeader(dst []byte, op Opcode, fin bool, n int) []byte {
	return appendHeader(dst, op, fin, 0, n)
}

// AppendFrame appends a server's frame that is a whole message or control frame.
func AppendFrame(dst []byte, op Opcode, payload []byte) []byte {
	dst = slices.Grow(dst, HeaderRoom+len(payload))
	dst = appendHeader(dst, op, true, 0, len(payload))
	return append(dst, payload...)
}

// AppendMaskedFrame appends a client's frame that is a whole message or control
// frame. The key must be unpredictable where the payload is not the client's own
// (RFC 6455 section 10.3).
func AppendMaskedFrame(dst []byte, op Opcode, key [4]byte, payload []byte) []byte {
	return AppendMaskedFragment(dst, op, true, key, payload)
}

// AppendMaskedFragment appends one frame of a client's message: the first has
// the message's opcode, those after it OpContinuation, the last one fin (RFC
// 6455 section 5.4).
func AppendMaskedFragment(dst []byte, op Opcode, fin bool, key [4]byte, payload []byte) []byte {
	dst = slices.Grow(dst, HeaderRoom+len(key)+len(payload))
	dst = appendHeader(dst, op, fin, maskBit, len(payload))
	dst = append(dst, key[:]...)
	at := len(dst)
	dst = append(dst, payload...)
	mask(dst[at:], binary.LittleEndian.Uint32(key[:]))
	return dst
}

// Wrap makes a frame of a payload whose length was not known when it was written:
// b is HeaderRoom bytes of room followed by the payload. The unmasked header goes
// right before the payload, and the frame is returned as a part of b.
func Wrap(b []byte, op Opcode) []byte {
	n := len(b) - HeaderRoom
	at := HeaderRoom - headerSize(n)
	appendHeader(b[at:at], op, true, 0, n)
	return b[at:]
}

// headerSize is the length of an unmasked header for n bytes of payload.
func headerSize(n int) int {
	switch {
	case n <= 125:
		return 2
	case n <= 0xffff:
		return 4
	default:
		return 10
	}
}

// appendHeader writes the shortest form of the length, the only one allowed (RFC
// 6455 section 5.2).
func appendHeader(dst []byte, op Opcode, fin bool, masked byte, n int) []byte {
	first := byte(op)
	if fin {
		first |= finBit
	}
	switch headerSize(n) {
	case 2:
		return append(dst, first, masked|byte(n))
	case 4:
		return append(dst, first, masked|126, byte(n>>8), byte(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, first, masked|127), uint64(n))
	}
}

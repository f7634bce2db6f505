// Package websocket is RFC 6455 as a pure codec: bytes in, messages out, and
// back. It does no I/O, starts no goroutine and knows no clock, so that the event
// loop, the goroutine engine, the load generator and the tests use the same code.
//
// The reading side is Reader. It is fed with whatever the socket gave, cut
// anywhere, and works in place: a frame that has arrived whole is unmasked where
// it lies and returned from there, without a copy or an allocation. Only what is
// in progress (half a frame, a fragmented message) owns memory, which grows with
// the bytes that arrived and never with the length that a header claims. An idle
// connection's Reader is one nil pointer.
//
// Messages may be compressed (RFC 7692), each by itself: no connection owns a
// window. A compressed message is kept as it comes and inflated when it is whole,
// no further than the limit for messages.
//
// The writing side appends frames to the caller's buffer. A server's frames are
// not masked and therefore the same for every client: they can be encoded once
// and shared, also the compressed ones.
//
// The handshake side parses an HTTP head strictly (RFC 7230) and answers it
// (RFC 6455 section 4.2). A head that is not quite HTTP is refused, not guessed
// at: proxies and servers that guess differently are how requests get smuggled.
package websocket

// Opcode says what a frame is (RFC 6455 section 5.2).
type Opcode byte

// The opcodes; 3-7 and 11-15 are reserved.
const (
	OpContinuation Opcode = 0
	OpText         Opcode = 1
	OpBinary       Opcode = 2
	OpClose        Opcode = 8
	OpPing         Opcode = 9
	OpPong         Opcode = 10
)

// Control reports whether the opcode is one of a control frame, which is never
// fragmented, has at most 125 bytes, and may come between the frames of a
// message (RFC 6455 section 5.5).
func (op Opcode) Control() bool { return op&8 != 0 }

// maxControl is the longest payload of a control frame (RFC 6455 section 5.5).
const maxControl = 125

// The bits of a frame's first two bytes (RFC 6455 section 5.2).
const (
	finBit  = 0x80
	rsvBits = 0x70
	opBits  = 0x0f
	maskBit = 0x80
	lenBits = 0x7f

	// deflateBit is RSV1, by which permessage-deflate says that a message is
	// compressed (RFC 7692 section 7.2).
	deflateBit = 0x40
)

// Limits are the bounds of what a Reader accepts. One value serves all
// connections of a kind.
type Limits struct {
	// MaxMessage is the largest message, in bytes over all its fragments. A
	// compressed one may be larger neither as it comes nor as it comes out.
	MaxMessage int
	// MaxFragments is the largest number of frames in a message. It bounds what
	// MaxMessage can't: fragments without payload. Less than 1 counts as 1.
	MaxFragments int
	// Client is the reader's role: a client's reader wants unmasked frames, a
	// server's masked ones (RFC 6455 section 5.1).
	Client bool
	// Deflate says that permessage-deflate was agreed on without context takeover
	// by the peer: messages may be compressed, each by itself.
	Deflate bool
}

// Message is what a Reader returns: a whole text or binary message, or a control
// frame.
type Message struct {
	Op   Opcode
	Data []byte
}

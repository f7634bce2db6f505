package phoenix

import "throng/internal/websocket"

// Carriage is the form in which a conn takes messages. There is room for four of
// them in the index of an encoding.
type Carriage uint8

const (
	// WebSocket is a frame of RFC 6455, header included.
	WebSocket Carriage = iota
	// Text is the message alone, and never a binary one: phoenix.js can't take
	// binary messages on long-poll.
	Text
	// Deflated is a compressed frame (RFC 7692), DeflatedSmall one for clients
	// with a small window.
	Deflated
	DeflatedSmall

	carriages = 4
)

// mode is how a carriage compresses.
func (c Carriage) mode() websocket.Deflate {
	switch c {
	case Deflated:
		return websocket.DeflateFull
	case DeflatedSmall:
		return websocket.DeflateSmall
	}
	return websocket.DeflateOff
}

// Compression is how messages are compressed where that was agreed on. The zero
// value compresses nothing.
type Compression struct {
	Deflater *websocket.Deflater
	// From is the least length of what is compressed, in bytes.
	From int
}

// frame is Carriage.finish for every carriage: the frame is out[from:]. A
// compressed one is appended behind what it was made of.
func (z Compression) frame(c Carriage, b []byte, op websocket.Opcode) (out []byte, from int) {
	n := len(b)
	if !z.compresses(c, b) {
		return b, n - len(c.finish(b, op))
	}
	return z.Deflater.AppendFrame(b, c.mode(), op, b[websocket.HeaderRoom:n:n]), n
}

func (z Compression) compresses(c Carriage, b []byte) bool {
	return z.Deflater != nil && c.mode() != websocket.DeflateOff && len(b)-websocket.HeaderRoom >= z.From
}

// finish completes a message that was built behind HeaderRoom bytes of room,
// uncompressed.
func (c Carriage) finish(b []byte, op websocket.Opcode) []byte {
	if c == Text {
		return b[websocket.HeaderRoom:]
	}
	return websocket.Wrap(b, op)
}

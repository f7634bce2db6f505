package websocket

import "encoding/binary"

// header is a frame's header as it was received. It has four fields, because the
// compiler keeps no struct of more in registers.
type header struct {
	op     Opcode
	flags  byte   // finBit; deflateBit on the first frame of a compressed message
	key    uint32 // 0 where the frame is not masked: masking with it changes nothing
	length uint64
}

// parseHeader reads the header at the start of b, in front of which message (0
// for none) was in progress. size is 0 while bytes are missing, but what can be
// judged from those that are there is judged at once and always in the order of
// the bytes: however the input is cut, the verdict is the same.
func parseHeader(b []byte, message Opcode, lim *Limits) (h header, size int, err error) {
	if len(b) == 0 {
		return header{}, 0, nil
	}
	h.op, h.flags = Opcode(b[0]&opBits), b[0]&(finBit|deflateBit)
	if err := checkFirst(b[0], message, lim.Deflate); err != nil {
		return header{}, 0, err
	}
	if len(b) < 2 {
		return h, 0, nil
	}
	masked := b[1]&maskBit != 0
	switch {
	case masked && lim.Client:
		return header{}, 0, protocolError("masked frame from a server")
	case !masked && !lim.Client:
		return header{}, 0, protocolError("unmasked frame from a client")
	case h.op.Control() && b[1]&lenBits > maxControl:
		return header{}, 0, protocolError("control frame too long")
	}
	h.length, size, err = parseLength(b)
	if size == 0 || err != nil || !masked {
		return h, size, err
	}
	if len(b) < size+4 {
		// The length is known, and the caller's limit may already refuse it.
		return h, 0, nil
	}
	h.key = binary.LittleEndian.Uint32(b[size:])
	return h, size + 4, nil
}

// checkFirst judges a frame's first byte (RFC 6455 sections 5.2, 5.4 and 5.5). If
// compression was agreed on, the first frame of a message may have the bit for it
// (RFC 7692 section 6).
func checkFirst(b byte, message Opcode, deflate bool) error {
	op := Opcode(b & opBits)
	if rsv := b & rsvBits; rsv != 0 {
		if rsv != deflateBit || !deflate || op != OpText && op != OpBinary {
			return protocolError("reserved bit set")
		}
	}
	switch op {
	case OpText, OpBinary:
		if message != 0 {
			return protocolError("new message inside a fragmented one")
		}
	case OpContinuation:
		if message == 0 {
			return protocolError("continuation of nothing")
		}
	case OpClose, OpPing, OpPong:
		if b&finBit == 0 {
			return protocolError("fragmented control frame")
		}
	default:
		return protocolError("reserved opcode")
	}
	return nil
}

// parseLength reads the payload length, which begins in the second byte; size is
// that of the header up to the end of the length, 0 while bytes are missing. The
// shortest form is the only one allowed (RFC 6455 section 5.2).
func parseLength(b []byte) (length uint64, size int, err error) {
	switch b[1] & lenBits {
	case 126:
		if len(b) < 4 {
			return 0, 0, nil
		}
		length = uint64(binary.BigEndian.Uint16(b[2:]))
		if length < 126 {
			return 0, 0, protocolError("length not in its shortest form")
		}
		return length, 4, nil
	case 127:
		if len(b) < 10 {
			return 0, 0, nil
		}
		length = binary.BigEndian.Uint64(b[2:])
		if length>>63 != 0 {
			return 0, 0, protocolError("length with its top bit set")
		}
		if length <= 0xffff {
			return 0, 0, protocolError("length not in its shortest form")
		}
		return length, 10, nil
	default:
		return uint64(b[1] & lenBits), 2, nil
	}
}

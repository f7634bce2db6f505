package websocket

import (
	"encoding/binary"
	"errors"
	"math"
)

// The encoded state of a Reader is empty when nothing is in progress, else
//
//	version    1 byte
//	message    1 byte   opcode of the message in progress, 0 for none; RSV1 if
//	                    it is compressed
//	frame      1 byte   FIN bit and opcode of the frame in progress
//	key        4 bytes  mask for the next byte, little-endian
//	left       8 bytes  payload of the frame yet to come, big-endian; 0: no frame
//	fragments  4 bytes  frames of the message begun, big-endian
//	control    1 byte   length of what arrived of a control frame
//
// followed by what arrived of a control frame, and of the message up to the end.
// How far a text was found valid isn't stored but found out again.
const (
	stateVersion = 1
	stateHeader  = 20
)

var errState = errors.New("websocket: invalid reader state")

// AppendState appends what is in progress, nothing if nothing is. Bytes that Next
// has not consumed are the caller's to keep.
func (r *Reader) AppendState(dst []byte) []byte {
	p := r.p
	if p == nil || p.op == 0 && p.left == 0 {
		return dst
	}
	var frame byte
	var key uint32
	var control, message []byte
	if p.left > 0 {
		frame, key = byte(p.frame), p.key
		if p.fin {
			frame |= finBit
		}
		if p.frame.Control() {
			control = p.control.bytes()
		}
	}
	if p.op != 0 {
		message = p.message.bytes()
	}
	op := byte(p.op)
	if p.deflated {
		op |= deflateBit
	}
	dst = append(dst, stateVersion, op, frame)
	dst = binary.LittleEndian.AppendUint32(dst, key)
	dst = binary.BigEndian.AppendUint64(dst, p.left)
	dst = binary.BigEndian.AppendUint32(dst, p.fragments)
	dst = append(dst, byte(len(control)))
	dst = append(dst, control...)
	return append(dst, message...)
}

// RestoreState puts the reader into a state that AppendState encoded. It accepts
// nothing that AppendState would not write, keeps no part of b, and allocates no
// more than b is long. Limits are held against the state by the next Next.
func (r *Reader) RestoreState(b []byte) error {
	r.Release()
	if len(b) == 0 {
		return nil
	}
	if len(b) < stateHeader || b[0] != stateVersion {
		return errState
	}
	s := partial{
		op:        Opcode(b[1] &^ deflateBit),
		deflated:  b[1]&deflateBit != 0,
		frame:     Opcode(b[2] & opBits),
		fin:       b[2]&finBit != 0,
		key:       binary.LittleEndian.Uint32(b[3:]),
		left:      binary.BigEndian.Uint64(b[7:]),
		fragments: binary.BigEndian.Uint32(b[15:]),
	}
	end := stateHeader + int(b[19])
	if b[2]&rsvBits != 0 || end > len(b) || !s.plausible(b[stateHeader:end], b[end:]) {
		return errState
	}
	if s.op == OpText && !s.deflated {
		var ok bool
		if s.valid, ok = wholeRunes(b[end:]); !ok {
			return errState
		}
	}
	if end > stateHeader {
		s.control = s.control.append(b[stateHeader:end])
	}
	if end < len(b) {
		s.message = s.message.append(b[end:])
	}
	r.p = partialPool.Get().(*partial)
	*r.p = s
	return nil
}

// plausible reports whether a Reader can get into this state with these bytes of
// a control frame and of a message.
func (p *partial) plausible(control, message []byte) bool {
	switch p.op {
	case 0:
		if p.deflated || p.fragments != 0 || len(message) != 0 || p.left == 0 {
			return false
		}
	case OpText, OpBinary:
		if p.fragments == 0 {
			return false
		}
	default:
		return false
	}
	switch {
	case p.left == 0: // between frames
		return p.frame == 0 && !p.fin && p.key == 0 && len(control) == 0
	case p.left > math.MaxInt64:
		return false
	case p.frame == OpContinuation:
		return p.op != 0 && len(control) == 0
	case p.frame == OpClose, p.frame == OpPing, p.frame == OpPong:
		return p.fin && len(control) <= maxControl && p.left <= uint64(maxControl-len(control))
	default:
		return false
	}
}

package websocket

import "unicode/utf8"

// Reader decodes the bytes of one connection. The zero value is ready, and is
// what a Reader is again whenever nothing is in progress: an idle connection
// owns one nil pointer. It is not safe for concurrent use.
type Reader struct {
	p *partial
}

// Next decodes the next message or control frame from b, which it changes: frames
// are unmasked in place. It consumes n bytes, also when it has nothing to return.
//
// If ok, m is complete. m.Data lies in b or in the reader's own buffer and is
// valid until the next call of Next or Release.
//
// If not, and err is nil, all input was used and more is needed. Only the start
// of a frame header (less than 14 bytes) is left unconsumed; the caller keeps it
// and presents it again, followed by more. Payload is never presented twice. A
// caller that has used up its input calls Next until it is not ok, because only
// then does an idle reader own nothing.
//
// err is always a *CloseError: what to close the connection with. The reader has
// then released its buffers, and nothing can be read from the connection any
// more. Nor is there anything to read after an OpClose (RFC 6455 section 5.5.1),
// which is for the caller to remember.
func (r *Reader) Next(b []byte, lim *Limits) (m Message, n int, ok bool, err error) {
	if r.p != nil && r.p.lent {
		r.reclaim()
	}
	for {
		if r.p == nil || r.p.left == 0 {
			h, size, err := r.header(b[n:], lim)
			if err != nil {
				r.Release()
				return Message{}, n, false, err
			}
			if size == 0 {
				return Message{}, n, false, nil
			}
			n += size
			if h.flags == finBit && h.op != OpContinuation && h.length <= uint64(len(b)-n) {
				end := n + int(h.length)
				m, err := wholeFrame(h, b[n:end:end])
				if err != nil {
					r.Release()
				}
				return m, end, err == nil, err
			}
			r.begin(h)
		}
		size, err := r.p.feed(b[n:], lim)
		n += size
		if err == nil && r.p.left == 0 {
			m, ok, err = r.p.finish(lim)
		}
		if err != nil {
			r.Release()
			return Message{}, n, false, err
		}
		if ok || r.p.left > 0 {
			return m, n, ok, nil
		}
	}
}

// Release gives the buffers back, in the middle of a message if need be.
func (r *Reader) Release() {
	if r.p != nil {
		r.p.release()
		r.p = nil
	}
}

// header reads a frame header and holds it against the limits. A length is
// refused as soon as it is known, before a byte of the payload is waited for.
func (r *Reader) header(b []byte, lim *Limits) (h header, size int, err error) {
	var message Opcode
	var have []byte
	if r.p != nil && r.p.op != 0 {
		message, have = r.p.op, r.p.message.bytes()
	}
	h, size, err = parseHeader(b, message, lim)
	if err != nil || h.op.Control() {
		return h, size, err
	}
	if exceeds(len(have), h.length, lim) {
		return header{}, 0, errTooBig()
	}
	// Counted when the header is whole, so that what else is wrong with it comes
	// first however the input is cut.
	if size > 0 && message != 0 && int64(r.p.fragments) >= int64(lim.MaxFragments) {
		return header{}, 0, &CloseError{CloseTooBig, "too many fragments"}
	}
	return h, size, nil
}

// exceeds reports whether a message of which have bytes came may not grow by n.
func exceeds(have int, n uint64, lim *Limits) bool {
	return uint64(have)+n > uint64(max(0, lim.MaxMessage))
}

// begin turns to the slow path: the frame is not whole, not alone, or compressed.
func (r *Reader) begin(h header) {
	if r.p == nil {
		r.p = partialPool.Get().(*partial)
	}
	r.p.begin(h)
}

// reclaim takes back what the last Next lent to the caller.
func (r *Reader) reclaim() {
	if r.p.op == 0 {
		r.Release()
		return
	}
	r.p.lent = false
	r.p.control.free()
	r.p.control = nil
}

// wholeFrame is the fast path: an unfragmented message or a control frame that
// lies whole in the input.
func wholeFrame(h header, payload []byte) (m Message, err error) {
	high := mask(payload, h.key)
	switch h.op {
	case OpText:
		if high && !utf8.Valid(payload) {
			return Message{}, errInvalidText()
		}
	case OpClose:
		if err := checkClose(payload); err != nil {
			return Message{}, err
		}
	}
	return Message{h.op, payload}, nil
}

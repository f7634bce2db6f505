package websocket

import (
	"bytes"
	"io"
	"math"
	"sync"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"
)

var inflaterPool sync.Pool

// inflater reads compressed messages. It has a window of 32 KiB, and is needed
// only while a whole message is turned into another.
type inflater struct {
	src bytes.Reader
	r   io.ReadCloser
}

func newInflater() *inflater {
	if x, ok := inflaterPool.Get().(*inflater); ok {
		return x
	}
	x := new(inflater)
	x.r = flate.NewReader(&x.src)
	return x
}

// free gives the inflater back, without the message that it has read.
func (x *inflater) free() {
	x.src.Reset(nil)
	inflaterPool.Put(x)
}

// closing is an empty final block, by which the end of a message is known from
// its being cut off.
const closing = "\x01\x00\x00\xff\xff"

const longestTail = deflateTail + closing

// errCorrupt has the code of a message that is not what its type says (RFC 6455
// section 7.4.1); RFC 7692 names none.
func errCorrupt() error { return &CloseError{CloseInvalidData, "invalid compressed data"} }

// inflate turns the message, which is whole, into what it was compressed from
// (RFC 7692 section 7.2.2).
func (p *partial) inflate(lim *Limits) (err error) {
	in := p.message
	p.message = nil
	if in != nil { // nothing at all is lenient for an empty message
		x := newInflater()
		tail := tailOf(in.b)
		if need := len(in.b) + len(tail); need > cap(in.b) {
			in = in.grow(need) // the last time: append would double it
		}
		in.b = append(in.b, tail...)
		p.message, err = x.inflate(in.b, len(tail), max(0, min(lim.MaxMessage, math.MaxInt-1)))
		x.free()
	}
	in.free()
	if err == nil && p.op == OpText && !utf8.Valid(p.message.bytes()) {
		err = errInvalidText()
	}
	return err
}

// tailOf is what a message lacks of a complete stream. Some senders leave the
// octets there that they should remove: they can be told, since what is left of
// the block's header (3 zero bits and padding) never ends in a set bit.
func tailOf(in []byte) string {
	if bytes.HasSuffix(in, []byte(deflateTail)) {
		return closing
	}
	return longestTail
}

// inflate reads in, of which the last tail bytes were added to the message. A
// final block may come before the end: what follows it begins at the next byte,
// with nothing to refer back to (RFC 7692 sections 7.2.1 and 7.2.3.5).
func (x *inflater) inflate(in []byte, tail, limit int) (out *buffer, err error) {
	x.src.Reset(in)
	// A guess from what arrived, not from a claim; from there it grows with what
	// comes out.
	out = newBuffer(min(4*len(in), limit+1))
	for {
		if out, err = x.stream(out, limit); err != nil {
			return out, err
		}
		switch left := x.src.Len(); {
		case left == 0, left == tail: // the message's last block may be final, too
			return out, nil
		case left < tail:
			return out, errCorrupt()
		}
	}
}

// stream appends what is read up to a final block. Not more than one byte over
// the limit is asked for.
func (x *inflater) stream(out *buffer, limit int) (*buffer, error) {
	if err := x.r.(flate.Resetter).Reset(&x.src, nil); err != nil {
		return out, errCorrupt()
	}
	for {
		if len(out.b) == cap(out.b) {
			out = out.grow(min(2*len(out.b), limit+1))
		}
		n, err := x.r.Read(out.b[len(out.b):cap(out.b)])
		out.b = out.b[:len(out.b)+n]
		switch {
		case len(out.b) > limit:
			return out, errTooBig()
		case err == io.EOF:
			return out, nil
		case err != nil:
			return out, errCorrupt()
		}
	}
}

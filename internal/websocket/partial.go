package websocket

import "sync"

var partialPool = sync.Pool{New: func() any { return new(partial) }}

// partial is what a connection owns while something is in progress: a message of
// which not all frames came, a frame of which not all bytes came, or both.
type partial struct {
	// The message in progress. op is 0 when there is none.
	op        Opcode
	deflated  bool    // it is compressed
	fragments uint32  // frames begun
	message   *buffer // what arrived of it
	valid     int     // bytes of a text that are known to be whole runes

	// The frame in progress. There is none while left is 0.
	frame   Opcode
	fin     bool
	key     uint32 // turned so that it fits the next byte
	left    uint64 // bytes of payload yet to come
	control *buffer

	// lent says that what Next returned last lies in one of the buffers.
	lent bool
}

// begin notes a frame whose payload is about to arrive.
func (p *partial) begin(h header) {
	p.frame, p.fin, p.key, p.left = h.op, h.flags&finBit != 0, h.key, h.length
	if h.op.Control() {
		return
	}
	p.frame = OpContinuation // the message's opcode is kept once, in op
	p.fragments++
	if h.op != OpContinuation {
		p.op, p.deflated = h.op, h.flags&deflateBit != 0
	}
}

// feed takes what b has of the frame's payload and returns how much that was.
func (p *partial) feed(b []byte, lim *Limits) (n int, err error) {
	if !p.frame.Control() {
		// Judged here as well as by the header: a restored state has not been
		// through these limits.
		if p.deflated && !lim.Deflate {
			return 0, protocolError("reserved bit set")
		}
		if exceeds(len(p.message.bytes()), p.left, lim) {
			return 0, errTooBig()
		}
	}
	if uint64(len(b)) > p.left {
		b = b[:p.left]
	}
	high := mask(b, p.key)
	p.key = advanceKey(p.key, len(b))
	p.left -= uint64(len(b))
	switch {
	case len(b) == 0:
	case p.frame.Control():
		p.control = p.control.append(b)
	default:
		if p.deflated && p.message == nil {
			p.message = newBuffer(len(b) + len(longestTail))
		}
		p.message = p.message.append(b)
	}
	if p.op == OpText && !p.deflated && !p.frame.Control() {
		return len(b), p.checkText(high)
	}
	return len(b), nil
}

// checkText judges what arrived of a text since the last time; high says whether
// the newest bytes are more than ASCII.
func (p *partial) checkText(high bool) error {
	text := p.message.bytes()
	fresh := text[p.valid:]
	if high || len(fresh) > 0 && fresh[0] >= 0x80 { // the start of a rune waits, or bad news
		n, ok := wholeRunes(fresh)
		if !ok {
			return errInvalidText()
		}
		p.valid += n
	} else {
		p.valid = len(text)
	}
	if p.left == 0 && p.fin && p.valid != len(text) {
		return errInvalidText()
	}
	return nil
}

// finish returns what the end of the frame completes, if anything.
func (p *partial) finish(lim *Limits) (m Message, ok bool, err error) {
	switch {
	case p.frame.Control():
		m = Message{p.frame, p.control.bytes()}
		if m.Op == OpClose {
			err = checkClose(m.Data)
		}
	case p.fin:
		if p.deflated {
			err = p.inflate(lim)
		}
		m = Message{p.op, p.message.bytes()}
		p.op, p.deflated, p.fragments, p.valid = 0, false, 0, 0
	default:
		return Message{}, false, nil
	}
	p.lent = true
	return m, err == nil, err
}

// release gives everything back to the pools.
func (p *partial) release() {
	p.message.free()
	p.control.free()
	*p = partial{}
	partialPool.Put(p)
}

package websocket

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/klauspost/compress/flate"
)

// Deflate is what was agreed on for a connection about permessage-deflate (RFC
// 7692): how what is sent may be compressed. The zero value: nothing was.
type Deflate uint8

const (
	DeflateOff Deflate = iota
	// DeflateFull is the full window of 32 KiB.
	DeflateFull
	// DeflateSmall is for whoever asked for a smaller window. All of them get
	// smallWindow, so that there are two forms of a frame to share and not eight.
	DeflateSmall
)

const (
	// smallWindow is the smallest window that can be asked for: 8 bits (RFC 7692
	// section 7.1.2.1). Whoever has a larger one can read it as well.
	smallWindow = 1 << 8
	// minDeflate is the shortest payload that is tried. Below that JSON gains
	// nothing, and the attempt is not free. Control frames, which are never
	// compressed (RFC 7692 section 6), are all shorter.
	minDeflate = 128
	// deflateSlack is by how much a compressed form may be longer than its
	// payload without growing the buffer once more, up to 64 KiB.
	deflateSlack = 16
)

// deflateTail ends a flush; it does not travel (RFC 7692 section 7.2.1).
const deflateTail = "\x00\x00\xff\xff"

// Deflater compresses messages, each by itself: no context is taken over, so that
// a frame is the same for every client of a mode. It may be used by several
// goroutines. The zero value has level 1.
type Deflater struct {
	level       int
	full, small sync.Pool // of *compressor
}

// NewDeflater returns a Deflater of level 1 (fastest) to 9 (smallest); what is
// outside counts as the nearer end. Level 1 needs next to no memory. All others,
// and DeflateSmall, which has one level only, hold about a megabyte for each
// message that is being compressed at the same time.
func NewDeflater(level int) *Deflater {
	return &Deflater{level: min(max(level, 1), 9)}
}

// AppendFrame appends a server's frame that is a whole message, compressed as mode
// says. The message goes uncompressed where that is not longer, which may be
// decided for each (RFC 7692 section 6); control frames always do. dst may grow by
// more than the frame needs: who keeps frames copies them.
func (d *Deflater) AppendFrame(dst []byte, mode Deflate, op Opcode, payload []byte) []byte {
	dst, ok := d.append(dst, mode, op, nil, payload)
	if !ok {
		dst = AppendFrame(dst, op, payload)
	}
	return dst
}

// AppendMaskedFrame is AppendFrame for a client; see the function of that name.
func (d *Deflater) AppendMaskedFrame(dst []byte, mode Deflate, op Opcode, key [4]byte, payload []byte) []byte {
	dst, ok := d.append(dst, mode, op, key[:], payload)
	if !ok {
		dst = AppendMaskedFrame(dst, op, key, payload)
	}
	return dst
}

// append appends a compressed frame, masked if there is a key. If that isn't worth
// it, dst comes back with nothing added.
func (d *Deflater) append(dst []byte, mode Deflate, op Opcode, key, payload []byte) (frame []byte, ok bool) {
	if mode == DeflateOff || len(payload) < minDeflate {
		return dst, false
	}
	// The header can't be longer than it would be for the whole payload; once the
	// length is known, what is too much between them is closed.
	body := len(dst) + headerSize(len(payload)) + len(key)
	frame = slices.Grow(dst, body-len(dst)+len(payload)+deflateSlack)[:body]
	frame = d.deflate(frame, mode, payload)
	n := len(frame) - body
	if n >= len(payload) {
		return frame[:len(dst)], false
	}
	var masked byte
	if key != nil {
		masked = maskBit
	}
	head := appendHeader(frame[:len(dst)], op, true, masked, n)
	head[len(dst)] |= deflateBit
	head = append(head, key...)
	frame = append(head, frame[body:]...)
	if key != nil {
		mask(frame[len(head):], binary.LittleEndian.Uint32(key))
	}
	return frame, true
}

// deflate appends the compressed form of a payload as it travels.
func (d *Deflater) deflate(dst []byte, mode Deflate, payload []byte) []byte {
	pool := &d.full
	if mode == DeflateSmall {
		pool = &d.small
	}
	c, ok := pool.Get().(*compressor)
	if !ok {
		c = newCompressor(mode, d.level)
	}
	dst = c.deflate(dst, payload)
	pool.Put(c)
	return dst[:len(dst)-len(deflateTail)]
}

// compressor is what one message at a time is compressed with. It is also the
// writer that the library writes to.
type compressor struct {
	w   *flate.Writer // nil: without state
	dst []byte
}

// newCompressor makes level 1 without state: for messages of this size it costs
// the same and shrinks them as much as the library's level 1, which wants 800 KB.
func newCompressor(mode Deflate, level int) *compressor {
	c := new(compressor)
	// Window and level are constants or checked, the only things that can be wrong.
	switch {
	case mode == DeflateSmall:
		c.w, _ = flate.NewWriterWindow(c, smallWindow)
	case level > 1:
		c.w, _ = flate.NewWriter(c, level)
	}
	return c
}

func (c *compressor) Write(p []byte) (int, error) {
	c.dst = append(c.dst, p...)
	return len(p), nil
}

// deflate appends the compressed payload up to a flush. Nothing can fail, because
// Write does not.
func (c *compressor) deflate(dst, payload []byte) []byte {
	c.dst = dst
	if c.w == nil {
		_ = flate.StatelessDeflate(c, payload, false, nil)
	} else {
		c.w.Reset(c)
		_, _ = c.w.Write(payload)
		_ = c.w.Flush()
	}
	dst, c.dst = c.dst, nil
	return dst
}

package gateway

import (
	"encoding/binary"
	"math"

	"throng"
	"throng/internal/loop"
)

// What is queued and not sent is captured as frames, one behind the other: the length,
// the deadline in Clock milliseconds, twice the class (and one more if it is urgent), as
// minimal uvarints, and the bytes. Clocks of two processes of one machine differ by what
// the machine's clock was set in between.

func appendFrames(b []byte, frames []loop.Frame) []byte {
	for _, f := range frames {
		class := uint64(f.Class) << 1
		if f.Timing.Urgent {
			class++
		}
		b = binary.AppendUvarint(b, uint64(len(f.B)))
		b = binary.AppendUvarint(b, uint64(f.Timing.ExpiresAt))
		b = binary.AppendUvarint(b, class)
		b = append(b, f.B...)
	}
	return b
}

// decodeFrames accepts only what appendFrames writes of frames that a queue can have.
// They lie in b.
func decodeFrames(b []byte) (frames []loop.Frame, ok bool) {
	for len(b) > 0 {
		var n, expires, class uint64
		for _, v := range []*uint64{&n, &expires, &class} {
			var size int
			*v, size = binary.Uvarint(b)
			if size <= 0 || size > 1 && b[size-1] == 0 {
				return nil, false
			}
			b = b[size:]
		}
		if n == 0 || n > uint64(len(b)) || expires > math.MaxInt64 || class > math.MaxUint32<<1+1 ||
			class>>1 == 0 && (class != 0 || expires != 0) {
			return nil, false
		}
		t := throng.Timing{ExpiresAt: int64(expires), Urgent: class&1 != 0}
		frames = append(frames, loop.Frame{B: b[:n:n], Timing: t, Class: uint32(class >> 1)})
		b = b[n:]
	}
	return frames, true
}

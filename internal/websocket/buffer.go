package websocket

import "sync"

// Buffers are pooled in classes, each four times the one before: a connection
// that stalls in the middle of a small frame must not sit on a buffer that once
// held a big message. What is larger than the last class is left to the garbage
// collector, so that one burst of big messages doesn't stay in memory for good.
const (
	smallestBuffer = 256
	bufferClasses  = 5 // 256 B, 1 kB, 4 kB, 16 kB, 64 kB
)

var bufferPools [bufferClasses]sync.Pool

// buffer is an assembly buffer. The pools hold pointers to it, because a slice
// put into an interface would allocate.
type buffer struct {
	b []byte
}

// newBuffer returns an empty buffer with room for n bytes.
func newBuffer(n int) *buffer {
	for class := range bufferPools {
		size := smallestBuffer << (2 * class)
		if n > size {
			continue
		}
		if x, ok := bufferPools[class].Get().(*buffer); ok {
			return x
		}
		return &buffer{make([]byte, 0, size)}
	}
	return &buffer{make([]byte, 0, n)}
}

// free gives the buffer back; a nil one is allowed.
func (x *buffer) free() {
	if x == nil {
		return
	}
	for class := range bufferPools {
		if cap(x.b) == smallestBuffer<<(2*class) {
			x.b = x.b[:0]
			bufferPools[class].Put(x)
			return
		}
	}
}

// append returns the buffer, perhaps another one, with data added. A nil buffer
// is an empty one.
func (x *buffer) append(data []byte) *buffer {
	if x == nil {
		x = newBuffer(len(data))
	}
	if need := len(x.b) + len(data); need > cap(x.b) {
		x = x.grow(max(need, 2*cap(x.b)))
	}
	x.b = append(x.b, data...)
	return x
}

// grow returns another buffer with the contents and room for n bytes in all.
func (x *buffer) grow(n int) *buffer {
	bigger := newBuffer(n)
	bigger.b = append(bigger.b, x.b...)
	x.free()
	return bigger
}

// bytes returns the contents; nil of a nil buffer.
func (x *buffer) bytes() []byte {
	if x == nil {
		return nil
	}
	return x.b
}

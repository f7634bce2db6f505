package loop

import (
	"bytes"
	"crypto/tls"
	"reflect"
	"unsafe"
)

// spareIn is the capacity that crypto/tls may keep for what it reads: its first buffer has
// 576 bytes, and a message for which that is too small makes it about three times as large.
// Who sends larger ones pays with a buffer for each turn, some microseconds.
const spareIn = 2 << 10

// slim gives back the buffers in which the tls.Conn had something large, a hello with
// post-quantum keys or a long message, once they are empty; crypto/tls would keep
// them, more than all else of an idle connection, as long as it lives. The caller is
// who reads.
func (s *Secure) slim() {
	if s.wire.large {
		s.wire.large = !shed(s.Conn)
	}
}

// buffers are the fields of a tls.Conn in which it keeps what is not yet a whole
// record, and not yet a whole message of the handshake. There is no other way to them.
var buffers = [...]string{"rawInput", "hand"}

// shed drops the empty ones and reports whether all were. What another version of Go
// may have in their place is left alone.
func shed(c *tls.Conn) (all bool) {
	all = true
	for _, name := range buffers {
		f := reflect.ValueOf(c).Elem().FieldByName(name)
		if !f.IsValid() || f.Type() != reflect.TypeFor[bytes.Buffer]() {
			continue
		}
		if b := (*bytes.Buffer)(unsafe.Pointer(f.UnsafeAddr())); b.Len() == 0 {
			*b = bytes.Buffer{}
		} else {
			all = false
		}
	}
	return all
}

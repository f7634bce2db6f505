package gateway_test

import (
	"bytes"
	"testing"

	"throng/internal/gateway"
)

// FuzzParts: what is accepted is what is written, to the byte.
func FuzzParts(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 0, 0, 0, 0, 0})
	f.Add([]byte("\x01\x05/echo\x00\x02{}\x01x\x00"))
	f.Add([]byte("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := gateway.Redecode(b)
		if err == nil && !bytes.Equal(again, b) {
			t.Fatalf("%x became %x", b, again)
		}
	})
}

package websocket

import (
	"encoding/binary"
	"math/bits"
)

// highBits has the bit set by which a byte is not ASCII, in each of eight bytes.
const highBits = 0x8080808080808080

// mask masks or unmasks b in place (RFC 6455 section 5.3) and reports whether
// the result has a byte that is not ASCII. Both need every byte once, so they
// share the pass: most text needs no other UTF-8 check. The first byte of b is
// masked with the key's lowest byte.
func mask(b []byte, key uint32) (high bool) {
	k := uint64(key)<<32 | uint64(key)
	var seen uint64
	for len(b) >= 32 {
		q := b[:32]
		w0 := binary.LittleEndian.Uint64(q[0:]) ^ k
		w1 := binary.LittleEndian.Uint64(q[8:]) ^ k
		w2 := binary.LittleEndian.Uint64(q[16:]) ^ k
		w3 := binary.LittleEndian.Uint64(q[24:]) ^ k
		binary.LittleEndian.PutUint64(q[0:], w0)
		binary.LittleEndian.PutUint64(q[8:], w1)
		binary.LittleEndian.PutUint64(q[16:], w2)
		binary.LittleEndian.PutUint64(q[24:], w3)
		seen |= w0 | w1 | w2 | w3
		b = b[32:]
	}
	for len(b) >= 8 {
		w := binary.LittleEndian.Uint64(b) ^ k
		binary.LittleEndian.PutUint64(b, w)
		seen |= w
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(k)
		seen |= uint64(b[i])
		k >>= 8 // at most 7 bytes are left, so 8 bytes of key last
	}
	return seen&highBits != 0
}

// advanceKey returns the key as it applies n bytes further on.
func advanceKey(key uint32, n int) uint32 {
	return bits.RotateLeft32(key, -8*(n&3))
}

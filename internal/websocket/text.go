package websocket

import "unicode/utf8"

// wholeRunes judges text that goes on: n bytes of b are whole runes, and the
// rest (at most 3 bytes) begins a rune that may still become valid. ok is false
// as soon as b has a byte that no valid text can have there, because a text
// that is known to be bad need not be waited for (RFC 6455 section 8.1).
func wholeRunes(b []byte) (n int, ok bool) {
	n = len(b)
	for i := n - 1; i >= 0 && i > n-utf8.UTFMax; i-- {
		if !utf8.RuneStart(b[i]) {
			continue
		}
		// FullRune is also true for bytes that can't become a rune any more:
		// those stay in the part that Valid judges.
		if !utf8.FullRune(b[i:]) {
			n = i
		}
		break
	}
	return n, utf8.Valid(b[:n])
}

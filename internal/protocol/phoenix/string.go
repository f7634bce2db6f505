package phoenix

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// skipString skips the string whose opening quote is at b[i].
func skipString(b []byte, i int) (int, error) {
	i++
	for {
		i = skipPlain(b, i)
		if i == len(b) {
			return 0, errSyntax
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c == '\\':
			n := escapeLen(b[i:])
			if n == 0 {
				return 0, errSyntax
			}
			i += n
		case c >= utf8.RuneSelf:
			if i = skipRunes(b, i); i < 0 {
				return 0, errUTF8
			}
		default:
			return 0, errSyntax // a control character
		}
	}
}

// skipPlain returns the index of the first byte from i on that needs a look: a
// quote, a backslash, a control character or a byte beyond ASCII; len(b) if there
// is none. It takes eight bytes at a time, because most bytes of most frames are
// inside of strings.
func skipPlain(b []byte, i int) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	for ; len(b)-i >= 8; i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^('"'*ones), w^('\\'*ones)
		// A subtraction sets the high bit of a byte that was too small for it.
		// Its borrow may mark bytes above a real hit too, but none below, and
		// the lowest one counts.
		hit := (w | (w - ' '*ones) | (quote-ones)&^quote | (slash-ones)&^slash) & highs
		if hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for i < len(b) && b[i] != '"' && b[i] != '\\' && ' ' <= b[i] && b[i] < utf8.RuneSelf {
		i++
	}
	return i
}

// skipRunes skips characters beyond ASCII; it returns -1 for what isn't UTF-8.
func skipRunes(b []byte, i int) int {
	for i < len(b) && b[i] >= utf8.RuneSelf {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return -1
		}
		i += n
	}
	return i
}

// escapeLen returns the length of the escape that s starts with, 0 if it is none.
func escapeLen(s []byte) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := codeUnit(s); ok {
			return 6
		}
	}
	return 0
}

// codeUnit reads the UTF-16 code unit that s starts with, as \uXXXX.
func codeUnit(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range s[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = (c | 0x20) - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// appendUnescaped appends what the inside of a valid string token stands for. A
// surrogate without its partner becomes U+FFFD, as in encoding/json: the result
// is always UTF-8 if s is.
func appendUnescaped(dst, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		s = s[i:]
		c := s[1]
		if c != 'u' {
			dst = append(dst, unescape(c))
			s = s[2:]
			continue
		}
		r, _ := codeUnit(s)
		s = s[6:]
		if utf16.IsSurrogate(r) {
			low, _ := codeUnit(s)
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				s = s[6:]
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
}

// unescape returns the character that a backslash and c stand for.
func unescape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c // a quote, a backslash or a slash
}

package gateway

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf8"

	"throng/internal/loop"
	codec "throng/internal/protocol/phoenix"
)

// appendPollBody appends the answer to a poll: its status, the session's token
// (empty: null), and of the messages as many as fit, at least one. It returns how
// many those are.
func appendPollBody(dst []byte, status int, token string, messages []loop.Frame, most int) (body []byte, taken int) {
	dst = append(dst, `{"status":`...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, `,"token":`...)
	if token == "" {
		dst = append(dst, "null"...)
	} else { // its alphabet needs no escapes
		dst = append(dst, '"')
		dst = append(dst, token...)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"messages":[`...)
	start := len(dst)
	for i := range messages {
		m := messages[i].B
		before := len(dst)
		if i > 0 {
			if before-start+len(m) > most { // it only grows
				break
			}
			dst = append(dst, ',')
		}
		dst = appendJSONString(dst, m)
		if i > 0 && len(dst)-start > most {
			dst = dst[:before]
			break
		}
		taken++
	}
	return append(dst, "]}"...), taken
}

// appendJSONString appends s as a JSON string. It escapes what encoding/json does
// when it is told to leave HTML alone: what JSON does not allow, what is not UTF-8
// (as U+FFFD), and two line ends that JSON allows and JavaScript once did not.
func appendJSONString(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i := skipPlain(s, 0); i < len(s); i = skipPlain(s, i) {
		size := 1
		if s[i] >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRune(s[i:])
			if (r != utf8.RuneError || size > 1) && r != '\u2028' && r != '\u2029' {
				i += size
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = append(dst, `\u`...)
			dst = append(dst, hex[r>>12], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		} else {
			dst = append(dst, s[start:i]...)
			dst = codec.AppendEscape(dst, s[i])
		}
		i += size
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

const hex = "0123456789abcdef"

// skipPlain returns the index of the first byte from i on that may not stand for
// itself, or len(s). It looks at eight bytes at a time: in each, a subtraction
// sets the high bit of what was too small for it. A borrow may mark a byte above
// a real one, never below, and the lowest counts.
func skipPlain(s []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; len(s)-i >= 8; i += 8 {
		w := binary.LittleEndian.Uint64(s[i:])
		quote, slash := w^('"'*ones), w^('\\'*ones)
		if odd := (w | (w - ' '*ones) | (quote-ones)&^quote | (slash-ones)&^slash) & highs; odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for i < len(s) && ' ' <= s[i] && s[i] < utf8.RuneSelf && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}

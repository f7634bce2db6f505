package websocket

import (
	"bytes"
	"strings"
)

// HeadEnd returns the index just behind the blank line that ends the HTTP head in
// b, or -1. from is where the previous search ended (the length b had then), so
// that a head that arrives a byte at a time isn't searched again and again.
func HeadEnd(b []byte, from int) int {
	from = max(0, min(from, len(b))-3) // the blank line may have begun before
	if i := bytes.Index(b[from:], []byte("\r\n\r\n")); i >= 0 {
		return from + i + 4
	}
	return -1
}

// IsUpgrade reports whether a complete head asks for a WebSocket upgrade: one of
// its Upgrade headers names the protocol. It does not judge the head; that is
// ParseRequest's part.
func IsUpgrade(head []byte) bool {
	_, lines := cutLine(head)
	for len(lines) > 0 {
		var name, value []byte
		name, value, lines = cutField(lines)
		if equalFold(name, "upgrade") && hasToken(value, "websocket") {
			return true
		}
	}
	return false
}

// cutLine splits off the first line. Only CRLF ends it: a bare CR or LF stays in
// the line, where checkField finds it.
func cutLine(b []byte) (line, rest []byte) {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return b, nil
		}
		at += i + 1
		if at >= 2 && b[at-2] == '\r' {
			return b[:at-2], b[at:]
		}
	}
}

// cutField splits off the first header line. One without a colon has no name.
func cutField(lines []byte) (name, value, rest []byte) {
	line, rest := cutLine(lines)
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		return nil, line, rest
	}
	return line[:colon], trim(line[colon+1:]), rest
}

// checkField judges a header line as cutField split it (RFC 7230 section 3.2).
// It returns what is wrong, or "".
func checkField(name, value []byte) string {
	if !isToken(name) { // also a folded line, and a blank before the colon: section 3.2.4
		return "invalid header name"
	}
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return "control character in a header"
		}
	}
	return ""
}

// hasToken reports whether a comma-separated list has the token, which is given
// in lower case, in any case.
func hasToken(list []byte, token string) bool {
	for len(list) > 0 {
		var item []byte
		item, list, _ = bytes.Cut(list, []byte(","))
		if equalFold(trim(item), token) {
			return true
		}
	}
	return false
}

// trim cuts the optional white space around a value (RFC 7230 section 3.2.3). An
// empty result is never nil.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// equalFold compares in any case, but ASCII only: to bytes.EqualFold the Kelvin
// sign is a k, which would make two different headers one.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if lower(b[i]) != lower(s[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// isToken reports whether b is a token (RFC 7230 section 3.2.6).
func isToken(b []byte) bool {
	for _, c := range b {
		if !isTokenByte(c) {
			return false
		}
	}
	return len(b) > 0
}

func isTokenByte(c byte) bool {
	return isAlnum(c) || strings.IndexByte("-_!#$%&'*+.^`|~", c) >= 0
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

package proxy

import (
	"bytes"
	"net/netip"
)

// parseElement reads an element of Forwarded (RFC 7239 section 4), such as
//
//	for="[2001:db8::1]:4711";proto=https;by=203.0.113.43
//
// and returns the address that its one "for" names; not valid if there is none,
// or anything in the element is wrong.
func parseElement(b []byte) (client netip.Addr) {
	for seen := false; ; {
		for len(b) > 0 && (b[0] == ';' || isBlank(b[0])) {
			b = b[1:] // pairs may be empty
		}
		if len(b) == 0 {
			return client
		}
		name, value, rest, ok := takePair(b)
		switch b = rest; {
		case !ok:
			return netip.Addr{}
		case !isFor(name):
		case seen: // RFC 7239 section 4: once
			return netip.Addr{}
		default:
			client, seen = parseFor(value), true
		}
	}
}

func isFor(name []byte) bool {
	return len(name) == 3 && name[0]|0x20 == 'f' && name[1]|0x20 == 'o' && name[2]|0x20 == 'r'
}

// parseFor reads a node (RFC 7239 section 6). IPv6 has to stand in brackets: else
// its port could be taken for a part of it.
func parseFor(b []byte) netip.Addr {
	a := parseNode(b)
	if a.Is6() && b[0] != '[' {
		return netip.Addr{}
	}
	return a
}

// takePair takes name=value up to a semicolon.
func takePair(b []byte) (name, value, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '=')
	if i <= 0 || !all(b[:i], isTokenByte) {
		return nil, nil, nil, false
	}
	name, value = b[:i], b[i+1:]
	if len(value) > 0 && value[0] == '"' {
		value, rest, ok = unquote(value[1:])
		for len(rest) > 0 && isBlank(rest[0]) {
			rest = rest[1:]
		}
		return name, value, rest, ok && (len(rest) == 0 || rest[0] == ';')
	}
	if end := bytes.IndexByte(value, ';'); end >= 0 {
		value, rest = value[:end], value[end:]
	}
	value = trim(value)
	return name, value, rest, len(value) > 0 && all(value, isBare)
}

// unquote takes a quoted string from behind its first quote (RFC 9110 section
// 5.6.4). With escapes, which nobody writes, it is a copy, and of what is longer
// than a node, one that is too long as well.
func unquote(b []byte) (value, rest []byte, ok bool) {
	if end := bytes.IndexByte(b, '"'); end >= 0 && bytes.IndexByte(b[:end], '\\') < 0 {
		return b[:end], b[end+1:], true
	}
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			return value, b[i+1:], true
		case '\\':
			i++
		}
		if i < len(b) && len(value) <= maxNode {
			value = append(value, b[i])
		}
	}
	return nil, nil, false
}

func all(b []byte, class func(byte) bool) bool {
	for _, c := range b {
		if !class(c) {
			return false
		}
	}
	return true
}

// isTokenByte accepts what names are made of (RFC 9110 section 5.6.2).
func isTokenByte(c byte) bool {
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return isDigit(c) || isLetter(c)
}

// isBare accepts what values without quotes are made of. The brackets and colons
// of nodes need quotes; many proxies leave them out, and nothing is ambiguous.
func isBare(c byte) bool { return isTokenByte(c) || c == '[' || c == ']' || c == ':' }

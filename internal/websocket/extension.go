package websocket

import "bytes"

// deflateParams are the parameters of one offer or answer of permessage-deflate
// (RFC 7692 section 7.1).
type deflateParams struct {
	seen       uint8
	serverBits int // 0 for none
}

// What was seen in deflateParams.
const (
	serverNoTakeover = 1 << iota
	clientNoTakeover
	serverWindow
	clientWindow
)

// parse reads one element of a Sec-WebSocket-Extensions list (RFC 6455 section
// 9.1). It is false for another extension and for parameters that RFC 7692
// section 7 has declined: unknown, repeated, or with a value that is not allowed.
func (p *deflateParams) parse(element []byte) bool {
	name, rest, more := cutQuoted(element, ';')
	if string(name) != "permessage-deflate" {
		return false
	}
	for more {
		var param []byte
		param, rest, more = cutQuoted(rest, ';')
		name, value, valued := bytes.Cut(param, []byte("="))
		if !p.take(trim(name), trim(value), valued) {
			return false
		}
	}
	return true
}

func (p *deflateParams) take(name, value []byte, valued bool) bool {
	var which uint8
	switch string(name) {
	case "server_no_context_takeover":
		which = serverNoTakeover
	case "client_no_context_takeover":
		which = clientNoTakeover
	case "server_max_window_bits":
		which = serverWindow
	case "client_max_window_bits":
		which = clientWindow
	}
	if which == 0 || p.seen&which != 0 {
		return false
	}
	p.seen |= which
	switch {
	case which == serverNoTakeover, which == clientNoTakeover:
		return !valued
	case which == clientWindow && !valued: // section 7.1.2.2
		return true
	}
	bits, ok := windowBits(value)
	if which == serverWindow {
		p.serverBits = bits
	}
	return ok
}

// windowBits reads a number from 8 to 15 without leading zeroes (RFC 7692 section
// 7.1.2), which may be written as a quoted string (RFC 6455 section 9.1).
func windowBits(value []byte) (bits int, ok bool) {
	n := len(value)
	quoted := n >= 2 && value[0] == '"' && value[n-1] == '"'
	if quoted {
		value = value[1 : n-1]
	}
	for i := 0; i < len(value); i++ {
		c := value[i]
		if quoted && c == '\\' && i+1 < len(value) {
			i++
			c = value[i]
		}
		if c < '0' || c > '9' || bits == 0 && c == '0' {
			return 0, false
		}
		if bits = 10*bits + int(c-'0'); bits > 15 {
			return 0, false
		}
	}
	return bits, bits >= 8
}

// cutQuoted splits at the first separator that does not stand in a quoted string
// (RFC 7230 section 3.2.6).
func cutQuoted(b []byte, separator byte) (part, rest []byte, found bool) {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == separator && !quoted:
			return trim(b[:i]), b[i+1:], true
		}
	}
	return trim(b), nil, false
}

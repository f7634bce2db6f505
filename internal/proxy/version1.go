package proxy

import (
	"bytes"
	"net/netip"
)

// The line of version 1 (the specification's section 2.1).
const (
	maxLine = 107 // with its CRLF
	maxAddr = 39  // ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
	maxPort = 5
)

const (
	errProtocol HeaderError = "the protocol is none of TCP4, TCP6, UNKNOWN"
	errLine     HeaderError = "no end of the line within 107 bytes"
	errAddr     HeaderError = "an address is not valid"
	errPort     HeaderError = "a port is not valid"
	errEnd      HeaderError = "the line does not end in CRLF"
)

// header1 reads what begins as version 1 does:
//
//	PROXY TCP4 198.51.100.1 192.0.2.1 56324 443\r\n
func header1(b []byte) (client netip.AddrPort, n int, err error) {
	if len(b) <= len(signature1) {
		return client, 0, nil
	}
	rest := b[len(signature1):]
	switch {
	case begins(rest, "UNKNOWN\r\n"), begins(rest, "UNKNOWN "):
		return unknown1(b)
	case begins(rest, "TCP4 "), begins(rest, "TCP6 "):
	default:
		return client, 0, errProtocol
	}
	if len(rest) < len("TCP4 ") {
		return client, 0, nil
	}
	l := line{rest: rest[len("TCP4 "):], four: rest[3] == '4'}
	source := l.addr()
	l.addr()
	port := l.port(' ')
	l.port('\r')
	l.end()
	if l.err != nil || l.short {
		return client, 0, l.err
	}
	return netip.AddrPortFrom(source, port), len(b) - len(l.rest), nil
}

// unknown1 ignores what stands behind UNKNOWN, as the specification wants.
func unknown1(b []byte) (client netip.AddrPort, n int, err error) {
	most := b[:min(len(b), maxLine)]
	if i := bytes.Index(most, []byte("\r\n")); i >= 0 {
		return client, i + 2, nil
	}
	if len(most) == maxLine {
		return client, 0, errLine
	}
	return client, 0, nil
}

// line takes the fields of a line one by one. After the first that is wrong (err)
// or not there as a whole (short) it takes nothing more. The bounds of its fields
// bound the line.
type line struct {
	rest  []byte
	four  bool // IPv4 only
	short bool
	err   error
}

// field returns the bytes of a class before a delimiter.
func (l *line) field(delim byte, most int, class func(byte) bool, wrong HeaderError) []byte {
	if l.err != nil || l.short {
		return nil
	}
	for i, c := range l.rest {
		switch {
		case c == delim && i > 0:
			f := l.rest[:i]
			l.rest = l.rest[i+1:]
			return f
		case i == most || !class(c):
			l.err = wrong
			return nil
		}
	}
	l.short = true
	return nil
}

// addr takes an address and the blank behind it. With TCP6 IPv4 passes too: nginx
// writes its own address so when client and server differ in family.
func (l *line) addr() netip.Addr {
	f := l.field(' ', maxAddr, isAddr, errAddr)
	if f == nil {
		return netip.Addr{}
	}
	a := parseAddr(f)
	if !a.IsValid() || l.four && !a.Is4() {
		l.err = errAddr
	}
	return a.Unmap()
}

// port takes a port and what delimits it.
func (l *line) port(delim byte) uint16 {
	f := l.field(delim, maxPort, isDigit, errPort)
	if f == nil {
		return 0
	}
	port, ok := parsePort(f)
	if !ok || f[0] == '0' && len(f) > 1 {
		l.err = errPort
	}
	return port
}

// end takes the line feed.
func (l *line) end() {
	switch {
	case l.err != nil || l.short:
	case len(l.rest) == 0:
		l.short = true
	case l.rest[0] != '\n':
		l.err = errEnd
	default:
		l.rest = l.rest[1:]
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAddr(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' || c == ':' || c == '.'
}

package proxy

import (
	"bytes"
	"net/netip"
	"unsafe"
)

// maxNode is longer than any address with its port.
const maxNode = 64

// parseNode reads an element of X-Forwarded-For: an address, which may have a
// port (Azure writes one), and brackets if it is IPv6. What is no address is not
// valid.
func parseNode(b []byte) netip.Addr {
	if len(b) == 0 || len(b) > maxNode {
		return netip.Addr{}
	}
	host, port, ported := b, []byte(nil), false
	if b[0] == '[' {
		var ok bool
		if host, port, ok = bytes.Cut(b[1:], []byte("]")); !ok || bytes.IndexByte(host, ':') < 0 {
			return netip.Addr{}
		}
		if ported = len(port) > 0; ported && port[0] != ':' {
			return netip.Addr{}
		}
		port = port[min(1, len(port)):]
	} else if i := bytes.IndexByte(b, ':'); i >= 0 && i == bytes.LastIndexByte(b, ':') {
		host, port, ported = b[:i], b[i+1:], true
	}
	if ported && !isNodePort(port) {
		return netip.Addr{}
	}
	return parseAddr(host).Unmap()
}

// isNodePort accepts a port or a hidden one (RFC 7239 section 6).
func isNodePort(b []byte) bool {
	if len(b) < 2 || b[0] != '_' {
		_, ok := parsePort(b)
		return ok
	}
	return all(b[1:], func(c byte) bool { return isDigit(c) || isLetter(c) || c == '.' || c == '_' || c == '-' })
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// parsePort reads a decimal number of at most five digits.
func parsePort(b []byte) (port uint16, ok bool) {
	if len(b) == 0 || len(b) > maxPort || !all(b, isDigit) {
		return 0, false
	}
	n := 0
	for _, c := range b {
		n = n*10 + int(c-'0')
	}
	return uint16(n), n <= 0xffff
}

// parseAddr reads an address without a zone; what is none is not valid.
func parseAddr(b []byte) netip.Addr {
	if !all(b, isAddr) {
		return netip.Addr{}
	}
	// The string is b itself and not a copy: without a zone the address keeps
	// nothing of it, and the error that does is dropped.
	a, err := netip.ParseAddr(unsafe.String(unsafe.SliceData(b), len(b)))
	if err != nil {
		return netip.Addr{}
	}
	return a
}

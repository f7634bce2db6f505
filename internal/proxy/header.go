package proxy

import (
	"bytes"
	"net/netip"
)

// HeaderError says why bytes are no PROXY header.
type HeaderError string

func (e HeaderError) Error() string { return "PROXY header: " + string(e) }

// What a header begins with (the specification's sections 2.1 and 2.2). Neither
// is the beginning of the other, and none of a TLS or HTTP client's first bytes.
const (
	signature1 = "PROXY "
	signature2 = "\r\n\r\n\x00\r\nQUIT\n"
)

const errSignature HeaderError = "there is none, but the peer has to send one: does the proxy send the PROXY protocol?"

// Header reads a PROXY header, version 1 or 2, at the start of b and returns how
// long it is. While n is 0 without an error, more of it has yet to come; at most
// 16 bytes and 2 KiB do. What can no longer become a header is an error as early
// as that is known.
//
// The client is not valid when the header names none: the proxy speaks for itself
// (LOCAL: a health check), does not know (UNKNOWN, UNSPEC), or was itself
// connected to by a Unix socket. The specification wants such connections kept,
// with the peer as their client.
func Header(b []byte) (client netip.AddrPort, n int, err error) {
	switch {
	case begins(b, signature1):
		return header1(b)
	case begins(b, signature2):
		return header2(b)
	}
	return client, 0, errSignature
}

// Begins reports whether b is the beginning of a PROXY header, or may be: a few
// bytes (none, "P") may still turn out to be none. From a peer that is not
// trusted such a header is a lie, or a proxy that was forgotten in the list of
// those that are.
func Begins(b []byte) bool { return begins(b, signature1) || begins(b, signature2) }

// Announces reports whether b begins with a whole signature, so that it is the
// beginning of a PROXY header and can't be of anything else.
func Announces(b []byte) bool {
	return bytes.HasPrefix(b, []byte(signature1)) || bytes.HasPrefix(b, []byte(signature2))
}

// begins reports whether b begins with the signature, as far as it goes.
func begins(b []byte, signature string) bool {
	if len(b) < len(signature) {
		return string(b) == signature[:len(b)]
	}
	return bytes.HasPrefix(b, []byte(signature))
}

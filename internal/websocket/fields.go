package websocket

import (
	"bytes"
	"encoding/base64"
	"iter"
)

// seenFields is what the header lines said that isn't in the Request.
type seenFields struct {
	version    []byte
	upgrade    bool
	connection bool
}

// parseFields checks the header lines and takes what the handshake needs.
func (r *Request) parseFields(lines []byte, seen *seenFields) error {
	for count := 1; len(lines) > 0; count++ {
		if count > maxHeaders {
			return &HandshakeError{Status: 431, Reason: "too many headers"}
		}
		var name, value []byte
		name, value, lines = cutField(lines)
		if wrong := checkField(name, value); wrong != "" {
			return badRequest(wrong)
		}
		if err := r.take(name, value, seen); err != nil {
			return err
		}
	}
	return nil
}

// take notes a header that matters to the handshake. Those that have one value
// are refused when repeated, because a proxy in front may have judged another
// one than we would.
func (r *Request) take(name, value []byte, seen *seenFields) error {
	switch {
	case equalFold(name, "host"):
		return once(&r.Host, value, "repeated Host")
	case equalFold(name, "origin"):
		return once(&r.Origin, value, "repeated Origin")
	case equalFold(name, "sec-websocket-key"):
		return once(&r.Key, value, "repeated Sec-WebSocket-Key")
	case equalFold(name, "sec-websocket-version"):
		return once(&seen.version, value, "repeated Sec-WebSocket-Version")
	case equalFold(name, "upgrade"):
		seen.upgrade = seen.upgrade || hasToken(value, "websocket")
	case equalFold(name, "connection"):
		seen.connection = seen.connection || hasToken(value, "upgrade")
	case equalFold(name, "sec-websocket-protocol"):
		return checkProtocols(value)
	case equalFold(name, "transfer-encoding"),
		equalFold(name, "content-length") && string(value) != "0":
		// What follows the head would be a body to one reader and frames to another.
		return badRequest("handshake with a body")
	}
	return nil
}

// once sets what may be set once.
func once(dst *[]byte, value []byte, repeated string) error {
	if *dst != nil {
		return badRequest(repeated)
	}
	*dst = value // never nil, even when empty
	return nil
}

// check judges what the headers said together (RFC 6455 section 4.2.1).
func (seen *seenFields) check(r *Request) error {
	switch {
	case r.Host == nil:
		return badRequest("missing Host")
	case !isHost(r.Host):
		return badRequest("invalid Host")
	case !seen.upgrade:
		return badRequest("missing Upgrade: websocket")
	case !seen.connection:
		return badRequest("missing Connection: Upgrade")
	case string(seen.version) != "13":
		return errVersion()
	case r.Key == nil:
		return badRequest("missing Sec-WebSocket-Key")
	case !isKey(r.Key):
		return badRequest("invalid Sec-WebSocket-Key")
	}
	return nil
}

// keySize is the length of 16 bytes in base64.
const keySize = 24

// isKey reports whether b is the base64 form of 16 bytes.
func isKey(b []byte) bool {
	if len(b) != keySize {
		return false
	}
	var nonce [keySize / 4 * 3]byte
	n, err := base64.StdEncoding.Decode(nonce[:], b)
	return err == nil && n == 16
}

// checkProtocols refuses offered subprotocols that are no tokens (RFC 6455
// section 4.1), but lets "/" and "=" pass: Phoenix clients carry a base64 token
// there. A server may echo only what it knows by name.
func checkProtocols(list []byte) error {
	for len(list) > 0 {
		var item []byte
		item, list, _ = bytes.Cut(list, []byte(","))
		if item = trim(item); len(item) > 0 && !isOffer(item) {
			return badRequest("invalid Sec-WebSocket-Protocol")
		}
	}
	return nil
}

// Header returns the first header of that name, in any case.
func (r *Request) Header(name string) (value []byte, ok bool) {
	for n, v := range r.Headers {
		if equalFold(n, name) {
			return v, true
		}
	}
	return nil, false
}

// Headers yields all headers as they were sent, in their order.
func (r *Request) Headers(yield func(name, value []byte) bool) {
	for lines := r.fields; len(lines) > 0; {
		var name, value []byte
		name, value, lines = cutField(lines)
		if !yield(name, value) {
			return
		}
	}
}

// Protocols yields the subprotocols that the client offers, the one it likes best
// first (RFC 6455 section 4.1).
func (r *Request) Protocols(yield func(token []byte) bool) {
	for list := range r.Values("sec-websocket-protocol") {
		for len(list) > 0 {
			var item []byte
			item, list, _ = bytes.Cut(list, []byte(","))
			if item = trim(item); len(item) > 0 && !yield(item) {
				return
			}
		}
	}
}

// Extensions yields the values of the Sec-WebSocket-Extensions headers as they
// were sent: each is a list of offers (RFC 6455 section 9.1).
func (r *Request) Extensions(yield func(value []byte) bool) {
	r.Values("sec-websocket-extensions")(yield)
}

// Values yields the values of all headers of one name, in any case.
func (r *Request) Values(name string) iter.Seq[[]byte] {
	return func(yield func(value []byte) bool) {
		for n, v := range r.Headers {
			if equalFold(n, name) && !yield(v) {
				return
			}
		}
	}
}

// isOffer lets tokens pass, and what base64 has besides.
func isOffer(item []byte) bool {
	for _, c := range item {
		if !isTokenByte(c) && c != '/' && c != '=' {
			return false
		}
	}
	return true
}

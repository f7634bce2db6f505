package websocket

import (
	"bytes"
	"strconv"
)

// maxHeaders is the largest number of header lines in a handshake; browsers send
// about 15.
const maxHeaders = 100

// Request is a client's opening handshake (RFC 6455 section 4.1). All slices lie
// in the head that it was parsed from.
type Request struct {
	// Path is the target's path as it was sent, not decoded; Query is what
	// follows the first "?".
	Path  []byte
	Query []byte
	// Host is the Host header, or the authority of an absolute target, which
	// takes its place (RFC 7230 section 5.4).
	Host []byte
	// Origin is nil when the client sent none, and not nil when it is empty.
	Origin []byte
	// Key is Sec-WebSocket-Key as it was sent, which is what AcceptKey wants.
	Key []byte

	fields []byte // the header lines, checked, each with its CRLF
}

// HandshakeError says how to refuse a handshake.
type HandshakeError struct {
	Status int
	Reason string
	// Header holds header lines that must go with the status, joined by CRLF as
	// AppendRefusal takes them; empty for none.
	Header string
}

func (e *HandshakeError) Error() string {
	return "websocket handshake: " + strconv.Itoa(e.Status) + " " + e.Reason
}

func badRequest(reason string) error {
	return &HandshakeError{Status: 400, Reason: reason}
}

// errVersion names the version that is spoken here (RFC 6455 section 4.4), and
// with it what RFC 9110 section 15.5.22 wants in every 426.
func errVersion() error {
	return &HandshakeError{
		Status: 426,
		Reason: "unsupported WebSocket version",
		Header: "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: Upgrade",
	}
}

// ParseRequest reads a complete head (see HeadEnd) into r. It is strict: whatever
// two readers could understand in two ways is refused. The error is a
// *HandshakeError. The caller limits the length of the head.
func ParseRequest(head []byte, r *Request) error {
	*r = Request{}
	if !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		return badRequest("incomplete head")
	}
	line, fields := cutLine(head[:len(head)-2])
	authority, err := r.parseLine(line)
	if err != nil {
		return err
	}
	var seen seenFields
	if err := r.parseFields(fields, &seen); err != nil {
		return err
	}
	if err := seen.check(r); err != nil {
		return err
	}
	if authority != nil {
		r.Host = authority
	}
	r.fields = fields
	return nil
}

// parseLine reads the request line (RFC 7230 section 3.1.1). authority is nil
// unless the target is in absolute form.
func (r *Request) parseLine(line []byte) (authority []byte, err error) {
	method, rest, _ := bytes.Cut(line, []byte(" "))
	target, version, ok := bytes.Cut(rest, []byte(" "))
	if !ok || !isToken(method) {
		return nil, badRequest("invalid request line")
	}
	switch {
	case string(version) == "HTTP/1.1":
	case string(version) == "HTTP/1.0":
		return nil, badRequest("HTTP/1.0 has no upgrade")
	case len(version) == 8 && string(version[:5]) == "HTTP/":
		return nil, &HandshakeError{Status: 505, Reason: "HTTP version not supported"}
	default:
		return nil, badRequest("invalid HTTP version")
	}
	if string(method) != "GET" {
		return nil, &HandshakeError{Status: 405, Reason: "handshake is not a GET", Header: "Allow: GET"}
	}
	return r.parseTarget(target)
}

// parseTarget reads a target in origin form or absolute form (RFC 7230 section
// 5.3). A fragment is not allowed (RFC 6455 section 3).
func (r *Request) parseTarget(target []byte) (authority []byte, err error) {
	for _, c := range target {
		if c <= ' ' || c >= 0x7f || c == '#' {
			return nil, badRequest("invalid character in the target")
		}
	}
	path := target
	if scheme, rest, ok := bytes.Cut(target, []byte("://")); ok && isWebScheme(scheme) {
		end := bytes.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		authority, path = rest[:end], rest[end:]
		if !isHost(authority) {
			return nil, badRequest("invalid host in the target")
		}
	}
	path, r.Query, _ = bytes.Cut(path, []byte("?"))
	if len(path) == 0 && authority != nil {
		// An empty path means "/" (RFC 6455 section 3); the first slash of "://"
		// serves, so that Path lies in the head like everything else.
		slash := bytes.IndexByte(target, '/')
		path = target[slash : slash+1]
	}
	if len(path) == 0 || path[0] != '/' {
		return nil, badRequest("invalid target")
	}
	r.Path = path
	return authority, nil
}

func isWebScheme(scheme []byte) bool {
	return equalFold(scheme, "ws") || equalFold(scheme, "wss") ||
		equalFold(scheme, "http") || equalFold(scheme, "https")
}

// isHost reports whether b can be a host with or without a port (RFC 3986 section
// 3.2.2). User information is refused, and so is the comma, by which a proxy
// would have joined two Host headers.
func isHost(b []byte) bool {
	for _, c := range b {
		if !isAlnum(c) && bytes.IndexByte([]byte("-._~%!$&'()*+;=:[]"), c) < 0 {
			return false
		}
	}
	return len(b) > 0
}

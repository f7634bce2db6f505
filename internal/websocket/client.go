package websocket

import (
	"bytes"
	"strconv"
)

// AppendClientRequest appends a client's opening handshake (RFC 6455 section
// 4.1). key is the base64 form of 16 random bytes; headers are complete
// "Name: value" lines, sent as they are.
func AppendClientRequest(dst []byte, host, target string, key []byte, headers ...string) []byte {
	dst = append(append(dst, "GET "...), target...)
	dst = append(append(dst, " HTTP/1.1\r\nHost: "...), host...)
	dst = append(dst, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "...)
	dst = append(append(dst, key...), "\r\n"...)
	return append(appendLines(dst, headers), "\r\n"...)
}

// CheckResponse judges the head with which a server answered the handshake that
// had this key (RFC 6455 section 4.1). The error is a *HandshakeError with the
// status that the server gave, 0 if it gave none. Which subprotocol was chosen
// is for the caller to look at. An extension is refused, since none was asked for.
func CheckResponse(head, key []byte) error {
	_, err := checkResponse(head, key, false)
	return err
}

// CheckDeflateResponse is CheckResponse for a handshake that had DeflateOffer. It
// returns what the server agreed to; if that is not DeflateOff, the Limits of the
// client's Reader must say so.
func CheckDeflateResponse(head, key []byte) (Deflate, error) {
	return checkResponse(head, key, true)
}

func checkResponse(head, key []byte, offered bool) (Deflate, error) {
	line, lines := cutLine(head)
	lines, complete := bytes.CutSuffix(lines, []byte("\r\n"))
	version, rest, _ := bytes.Cut(line, []byte(" "))
	code, _, _ := bytes.Cut(rest, []byte(" "))
	status, err := strconv.Atoi(string(code))
	if err != nil || !complete || len(code) != 3 || string(version) != "HTTP/1.1" {
		return DeflateOff, &HandshakeError{Reason: "not an HTTP/1.1 response"}
	}
	if status != 101 {
		return DeflateOff, &HandshakeError{Status: status, Reason: "the server refused"}
	}
	mode, wrong := checkAnswer(lines, key, offered)
	if wrong != "" {
		return DeflateOff, &HandshakeError{Status: status, Reason: wrong}
	}
	return mode, nil
}

// checkAnswer judges the headers of a 101 and returns what was agreed on and what
// is wrong, or "". offered says that compression may be agreed on.
func checkAnswer(lines, key []byte, offered bool) (mode Deflate, wrong string) {
	var upgrade, connection bool
	var accept []byte
	for len(lines) > 0 {
		var name, value []byte
		name, value, lines = cutField(lines)
		if wrong := checkField(name, value); wrong != "" {
			return DeflateOff, wrong
		}
		switch {
		case equalFold(name, "upgrade"):
			upgrade = upgrade || equalFold(value, "websocket")
		case equalFold(name, "connection"):
			connection = connection || hasToken(value, "upgrade")
		case equalFold(name, "sec-websocket-accept"):
			if accept != nil {
				return DeflateOff, "repeated Sec-WebSocket-Accept"
			}
			accept = value
		case equalFold(name, "sec-websocket-extensions"):
			if !offered || mode != DeflateOff {
				return DeflateOff, "an extension that was not asked for"
			}
			if wrong := checkDeflate(value); wrong != "" {
				return DeflateOff, wrong
			}
			mode = DeflateFull
		}
	}
	var room [28]byte
	switch {
	case !upgrade:
		return DeflateOff, "missing Upgrade: websocket"
	case !connection:
		return DeflateOff, "missing Connection: Upgrade"
	case !bytes.Equal(accept, AcceptKey(room[:0], key)):
		return DeflateOff, "Sec-WebSocket-Accept does not answer the key"
	}
	return mode, ""
}

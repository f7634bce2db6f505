package websocket

import (
	"crypto/sha1"
	"encoding/base64"
	"strconv"
)

// acceptGUID is what makes an answer to a key one of a WebSocket server (RFC 6455
// section 1.3).
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// AcceptKey appends the Sec-WebSocket-Accept that answers a Sec-WebSocket-Key
// (RFC 6455 section 4.2.2).
func AcceptKey(dst []byte, key []byte) []byte {
	var room [keySize + len(acceptGUID)]byte
	sum := sha1.Sum(append(append(room[:0], key...), acceptGUID...))
	return base64.StdEncoding.AppendEncode(dst, sum[:])
}

// AppendResponse appends the head that accepts a handshake (RFC 6455 section
// 4.2.2). protocol is the chosen subprotocol, empty for none; extra are complete
// "Name: value" lines, sent as they are.
func AppendResponse(dst []byte, key []byte, protocol string, extra ...string) []byte {
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\n"+
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	dst = append(AcceptKey(dst, key), "\r\n"...)
	if protocol != "" {
		dst = append(dst, "Sec-WebSocket-Protocol: "...)
		dst = append(append(dst, protocol...), "\r\n"...)
	}
	return append(appendLines(dst, extra), "\r\n"...)
}

// AppendRefusal appends a complete response that refuses a request and announces
// the end of the connection. An empty header line is left out, so that a
// HandshakeError's Header can be given as it is.
func AppendRefusal(dst []byte, status int, body string, headers ...string) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(append(dst, ' '), statusText(status)...)
	dst = append(dst, "\r\nConnection: close\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, "\r\n"...)
	if body != "" {
		dst = append(dst, "Content-Type: text/plain; charset=utf-8\r\n"+
			"X-Content-Type-Options: nosniff\r\n"...)
	}
	dst = append(appendLines(dst, headers), "\r\n"...)
	return append(dst, body...)
}

// appendLines appends header lines, each with its CRLF.
func appendLines(dst []byte, lines []string) []byte {
	for _, line := range lines {
		if line != "" {
			dst = append(append(dst, line...), "\r\n"...)
		}
	}
	return dst
}

// statusText is the reason phrase of the statuses that a front door refuses with;
// others do without, as RFC 7230 section 3.1.2 allows. net/http has them all, but
// would bring an HTTP server into a codec.
func statusText(status int) string {
	switch status {
	case 400:
		return "Bad Request"
	case 401:
		return "Unauthorized"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 408:
		return "Request Timeout"
	case 413:
		return "Content Too Large"
	case 426:
		return "Upgrade Required"
	case 429:
		return "Too Many Requests"
	case 431:
		return "Request Header Fields Too Large"
	case 500:
		return "Internal Server Error"
	case 502:
		return "Bad Gateway"
	case 503:
		return "Service Unavailable"
	case 504:
		return "Gateway Timeout"
	case 505:
		return "HTTP Version Not Supported"
	default:
		return ""
	}
}

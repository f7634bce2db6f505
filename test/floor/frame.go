//go:build linux

package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
)

const (
	opText  = 0x81 // with the bit that says that the message is whole
	opClose = 0x88
)

// upgrade answers a whole request's head.
func (l *loop) upgrade(c *conn, b []byte) (used int, ok bool) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return 0, true
	}
	_, key, found := bytes.Cut(b[:end], []byte("\r\nSec-WebSocket-Key: "))
	if !found || len(key) < 24 {
		return 0, false
	}
	c.state = stateTalk
	if bytes.HasPrefix(b, []byte("GET /echo ")) {
		c.state = stateEcho
	}
	var seed [60]byte
	copy(seed[:], key[:24])
	copy(seed[24:], "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
	sum := sha1.Sum(seed[:])
	l.answers = append(l.answers, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	l.answers = base64.StdEncoding.AppendEncode(l.answers, sum[:])
	l.answers = append(l.answers, "\r\n\r\n"...)
	return end + 4, true
}

// frame unmasks the first frame of b in place and returns its length, 0 if it is
// not whole.
func frame(b []byte) (op byte, payload []byte, n int) {
	if len(b) < 6 {
		return 0, nil, 0
	}
	size, head := int(b[1]&0x7f), 6
	switch {
	case size == 127:
		return opClose, nil, len(b) // not here
	case size == 126 && len(b) < 8:
		return 0, nil, 0
	case size == 126:
		size, head = int(b[2])<<8|int(b[3]), 8
	}
	n = head + size
	if n > len(b) {
		return 0, nil, 0
	}
	payload = b[head:n]
	unmask(payload, binary.LittleEndian.Uint32(b[head-4:]))
	return b[0], payload, n
}

func unmask(b []byte, key uint32) {
	k := uint64(key)<<32 | uint64(key)
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^k)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(k)
		k >>= 8
	}
}

func appendFrame(dst []byte, op byte, payload []byte) []byte {
	return append(appendHeader(dst, op, len(payload)), payload...)
}

func appendHeader(dst []byte, op byte, n int) []byte {
	if n < 126 {
		return append(dst, op, byte(n))
	}
	return append(dst, op, 126, byte(n>>8), byte(n))
}

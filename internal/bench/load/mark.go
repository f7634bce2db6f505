package load

import (
	"bytes"
	"strconv"
)

// mark is what every message carries: who sent it, the number of it among the
// sender's messages in the channel, from 1, and when it was to be sent, in
// nanoseconds since the Unix epoch.
type mark struct {
	user uint32
	seq  uint32
	at   int64
}

// A message is {"b":"user.seq.time","p":"xxx"}, the numbers in base 36.
const (
	markHead = `{"b":"`
	markTail = `","p":"`
	base     = 36
)

// appendMessage appends a message of size bytes, or a little more if that is too
// small.
func appendMessage(dst []byte, m mark, size int) []byte {
	from := len(dst)
	dst = append(dst, markHead...)
	dst = strconv.AppendUint(dst, uint64(m.user), base)
	dst = strconv.AppendUint(append(dst, '.'), uint64(m.seq), base)
	dst = strconv.AppendInt(append(dst, '.'), m.at, base)
	dst = append(dst, markTail...)
	for len(dst)-from < size-2 {
		dst = append(dst, 'x')
	}
	return append(dst, `"}`...)
}

// parseMark finds the mark in a message.
func parseMark(b []byte) (m mark, ok bool) {
	at := bytes.Index(b, []byte(markHead))
	if at < 0 {
		return m, false
	}
	b = b[at+len(markHead):]
	user, b, ok1 := number(b, '.')
	seq, b, ok2 := number(b, '.')
	when, _, ok3 := number(b, '"')
	if !ok1 || !ok2 || !ok3 || user > 1<<32-1 || seq > 1<<32-1 || when > 1<<63-1 {
		return m, false
	}
	return mark{uint32(user), uint32(seq), int64(when)}, true
}

// number reads a base 36 number that end follows.
func number(b []byte, end byte) (v uint64, rest []byte, ok bool) {
	for i, c := range b {
		var d byte
		switch {
		case c == end:
			return v, b[i+1:], i > 0
		case c >= '0' && c <= '9':
			d = c - '0'
		case c >= 'a' && c <= 'z':
			d = c - 'a' + 10
		default:
			return 0, nil, false
		}
		if i >= 13 || v > (1<<63-1)/base { // more than fits
			return 0, nil, false
		}
		v = v*base + uint64(d)
	}
	return 0, nil, false
}

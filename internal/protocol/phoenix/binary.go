package phoenix

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// The first byte of a binary frame. It is followed by one byte for the length of
// each part, the parts, and the data up to the end.
const (
	kindPush      = 0 // to the server: join_ref, ref, topic, event; from it: without ref
	kindReply     = 1 // join_ref, ref, topic, status
	kindBroadcast = 2 // topic, event
)

// maxPart is the longest part of a binary frame.
const maxPart = 255

// Binary decodes a binary frame, which only version 2 has, into m. Topic, event
// and refs must be UTF-8, because they may have to leave in a text frame again.
func (d *Decoder) Binary(b []byte, m *Message) error {
	const head = 5
	d.reset()
	switch {
	case len(b) > 0 && b[0] != kindPush:
		return errKind
	case len(b) < head:
		return errCut
	}
	joinRef := head + int(b[1])
	ref := joinRef + int(b[2])
	topic := ref + int(b[3])
	event := topic + int(b[4])
	if len(b) < event {
		return errCut
	}
	// The parts are checked one by one: together they could heal each other.
	if !utf8.Valid(b[head:joinRef]) || !utf8.Valid(b[joinRef:ref]) ||
		!utf8.Valid(b[ref:topic]) || !utf8.Valid(b[topic:event]) {
		return errUTF8
	}
	m.JoinRef = d.quote(b[head:joinRef])
	m.Ref = d.quote(b[joinRef:ref])
	m.Topic = b[ref:topic:topic]
	m.Event = b[topic:event:event]
	m.Payload = b[event:]
	m.Binary = true
	return nil
}

// quote returns the token of a ref of a binary frame, where an empty one is none.
func (d *Decoder) quote(ref []byte) []byte {
	if len(ref) == 0 {
		return nil
	}
	start := len(d.scratch)
	d.scratch = appendQuoted(d.scratch, ref)
	return d.scratch[start:len(d.scratch):len(d.scratch)]
}

// BinaryFits reports whether a binary frame can carry these parts, each of which
// has one byte for its length; event stands for a reply's status too, and a
// broadcast has no refs. What doesn't fit can only leave as text.
func BinaryFits(joinRef, ref []byte, topic, event string) bool {
	return len(topic) <= maxPart && len(event) <= maxPart &&
		refLen(joinRef) <= maxPart && refLen(ref) <= maxPart
}

// AppendBinaryReply appends a reply whose response is bytes. Like the other
// binary encoders it appends nothing if the parts don't fit (BinaryFits).
func AppendBinaryReply(dst, joinRef, ref []byte, topic, status string, data []byte) []byte {
	if !BinaryFits(joinRef, ref, topic, status) {
		return dst
	}
	dst = slices.Grow(dst, 5+len(joinRef)+len(ref)+len(topic)+len(status)+len(data))
	dst = append(dst, kindReply, byte(refLen(joinRef)), byte(refLen(ref)), byte(len(topic)), byte(len(status)))
	dst = appendRef(dst, joinRef)
	dst = appendRef(dst, ref)
	dst = append(dst, topic...)
	dst = append(dst, status...)
	return append(dst, data...)
}

// AppendBinaryPush appends an event for one client, with bytes for a payload.
func AppendBinaryPush(dst, joinRef []byte, topic, event string, data []byte) []byte {
	if !BinaryFits(joinRef, nil, topic, event) {
		return dst
	}
	dst = slices.Grow(dst, 4+len(joinRef)+len(topic)+len(event)+len(data))
	dst = append(dst, kindPush, byte(refLen(joinRef)), byte(len(topic)), byte(len(event)))
	dst = appendRef(dst, joinRef)
	dst = append(dst, topic...)
	dst = append(dst, event...)
	return append(dst, data...)
}

// AppendBinaryBroadcast appends an event for all subscribers, with bytes for a
// payload. The binary wire has no place for an offset.
func AppendBinaryBroadcast(dst []byte, topic, event string, data []byte) []byte {
	if !BinaryFits(nil, nil, topic, event) {
		return dst
	}
	dst = slices.Grow(dst, 3+len(topic)+len(event)+len(data))
	dst = append(dst, kindBroadcast, byte(len(topic)), byte(len(event)))
	dst = append(dst, topic...)
	dst = append(dst, event...)
	return append(dst, data...)
}

// refLen returns how many bytes appendRef appends.
func refLen(token []byte) int {
	if len(token) < 2 || token[0] != '"' {
		return len(token)
	}
	s := token[1 : len(token)-1]
	if bytes.IndexByte(s, '\\') < 0 {
		return len(s)
	}
	var buf [2 * maxPart]byte
	return len(appendUnescaped(buf[:0], s))
}

// appendRef appends a ref the way it travels in a binary frame: a string without
// its quotes, a number by its digits, none as nothing.
func appendRef(dst, token []byte) []byte {
	if len(token) < 2 || token[0] != '"' {
		return append(dst, token...)
	}
	s := token[1 : len(token)-1]
	if bytes.IndexByte(s, '\\') < 0 {
		return append(dst, s...)
	}
	return appendUnescaped(dst, s)
}

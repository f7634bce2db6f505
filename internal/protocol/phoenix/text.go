package phoenix

import (
	"slices"
	"strconv"
)

// The encoders below append one text frame. A joinRef or ref is a raw JSON token
// and nil is null; a payload is JSON text, and an empty one is {}, which is what
// Phoenix sends for nothing.
//
// Version 1 frames have no join_ref, so the argument is ignored there.

// AppendReply appends the answer to the message with this ref; status is "ok" or
// "error".
func AppendReply(dst []byte, v Version, joinRef, ref []byte, topic, status string, response []byte) []byte {
	dst = appendHead(dst, v, joinRef, ref, topic, "phx_reply", len(response)+len(status)+len(`{"status":"","response":{}}`))
	dst = append(dst, `{"status":`...)
	dst = appendQuoted(dst, status)
	dst = append(dst, `,"response":`...)
	dst = appendJSON(dst, response)
	dst = append(dst, '}')
	return appendTail(dst, v, ref)
}

// AppendPush appends an event for one client: phx_close, phx_error,
// presence_state and the like. Its ref is nil but for phx_close and phx_error,
// which repeat the ref of the join. With a client's refs it is a client's frame.
func AppendPush(dst []byte, v Version, joinRef, ref []byte, topic, event string, payload []byte) []byte {
	dst = appendHead(dst, v, joinRef, ref, topic, event, len(payload))
	dst = appendJSON(dst, payload)
	return appendTail(dst, v, ref)
}

// AppendBroadcast appends an event for all subscribers of a channel. A Phoenix
// client ignores the ref of such a frame; we use it for the offset, as a JSON
// number, where the channel has one: null is offset 0.
func AppendBroadcast(dst []byte, v Version, offset uint64, topic, event string, payload []byte) []byte {
	var digits [20]byte
	var ref []byte
	if offset != 0 {
		ref = strconv.AppendUint(digits[:0], offset, 10)
	}
	return AppendPush(dst, v, nil, ref, topic, event, payload)
}

// AppendExpiring is AppendBroadcast with a deadline, in milliseconds since 1970. In
// version 2 it is a sixth element, {"expires_at":N}, which phoenix.js leaves to an own
// decode function; in version 1 it is a member.
func AppendExpiring(dst []byte, v Version, offset uint64, expires int64, topic, event string, payload []byte) []byte {
	dst = AppendBroadcast(dst, v, offset, topic, event, payload)
	dst = dst[:len(dst)-1] // the end of array or object
	if v == V1 {
		dst = append(dst, `,"expires_at":`...)
		return append(strconv.AppendInt(dst, expires, 10), '}')
	}
	dst = append(dst, `,{"expires_at":`...)
	return append(strconv.AppendInt(dst, expires, 10), `}]`...)
}

// appendHead appends everything before the payload, and makes room for a payload
// of size bytes and the rest of the frame.
func appendHead(dst []byte, v Version, joinRef, ref []byte, topic, event string, size int) []byte {
	dst = slices.Grow(dst, len(joinRef)+len(ref)+len(topic)+len(event)+size+len(`{"topic":"","event":"","payload":{},"ref":null}`))
	if v == V1 {
		dst = append(dst, `{"topic":`...)
		dst = appendQuoted(dst, topic)
		dst = append(dst, `,"event":`...)
		dst = appendQuoted(dst, event)
		return append(dst, `,"payload":`...)
	}
	dst = append(dst, '[')
	dst = appendToken(dst, joinRef)
	dst = append(dst, ',')
	dst = appendToken(dst, ref)
	dst = append(dst, ',')
	dst = appendQuoted(dst, topic)
	dst = append(dst, ',')
	dst = appendQuoted(dst, event)
	return append(dst, ',')
}

func appendTail(dst []byte, v Version, ref []byte) []byte {
	if v == V1 {
		dst = append(dst, `,"ref":`...)
		dst = appendToken(dst, ref)
		return append(dst, '}')
	}
	return append(dst, ']')
}

func appendToken(dst, token []byte) []byte {
	if len(token) == 0 {
		return append(dst, "null"...)
	}
	return append(dst, token...)
}

func appendJSON(dst, text []byte) []byte {
	if len(text) == 0 {
		return append(dst, "{}"...)
	}
	return append(dst, text...)
}

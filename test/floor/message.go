//go:build linux

package main

import "bytes"

// message does what a message of the Phoenix wire says: an array of join_ref,
// ref, topic, event and payload, which are passed on as they stand there.
func (l *loop) message(c *conn, b []byte) bool {
	if len(b) < 2 {
		return false
	}
	var field [4][]byte
	rest := b[1 : len(b)-1]
	for i := range field {
		end := bytes.IndexByte(rest, ',')
		if end < 0 {
			return false
		}
		field[i], rest = rest[:end], rest[end+1:]
	}
	joinRef, ref, topic, event := field[0], field[1], field[2], field[3]
	switch string(event) {
	case `"heartbeat"`:
	case `"phx_join"`:
		l.join(c, topic)
	default:
		p := c.find(topic)
		if p == nil {
			return false
		}
		if string(event) == `"phx_leave"` {
			l.leave(c, p)
			return true
		}
		l.broadcast(c, p, topic, event, rest)
	}
	n := len(joinRef) + len(ref) + len(topic) + len(`[,,,"phx_reply",{"status":"ok","response":{}}]`)
	l.answers = appendHeader(l.answers, opText, n)
	l.answers = append(l.answers, '[')
	l.answers = append(append(l.answers, joinRef...), ',')
	l.answers = append(append(l.answers, ref...), ',')
	l.answers = append(append(l.answers, topic...), `,"phx_reply",{"status":"ok","response":{}}]`...)
	return true
}

// broadcast encodes an event once.
func (l *loop) broadcast(c *conn, p *part, topic, event, payload []byte) {
	n := len(topic) + len(event) + len(payload) + len(`[null,null,,,]`)
	b := appendHeader(l.frame[:0], opText, n)
	b = append(append(b, `[null,null,`...), topic...)
	b = append(append(b, ','), event...)
	b = append(append(append(b, ','), payload...), ']')
	l.publish(c, p, b)
	l.frame = b
}

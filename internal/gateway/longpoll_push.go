package gateway

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"time"
)

// push takes what a client sends and returns the status to answer. It is 200 when
// the session has the messages; what it says about them comes with polls.
func (l *LongPoll) push(w http.ResponseWriter, r *http.Request) (status int) {
	t, ok := session(r)
	if !ok {
		return statusGone
	}
	if r.ContentLength < 0 || r.ContentLength > smallBody {
		status := l.reserve(r, t)
		if status != statusOK {
			w.Header().Set("Connection", "close") // it is not read
			return status
		}
		defer l.unreserve(t)
	}
	body, status := l.read(w, r)
	if status != statusOK {
		l.gw.stats.refused(status)
		return status
	}
	most := l.gw.opts.Limits.MaxMessage
	messages := []message{{data: body}}
	if lines(r.Header.Get("Content-Type")) {
		messages = splitLines(body)
	}
	for _, m := range messages {
		if len(m.data) > most {
			l.gw.stats.refused(statusTooLarge)
			return statusTooLarge
		}
	}
	return l.deliver(r, &delivery{l: l, token: t, messages: messages, status: make(chan int, 1)})
}

// smallBody is what is read before it is known whether there is a session.
const smallBody = 4 << 10

// maxBodies is how many larger bodies are read at once, for all sessions.
const maxBodies = 256

// reserve asks whether a large body may be read: for a session that is there, that
// has no other one under way (clients wait for the answer to each), and when not
// too many are read for others.
func (l *LongPoll) reserve(r *http.Request, t sessionToken) (status int) {
	if l.bodiesRead.Add(1) > maxBodies {
		l.bodiesRead.Add(-1)
		return statusTimeout
	}
	q := &reservation{l: l, token: t, status: make(chan int, 1)}
	if !l.post(t.ref, q) {
		l.bodiesRead.Add(-1)
		return statusGone
	}
	timeout := time.NewTimer(l.opts.DispatchTimeout)
	defer timeout.Stop()
	select {
	case status = <-q.status:
		if status != statusOK {
			l.bodiesRead.Add(-1)
		}
		return status
	case <-timeout.C: // or never, when the loop has stopped
		l.unreserve(t)
		return statusTimeout
	}
}

func (l *LongPoll) unreserve(t sessionToken) {
	l.bodiesRead.Add(-1)
	l.post(t.ref, &reservation{l: l, token: t, over: true})
}

// deliver waits for the loop.
func (l *LongPoll) deliver(r *http.Request, d *delivery) (status int) {
	if !l.post(d.token.ref, d) {
		return statusGone
	}
	timeout := time.NewTimer(l.opts.DispatchTimeout)
	defer timeout.Stop()
	select {
	case status = <-d.status:
		return status
	case <-timeout.C:
	case <-r.Context().Done():
	}
	if d.begun.Swap(true) { // it was just taken
		return <-d.status
	}
	return statusTimeout
}

// read reads a request's body, as far as it may go.
func (l *LongPoll) read(w http.ResponseWriter, r *http.Request) (body []byte, status int) {
	most := int64(l.opts.MaxBody)
	if r.ContentLength > most {
		w.Header().Set("Connection", "close") // it is not read
		return nil, statusTooLarge
	}
	var b bytes.Buffer // grows by what comes, not by what is announced
	n, err := b.ReadFrom(io.LimitReader(r.Body, most+1))
	switch {
	case n > most:
		w.Header().Set("Connection", "close")
		return nil, statusTooLarge
	case err != nil:
		return nil, statusTimeout
	}
	return b.Bytes(), statusOK
}

// lines reports whether a body of this type holds a message on each line.
func lines(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/x-ndjson")
}

// maxLines is how many messages of a body are taken, as by a Phoenix server;
// phoenix.js sends no more.
const maxLines = 100

// splitLines returns the messages of a body of lines. Those of version 2 are
// arrays, those of version 1 objects, and all else is base64 of a binary message.
func splitLines(body []byte) (messages []message) {
	for len(messages) < maxLines {
		for len(body) > 0 && (body[0] == '\n' || body[0] == '\r') {
			body = body[1:]
		}
		if len(body) == 0 {
			return messages
		}
		line := body
		if end := bytes.IndexByte(body, '\n'); end >= 0 {
			line, body = body[:end], body[end+1:]
		} else {
			body = nil
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if line[0] == '[' || line[0] == '{' {
			messages = append(messages, message{data: line})
			continue
		}
		n, err := base64.StdEncoding.Decode(line, line)
		messages = append(messages, message{data: line[:n], binary: true, bad: err != nil})
	}
	return messages
}

package gateway

import (
	"net/http"

	"throng/internal/loop"
)

// Redecode decodes a captured connection and encodes it again.
func Redecode(b []byte) ([]byte, error) {
	p, err := decodeParts(b)
	if err != nil {
		return nil, err
	}
	return p.encode(), nil
}

// PollBody is the answer of a poll to messages.
func PollBody(dst []byte, status int, token string, messages [][]byte, most int) ([]byte, int) {
	return appendPollBody(dst, status, token, messages, most)
}

// ReparseToken reads a long-poll's token and writes it again.
func ReparseToken(s string) (string, bool) {
	t, ok := parseSessionToken(s)
	return t.String(), ok
}

// Line is a message of a body of lines.
type Line struct {
	Data        string
	Binary, Bad bool
}

// Lines splits a body of lines, which it may change.
func Lines(body []byte) (all []Line) {
	for _, m := range splitLines(body) {
		all = append(all, Line{string(m.data), m.binary, m.bad})
	}
	return all
}

// Door is the handler that a listener gives to each connection.
func (g *Gateway) Door() loop.Handler { return g.door }

// Handler is what net/http is given.
func (g *Gateway) Handler() http.Handler { return http.HandlerFunc(g.serveHTTP) }

package api

import (
	"bytes"
	"encoding/json"
	"io"

	"throng"
)

// commands does what is posted to /api itself, as libraries of older versions do:
// commands {"method": …, "params": …}, one behind the other, answered line by line.
// When nobody waits for the answers any more, it ends.
// There is no line feed behind the last: some libraries can't have one.
func (c *call) commands(body []byte) []byte {
	var b []byte
	d := json.NewDecoder(bytes.NewReader(body))
	for n := 0; !c.gone(); n++ {
		var one struct {
			Method string          `json:"method"`
			Params json.RawMessage `json:"params"`
		}
		err := d.Decode(&one)
		if err == io.EOF && n > 0 {
			return b
		}
		if n > 0 {
			b = append(b, '\n')
		}
		switch {
		case err != nil:
			return appendAnswer(b, nil, bad("a command is needed: {\"method\": …, \"params\": {…}}"))
		case n == maxCommands || len(b) > maxReplies:
			return appendAnswer(b, nil, coded(throng.ErrLimitExceeded, "too many commands, or too large replies: this and what follows was not done"))
		}
		m := c.methods[one.Method]
		if m == nil || m.alone() {
			b = appendAnswer(b, nil, coded(throng.ErrMethodNotFound, "%q", one.Method))
			continue
		}
		result, refused := c.do(m, object(one.Params))()
		c.count(m, refused)
		b = appendAnswer(b, result, refused)
	}
	return b
}

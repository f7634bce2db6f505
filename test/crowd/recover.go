//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// recover cuts all connections and comes back with as many, each of which asks for
// the last n publications of the channel and must get them all.
func (c *crowd) recover(n int) (int, error) {
	crowd := len(c.open)
	c.cut()
	c.payload, c.missed = []byte(`{"recover":{}}`), 0
	if _, err := c.connect(1, 1); err != nil {
		return 0, err
	}
	var frame [5]json.RawMessage
	var reply struct {
		Response struct {
			Offset int
			Epoch  string
		}
	}
	if err := json.Unmarshal(c.answer, &frame); err != nil {
		return 0, err
	}
	if err := json.Unmarshal(frame[4], &reply); err != nil || reply.Response.Offset < n {
		return 0, fmt.Errorf("%s: too few were published (%v)", c.answer, err)
	}
	c.payload = fmt.Appendf(nil, `{"recover":{"offset":%d,"epoch":%q}}`, reply.Response.Offset-n, reply.Response.Epoch)
	c.missed = n
	return c.connect(crowd-1, 1)
}

// recovered checks the answer to a join.
func (c *crowd) recovered(m []byte) error {
	if c.missed > 0 && (!bytes.Contains(m, []byte(`"recovered":true`)) || bytes.Count(m, []byte(`{"offset":`)) != c.missed) {
		return fmt.Errorf("not recovered: %s", m)
	}
	c.answer = append(c.answer[:0], m...)
	return nil
}

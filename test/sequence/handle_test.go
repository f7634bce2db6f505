package sequence

import (
	"bytes"
	"encoding/json"
	"strconv"

	"throng"
	"throng/internal/protocol/phoenix"
)

// joinAnswer is the response to a join with recover.
type joinAnswer struct {
	Recoverable  bool   `json:"recoverable"`
	Recovered    bool   `json:"recovered"`
	Offset       uint64 `json:"offset"`
	Epoch        string `json:"epoch"`
	Publications []struct {
		Offset  uint64          `json:"offset"`
		Event   string          `json:"event"`
		Payload json.RawMessage `json:"payload"`
	} `json:"publications"`
}

// handle takes one message. An error ends the connection.
func (c *client) handle(m *phoenix.Message) error {
	switch string(m.Event) {
	case "phx_reply":
		return c.reply(m)
	case "phx_error":
		return c.resync(m)
	case "phx_close":
		if s := c.find(m.Topic); s != nil && s.state == joined && parseRef(m.Ref) == s.ref { // not of an earlier join
			c.run.problem("%s: %s was closed by the server", c.name, m.Topic)
		}
		return nil
	case eventName:
		return c.pushed(m)
	}
	c.run.problem("%s: unknown event %s", c.name, m.Event)
	return nil
}

const eventName = "msg"

func (c *client) find(topic []byte) *sub {
	for _, s := range c.subs {
		if c.channel(s).name == string(topic) {
			return s
		}
	}
	return nil
}

// reply takes the answer to a join, a leave, a publish or a heartbeat.
func (c *client) reply(m *phoenix.Message) error {
	ref := parseRef(m.Ref)
	status, response, ok := bytes.Cut(bytes.TrimPrefix(m.Payload, []byte(`{"status":"`)), []byte(`","response":`))
	if !ok || len(response) == 0 {
		c.run.problem("%s: strange reply %s", c.name, m.Payload)
		return errCut
	}
	response = response[:len(response)-1]
	good := string(status) == "ok"
	if ref == c.probe {
		asked := c.atEnd()
		c.probe = 0
		if asked {
			c.finish()
		}
		return nil
	}
	if c.pub != nil && c.answered(ref, good, response) {
		return nil
	}
	s := c.find(m.Topic)
	switch {
	case s == nil || ref != s.ref:
		return nil // of a join that was replaced
	case !good:
		c.run.problem("%s: %s in state %d was refused: %s", c.name, m.Topic, s.state, response)
		return errCut
	case s.state == leaving:
		c.join(c.w, s, joining)
		return c.w.flush()
	}
	return c.joinedAt(s, response)
}

// joinedAt takes the answer to a join: a position, and what leads up to it.
func (c *client) joinedAt(s *sub, response []byte) error {
	var a joinAnswer
	if err := json.Unmarshal(response, &a); err != nil || !a.Recoverable {
		c.run.problem("%s: strange answer to a join: %.200s", c.name, response)
		return errCut
	}
	e := event{kind: kindSub, ch: s.ch, off: a.Offset, ep: a.Epoch}
	switch {
	case s.known && a.Recovered:
		e.off, e.recovered = s.pos.Offset, yes
		c.run.count.recovered.Add(1)
		if a.Offset < s.pos.Offset {
			c.run.problem("%s: %s recovered from %v to the past, %d", c.name, c.channel(s).name, s.pos, a.Offset)
		}
	case s.known:
		e.recovered = no
		c.run.count.resyncs.Add(1)
		if c.channel(s).wide && (!c.run.restarts || a.Epoch == s.pos.Epoch) {
			c.run.problem("%s: %s not recovered from %v at %d %s", c.name, c.channel(s).name, s.pos, a.Offset, a.Epoch)
		}
		if len(a.Publications) > 0 {
			c.run.problem("%s: %s not recovered, and yet publications", c.name, c.channel(s).name)
		}
	case len(a.Publications) > 0: // the newest of the history
		e.off = a.Publications[0].Offset - 1
	}
	c.log(e)
	if !s.known {
		c.run.count.begun.Add(1)
	}
	s.known, s.state = true, joined
	s.pos = throng.Position{Offset: e.off, Epoch: a.Epoch}
	c.run.count.replayed.Add(int64(len(a.Publications)))
	for _, p := range a.Publications {
		c.deliver(s, p.Offset, p.Payload)
	}
	if s.pos.Offset > a.Offset {
		c.run.problem("%s: publications beyond the position %d", c.name, a.Offset)
	}
	s.pos.Offset = max(s.pos.Offset, a.Offset) // expired ones may lie at the end
	return nil
}

// resync is told that publications were missed.
func (c *client) resync(m *phoenix.Message) error {
	s := c.find(m.Topic)
	if s == nil || s.state != joined || !s.current(m) {
		return nil // of an earlier join
	}
	if !bytes.Contains(m.Payload, []byte(`"reason":"unrecoverable position"`)) {
		c.run.problem("%s: %s crashed: %s", c.name, m.Topic, m.Payload)
	}
	c.run.count.rejoins.Add(1)
	c.join(c.w, s, joining)
	return c.w.flush()
}

// current reports whether the end of a channel is that of the present join. A
// version 1 client joins without a join_ref, so the end that it is told of has
// none either.
func (s *sub) current(m *phoenix.Message) bool {
	return m.Ref == nil || parseRef(m.Ref) == s.ref
}

// pushed takes a publication.
func (c *client) pushed(m *phoenix.Message) error {
	s := c.find(m.Topic)
	switch {
	case s == nil || s.state == idle || s.state == joining:
		c.run.problem("%s: a push of %s, which is not joined: %.80s", c.name, m.Topic, m.Payload)
		return nil
	case s.state == rejoining:
		return nil
	}
	off, err := strconv.ParseUint(string(m.Ref), 10, 64)
	if err != nil {
		c.run.problem("%s: a push without offset: ref %s", c.name, m.Ref)
		return nil
	}
	c.deliver(s, off, m.Payload)
	if c.left > 0 || c.calm {
		return nil
	}
	return c.rash()
}

// deliver takes one publication, pushed or replayed.
func (c *client) deliver(s *sub, off uint64, payload []byte) {
	n, ok := parseNote(payload)
	if !ok {
		c.run.problem("%s: mutilated payload %.80s", c.name, payload)
		return
	}
	if off <= s.pos.Offset {
		c.run.problem("%s: %s offset %d after %d: %s", c.name, c.channel(s).name, off, s.pos.Offset, n.id)
	}
	s.pos.Offset = max(off, s.pos.Offset)
	c.left--
	c.run.count.delivered.Add(1)
	e := event{kind: kindMsg, ch: s.ch, off: off, ep: s.pos.Epoch, id: n.id}
	if n.expires() {
		e.kind = kindExpiring
		c.run.count.expiring.Add(1)
		c.checkLate(n)
	}
	c.log(e)
	c.newest = max(c.newest, n.at)
	if !c.slow {
		c.run.lag.Store(c.run.clock.Now() - n.at)
	}
}

// checkLate judges a delivery by its deadline; see the package comment.
func (c *client) checkLate(n note) {
	switch {
	case c.newest > n.by+clockSkew:
		c.run.problem("%s: %s came behind a publication that is %d ms younger than its deadline", c.name, n.id, c.newest-n.by)
	case c.since > n.by+lateness:
		c.run.problem("%s: %s was not there %d ms after its deadline, and came", c.name, n.id, c.since-n.by)
	}
}

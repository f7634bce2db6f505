package load

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"throng/internal/bench/scenario"
	"throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

// channels is the Phoenix wire, version 2, as the npm client speaks it.
type channels struct {
	w       *Worker
	decoder phoenix.Decoder
}

const event = scenario.Message

// hello joins the channels that the user's group is always in.
func (p *channels) hello(c *client, at int64) {
	g := &p.w.groups[c.group]
	if len(g.join) == 0 {
		p.w.entered(c, at)
		return
	}
	for _, pattern := range g.join {
		var name [256]byte
		i := p.sub(c, pattern.Append(name[:0], int(c.user), 0))
		p.join(c, i, at, -1)
	}
}

// sub finds or makes the client's place in a channel. The place of a channel that
// was left without a message sent is free for another one, so that who visits
// very many does not keep them all.
func (p *channels) sub(c *client, name []byte) int {
	free := -1
	for i := range c.subs {
		s := &c.subs[i]
		if s.ch.name == string(name) {
			return i
		}
		if s.state == left && s.seq == 0 {
			free = i
		}
	}
	s := sub{ch: p.w.channel(int(c.to), name)}
	if free >= 0 {
		c.subs[free] = s
		return free
	}
	c.subs = append(c.subs, s)
	return len(c.subs) - 1
}

func (p *channels) join(c *client, i int, at int64, run int16) {
	s := &c.subs[i]
	ref := p.w.expect(c, pending{at: at, sub: int32(i), run: run, kind: toJoin})
	s.state, s.joinRef = joining, ref
	p.w.frame(c, websocket.OpText, p.push(s, ref, "phx_join", []byte("{}")))
}

// push encodes a message of the client.
func (p *channels) push(s *sub, ref uint32, event string, payload []byte) []byte {
	var j, r [12]byte
	p.w.payload = phoenix.AppendPush(p.w.payload[:0], phoenix.V2, quote(j[:0], s.joinRef), quote(r[:0], ref), s.ch.name, event, payload)
	return p.w.payload
}

// quote writes a ref as the npm client does, as a string.
func quote(dst []byte, ref uint32) []byte {
	return append(strconv.AppendUint(append(dst, '"'), uint64(ref), 10), '"')
}

func (p *channels) heartbeat(c *client, at int64, run int16) {
	ref := p.w.expect(c, pending{at: at, sub: -1, run: run, kind: toHeartbeat})
	p.w.payload = append(p.w.payload[:0], `[null,`...)
	p.w.payload = append(quote(p.w.payload, ref), `,"phoenix","heartbeat",{}]`...)
	p.w.frame(c, websocket.OpText, p.w.payload)
}

func (p *channels) do(c *client, step *scenario.Step, name []byte, run int) {
	r := &c.runs[run]
	if step.Do == scenario.Await {
		r.waits = 1
		return
	}
	i := p.sub(c, name)
	s := &c.subs[i]
	switch step.Do {
	case scenario.Join:
		if s.state == joined || s.state == joining {
			return // as the npm client has one channel object
		}
		r.waits = 1
		p.join(c, i, r.at, int16(run))
	case scenario.Leave:
		if s.state != joined {
			return
		}
		r.waits = 1
		s.state = leaving
		s.ch.subs--
		ref := p.w.expect(c, pending{at: r.at, sub: int32(i), run: int16(run), kind: toLeave})
		p.w.frame(c, websocket.OpText, p.push(s, ref, "phx_leave", []byte("{}")))
	case scenario.Send:
		p.send(c, step, i, run)
	case scenario.Push:
		p.tell(c, step, i, run)
	}
}

// send sends the messages of a step in one write.
func (p *channels) send(c *client, step *scenario.Step, i, run int) {
	w, r, s := p.w, &c.runs[run], &c.subs[i]
	if s.state != joined {
		w.fail("script: a message to a channel that the user has not joined")
		return
	}
	w.late(r)
	w.scratch = w.scratch[:0]
	for range step.Burst {
		s.seq++
		k := pending{at: r.at, seq: s.seq, sub: int32(i), run: int16(run), kind: toMessage}
		if step.NoWait {
			k.run = -1
		} else {
			r.waits++
		}
		ref := w.expect(c, k)
		w.message0 = appendMessage(w.message0[:0], mark{w.number(c), s.seq, r.at}, w.plan.Scenario.Payload)
		w.scratch = websocket.AppendMaskedFrame(w.scratch, websocket.OpText, maskKey, p.push(s, ref, event, w.message0))
	}
	w.counts.Sent += int64(step.Burst)
	w.moved = true
	w.send(c, w.scratch)
}

// receive takes a frame. Broadcasts are by far the most, and have a short way.
func (p *channels) receive(c *client, m websocket.Message, at int64) {
	if m.Op == websocket.OpText && p.broadcast(c, m.Data, at) {
		return
	}
	var f phoenix.Message
	if m.Op != websocket.OpText || p.decoder.Text(phoenix.V2, m.Data, &f) != nil {
		p.w.fail(fmt.Sprintf("protocol: not a frame of Phoenix: %.60q", m.Data))
		p.w.drop(c)
		p.w.lost(c)
		return
	}
	switch string(f.Event) {
	case "phx_reply":
		p.reply(c, &f, at)
	case "phx_error", "phx_close":
		p.ended(c, &f)
	case event:
		p.delivered(c, f.Topic, f.Payload, at)
	default:
		p.told(c, &f, at)
	}
}

// broadcast takes a frame that begins like the broadcast of our event, and reports
// whether it was one. A number in the second place is throng's offset.
func (p *channels) broadcast(c *client, b []byte, at int64) bool {
	rest, ok := bytes.CutPrefix(b, []byte(`[null,`))
	if !ok {
		return false
	}
	_, rest, ok = bytes.Cut(rest, []byte(`,"`))
	if !ok {
		return false
	}
	topic, rest, ok := bytes.Cut(rest, []byte(`","`+event+`",`))
	if !ok || bytes.ContainsAny(topic, `"\`) {
		return false
	}
	return p.delivered(c, topic, rest, at)
}

func (p *channels) delivered(c *client, topic, payload []byte, at int64) bool {
	m, ok := parseMark(payload)
	if !ok {
		p.w.checks.Foreign++
		return true
	}
	for i := range c.subs {
		if s := &c.subs[i]; s.ch.name == string(topic) {
			if s.state == left {
				p.w.checks.Foreign++
			} else {
				p.w.deliver(s, m, at)
			}
			return true
		}
	}
	p.w.checks.Foreign++
	return true
}

// reply takes the answer to a request.
func (p *channels) reply(c *client, f *phoenix.Message, at int64) {
	ref, err := strconv.ParseUint(string(bytes.Trim(f.Ref, `"`)), 10, 32)
	k, ok := p.w.answer(c, uint32(ref))
	if err != nil || !ok {
		p.w.fail("protocol: a reply to nothing")
		return
	}
	if k.kind == toEvent {
		p.answered(c, k, f.Payload, at)
		return
	}
	good := good(f.Payload)
	if !good {
		p.w.fail(fmt.Sprintf("%s refused: %.80q", &k, reasonOf(f.Payload)))
	}
	took := time.Duration(at - k.at)
	if k.run >= 0 || k.kind != toHeartbeat {
		p.w.last = max(p.w.last, at)
	}
	switch k.kind {
	case toJoin:
		p.joined(c, k, good, at)
	case toLeave:
		p.w.counts.Leaves++
		if k.sub >= 0 && c.subs[k.sub].state == leaving {
			c.subs[k.sub].state = left
			c.subs[k.sub].forget()
		}
	case toHeartbeat:
		p.w.counts.Heartbeat++
		if k.run >= 0 {
			p.w.second.reply.Record(took)
		}
	case toMessage:
		if good {
			p.w.counts.Replies++
			p.w.second.reply.Record(took)
			c.subs[k.sub].ch.sent++
		} else if s := &c.subs[k.sub]; s.seq == k.seq {
			s.seq-- // it was in nobody's order, so that its number is no gap
		}
	}
	p.w.answered(c, k.run)
}

func (p *channels) joined(c *client, k pending, good bool, at int64) {
	s := &c.subs[k.sub]
	if s.state != joining {
		return
	}
	if !good {
		s.state = left
		if c.state == entering {
			p.w.drop(c)
			p.w.lost(c)
		}
		return
	}
	p.w.counts.Joins++
	p.w.figures.join.Record(time.Duration(at - k.at))
	s.state = joined
	s.whole = p.w.early
	s.ch.subs++
	if c.state != entering {
		return
	}
	for i := range c.subs {
		if c.subs[i].state == joining {
			return
		}
	}
	p.w.entered(c, at)
}

// ended takes the end of a channel. After a leave it is expected.
func (p *channels) ended(c *client, f *phoenix.Message) {
	for i := range c.subs {
		s := &c.subs[i]
		if s.ch.name != string(f.Topic) || s.state != joined && s.state != joining {
			continue
		}
		var j [12]byte
		if !bytes.Equal(f.JoinRef, quote(j[:0], s.joinRef)) {
			return // of an earlier join
		}
		p.w.fail(fmt.Sprintf("channel ended: %s %.80q", f.Event, reasonOf(f.Payload)))
		if s.state == joined {
			s.ch.subs--
		}
		s.state = left
		s.forget()
		// The npm client joins again after a second; here the whole user comes back.
		p.w.drop(c)
		p.w.lost(c)
		return
	}
}

// good reports whether the answer with a payload is that all is well.
func good(payload []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(payload, "{ "), []byte(`"status":"ok"`)) || bytes.Contains(payload, []byte(`"status":"ok"`))
}

// reasonOf finds the reason in an error's payload.
func reasonOf(payload []byte) []byte {
	_, rest, ok := bytes.Cut(payload, []byte(`"reason":"`))
	if !ok {
		return payload
	}
	reason, _, _ := bytes.Cut(rest, []byte(`"`))
	return reason
}

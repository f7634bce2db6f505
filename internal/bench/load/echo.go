package load

import (
	"throng/internal/bench/scenario"
	"throng/internal/websocket"
)

// echo is a server that sends every WebSocket message back. What comes back is
// checked like a channel with one sender and one subscriber.
type echo struct{ w *Worker }

func (e echo) hello(c *client, at int64) {
	if len(c.subs) == 0 {
		c.subs = []sub{{ch: &channel{subs: 1}}}
	}
	c.subs[0].state = joined
	e.w.entered(c, at)
}

func (e echo) do(c *client, step *scenario.Step, _ []byte, i int) {
	r, s := &c.runs[i], &c.subs[0]
	e.w.late(r)
	e.w.scratch = e.w.scratch[:0]
	for range step.Burst {
		s.seq++
		p := pending{at: r.at, seq: s.seq, sub: 0, run: int16(i), kind: toMessage}
		if step.NoWait {
			p.run = -1
		} else {
			r.waits++
		}
		e.w.expect(c, p)
		e.w.payload = appendMessage(e.w.payload[:0], mark{e.w.number(c), s.seq, r.at}, e.w.plan.Scenario.Payload)
		e.w.scratch = websocket.AppendMaskedFrame(e.w.scratch, websocket.OpText, maskKey, e.w.payload)
	}
	e.w.counts.Sent += int64(step.Burst)
	e.w.moved = true
	e.w.send(c, e.w.scratch)
}

func (e echo) receive(c *client, m websocket.Message, at int64) {
	w := e.w
	k, ok := parseMark(m.Data)
	if !ok || k.user != w.number(c) || k.seq == 0 || k.seq > c.subs[0].seq {
		w.checks.Foreign++
		return
	}
	s := &c.subs[0]
	bad := w.checks.Bad()
	s.take(k, &w.checks)
	w.counts.Replies++
	w.last, w.moved = max(w.last, at), true
	w.second.reply.Record(duration(at - k.at))
	// Answers have no refs; the oldest request is answered, unless it was already.
	if len(c.pending) > 0 && w.checks.Bad() <= bad {
		p, _ := w.answer(c, c.pending[0].ref)
		w.answered(c, p.run)
	}
}

func (e echo) heartbeat(*client, int64, int16) {}

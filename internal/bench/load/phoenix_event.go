package load

import (
	"fmt"
	"time"

	"throng/internal/bench/scenario"
	"throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

// tell pushes the event of a step.
func (p *channels) tell(c *client, step *scenario.Step, i, run int) {
	w, r, s := p.w, &c.runs[run], &c.subs[i]
	h := r.script.happens[r.step-1]
	if s.state != joined {
		w.fail("script: an event to a channel that the user has not joined")
		return
	}
	data, missing := h.data.Append(w.message0[:0], int(c.user), r.random, r.heard.member)
	w.message0 = data[:0]
	if missing != "" {
		w.fail(fmt.Sprintf("script: the event that was awaited has no %.40q", missing))
		return
	}
	w.late(r)
	k := pending{at: r.at, sub: int32(i), run: int16(run), kind: toEvent, of: h}
	if step.NoWait {
		k.run = -1
	} else {
		r.waits = 1
	}
	ref := w.expect(c, k)
	h.pushed(w.clock())
	w.counts.Pushed++
	w.moved = true
	w.frame(c, websocket.OpText, p.push(s, ref, step.Event, data))
}

// answered takes the answer to an event. It is a failure where its status is an error
// and it does not say how it went as the step has it.
func (p *channels) answered(c *client, k pending, payload []byte, at int64) {
	w := p.w
	w.last = max(w.last, at)
	said, says := said(payload, k.of.step.Answer)
	if !says && good(payload) {
		said, says = "ok", true
	}
	if says {
		took := time.Duration(at - k.at)
		w.counts.Answers++
		w.second.answer.Record(took)
		k.of.answered(said, took, at)
	} else {
		w.fail(fmt.Sprintf("%s refused: %.80q", &k, reasonOf(payload)))
	}
	w.answered(c, k.run)
}

// told takes an event, which some of the user's scripts may wait for. What follows was
// to be done when it arrived: who presses at once does so then, however many others
// the bench has to read for.
func (p *channels) told(c *client, f *phoenix.Message, at int64) {
	w := p.w
	for i := range c.runs {
		r := &c.runs[i]
		h := r.awaits()
		if h == nil || h.step.Event != string(f.Event) {
			continue
		}
		var name [256]byte
		if channel := r.script.channel[r.step-1].Append(name[:0], int(c.user), r.random); string(channel) != string(f.Topic) {
			continue
		}
		r.heard = w.notice(f.Payload)
		w.counts.Events++
		w.last = max(w.last, at)
		if sent := r.heard.sent(h.step.Since); sent > 0 {
			h.took.Record(duration(at - sent))
		}
		w.goOn(c, i, at)
	}
}

// awaits returns the step whose event a round waits for; nil: it does not.
func (r *run) awaits() *happens {
	if r.state != within || r.waits == 0 || r.step == 0 {
		return nil
	}
	if h := r.script.happens[r.step-1]; h != nil && h.step.Do == scenario.Await {
		return h
	}
	return nil
}

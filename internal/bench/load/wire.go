package load

import (
	"fmt"

	"throng/internal/bench/scenario"
	"throng/internal/websocket"
)

// wire is what clients and servers say to each other.
type wire interface {
	// hello is called when the upgrade was accepted; it or what follows calls
	// entered.
	hello(c *client, at int64)
	// receive takes a text or binary message.
	receive(c *client, m websocket.Message, at int64)
	// do does a step of script i: send, join, leave, push or await.
	do(c *client, step *scenario.Step, channel []byte, i int)
	// heartbeat sends one that was due at a time, for script i or -1.
	heartbeat(c *client, at int64, i int16)
}

// expect notes a request that is to be answered, and returns its ref.
func (w *Worker) expect(c *client, p pending) uint32 {
	c.ref++
	p.ref, p.sent = c.ref, w.now
	c.pending = append(c.pending, p)
	if p.kind.kept() {
		w.waiting++
	}
	return p.ref
}

// answer takes the request that a reply answers.
func (w *Worker) answer(c *client, ref uint32) (p pending, ok bool) {
	for i, p := range c.pending {
		if p.ref != ref {
			continue
		}
		c.pending = append(c.pending[:i], c.pending[i+1:]...)
		if len(c.pending) == 0 && cap(c.pending) > maxIdlePending {
			c.pending = nil
		}
		if p.kind.kept() {
			w.waiting--
		}
		return p, true
	}
	return p, false
}

// maxIdlePending is how much room an idle client keeps for requests.
const maxIdlePending = 8

// deliver notes a message that came in one of the client's channels.
func (w *Worker) deliver(s *sub, m mark, at int64) {
	if int(m.user) >= w.users || m.seq == 0 {
		w.checks.Foreign++
		return
	}
	w.counts.Received++
	w.last, w.moved = max(w.last, at), true
	w.second.delivery.Record(duration(at - m.at))
	s.ch.received++
	// Who gets something twice is not another subscriber that has it.
	if !s.take(m, &w.checks) || !w.static {
		return
	}
	if took, last := s.ch.deliver(m, at); last {
		w.lastGot(s.ch, m, took)
	}
}

// sweep ends what takes longer than anybody would wait.
func (w *Worker) sweep() {
	limit := w.now - int64(w.plan.Scenario.Patience)
	for i := range w.clients {
		c := &w.clients[i]
		switch {
		case (c.state == dialling || c.state == entering) && c.dialled < limit:
			what := map[state]string{dialling: "connect", entering: "join"}[c.state]
			w.broken(c, fmt.Errorf("%s: no answer within %v", what, duration(int64(w.plan.Scenario.Patience))))
		default:
			w.giveUp(c, limit)
		}
	}
}

// giveUp stops waiting for answers to what was sent before a time.
func (w *Worker) giveUp(c *client, limit int64) {
	for len(c.pending) > 0 && c.pending[0].sent < limit {
		p, _ := w.answer(c, c.pending[0].ref)
		w.fail(fmt.Sprintf("%s: no answer within %v", &p, duration(int64(w.plan.Scenario.Patience))))
		w.answered(c, p.run)
	}
}

// String says what it was.
func (p *pending) String() string {
	if p.kind == toEvent {
		return p.of.step.Event
	}
	return [...]string{"join", "leave", "message", "heartbeat"}[p.kind]
}

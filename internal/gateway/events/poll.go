package events

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"throng"
	"throng/internal/session"
)

// Poll is the session of a client that asks once: for what came after its position,
// or else for what comes next. It implements session.Wire, and session.Transport:
// what comes is kept until the answer.
type Poll struct {
	session.Session
	Conn
	gw  *Gateway
	req Request
	due int64 // when it is answered all the same

	sub       *session.Subscription // when it has begun
	at        throng.Position       // where the answer leads to
	recovered bool
	got       []kept
	size      int    // their bytes
	timed     bool   // one of them has a deadline
	last      uint64 // the offset of the last of them
	full      bool   // more came than one answer takes
	settling  bool
	done      bool // it is answered as it is
}

// kept is a publication that the answer will have, as JSON.
type kept struct {
	object  []byte
	expires int64 // 0: never
}

var (
	_ session.Wire      = (*Poll)(nil)
	_ session.Transport = (*Poll)(nil)
	_ Feed              = (*Poll)(nil)
)

// Poll begins a poll. It may be answered already.
func (g *Gateway) Poll(c Conn, r Request, who Client) *Poll {
	p := &Poll{Conn: c, gw: g, req: r, due: g.opts.Clock.Now() + int64(r.timeout/time.Millisecond)}
	env := &g.asking
	if r.says {
		env = &g.seeing
	}
	p.Init(env, p, p, throng.NewClientID(), who.Identity)
	p.CountFrom(g.polls.Add(1))
	if who.Until != 0 {
		p.Await(who.Until)
	}
	channel, token := r.Channels[0], ""
	if len(r.Tokens) > 0 {
		token = r.Tokens[len(r.Tokens)-1]
	}
	ns, grant, err := p.Check(channel, token)
	if err != nil {
		p.refuse(err)
		return p
	}
	req := session.SubscribeRequest{Channel: channel, Positioned: true, Since: r.since, Encoding: g.opts.Encoding, Grant: grant}
	if r.since == nil {
		req.Recent = r.limit
	}
	p.Subscribe(ns, req)
	p.Rearm()
	return p
}

func (p *Poll) refuse(err *throng.Error) {
	if !p.Ended() {
		p.End()
		p.Conn.Answer(statusOf(err), Problem(err, ""), 0)
	}
}

// Rearm implements session.Wire: the timer is set to what comes first.
func (p *Poll) Rearm() {
	if !p.Ended() {
		p.SetDeadline(throng.Earlier(p.due, p.Deadline()))
	}
}

// Subscribed implements session.Wire: there is something to answer with, or the
// poll waits. In a channel without history there are no positions; a poll gets what
// comes while it waits.
func (p *Poll) Subscribed(sub *session.Subscription, _ session.Token, r session.SubscribeResult, err *throng.Error) {
	switch {
	case p.Ended():
		return
	case sub.Channel() != p.req.Channels[0]: // the server's wish, which a poll has no place for
		p.Unsubscribe(sub)
		return
	case err != nil:
		p.refuse(err)
		return
	case !p.watch(sub):
		return
	}
	p.sub, p.at, p.recovered = sub, r.Position, r.Recovered
	if p.req.since == nil {
		p.keepNewest(r.Publications)
	} else {
		p.keepAll(r.Publications)
	}
	if r.Positioned && (p.req.since == nil || !r.Recovered || len(p.got) > 0) {
		p.conclude()
	}
}

// watch notes what the client says of its channel. It reports false when it has been
// refused: who is told nothing would take it for recorded.
func (p *Poll) watch(sub *session.Subscription) bool {
	if !p.req.says {
		return true
	}
	if err := sub.Watch(p.req.watches, true); err != nil {
		p.refuse(err)
		return false
	}
	return true
}

// conclude answers with what there is. A poll that says what is watched has begun before
// that, so that the books know of it: who asks again at once, and again, is here.
func (p *Poll) conclude() {
	if !p.req.says {
		p.answer(p.at)
		return
	}
	p.done, p.settling = true, true
	p.gw.opts.Post(p.Ref(), settle{p})
}

// keepAll takes what a client missed into the answer, as far as there is room. It
// asks for the rest from there.
func (p *Poll) keepAll(missed []*throng.Publication) {
	now := p.gw.opts.Clock.Now()
	for _, pub := range missed {
		p.keepMissed(pub, now)
		if p.full {
			p.at.Offset = p.last
			return
		}
	}
}

// keepNewest takes the newest publications into the answer, as many as there is
// room for.
func (p *Poll) keepNewest(recent []*throng.Publication) {
	now := p.gw.opts.Clock.Now()
	for _, pub := range slices.Backward(recent) {
		p.keepMissed(pub, now)
		if p.full {
			break
		}
	}
	slices.Reverse(p.got)
}

// keepMissed takes a publication from the history into the answer.
func (p *Poll) keepMissed(pub *throng.Publication, now int64) {
	if pub.Expired(now) {
		p.gw.asking.Stats.Expired.Add(1)
		return
	}
	p.keep(p.gw.recent[p.Ref().Loop].event(p.sub.Channel(), pub), pub.ExpiresAt, pub.Offset)
}

// timedAnswer is the most bytes of publications that an answer has if one of them has a
// deadline: what a kernel that takes anything takes at once. All of an answer is begun with
// its first byte, and the rest of a longer one would wait for a client that reads slowly.
const timedAnswer = 16 << 10

// keep takes a publication into the answer, if there is room.
func (p *Poll) keep(event []byte, expires int64, offset uint64) {
	object, room := object(event), p.gw.opts.Limits.QueueBytes
	if p.timed || expires != 0 {
		room = min(room, timedAnswer)
	}
	if p.full || len(p.got) > 0 && (len(p.got) >= p.req.limit || p.size+len(object) > room) {
		p.full = true
		return
	}
	p.timed = p.timed || expires != 0
	p.got = append(p.got, kept{object, expires})
	p.size += len(object)
	p.last = offset
}

// settle is a message of a poll to itself: a burst is answered with at once.
// Its connection may serve another one by then.
type settle struct{ of *Poll }

// SendDroppable implements session.Transport: the publication that was waited for,
// or one of them.
func (p *Poll) SendDroppable(event []byte, t throng.Timing, _ uint32) {
	if p.done {
		return
	}
	p.keep(event, t.ExpiresAt, p.gw.opts.Node.Offset(p.sub))
	if !p.settling {
		p.settling = true
		p.gw.opts.Post(p.Ref(), settle{p})
	}
}

// Queued implements session.Transport: what is kept does not wait for the client.
func (p *Poll) Queued() int { return 0 }

// Flush implements session.Transport.
func (p *Poll) Flush() {}

// Shed implements session.Transport.
func (p *Poll) Shed(int, func(uint32)) int { return 0 }

// answer ends the poll: what came, and where the client stands then. An answer can't be
// taken back, so one with deadlines is not for a client that does not read: it may ask
// again from where it stood.
func (p *Poll) answer(at throng.Position) {
	for {
		until := p.strike()
		if until != 0 {
			p.Conn.Flush()
		}
		if until != 0 && !p.Conn.TakesNow() {
			p.refuse(throng.ErrTooManyRequests)
			return
		}
		b, now := p.body(at)
		if until != 0 && now >= until {
			continue
		}
		p.End()
		p.Conn.Answer(http.StatusOK, b, until)
		if until != 0 {
			p.Conn.Flush()
		}
		return
	}
}

// strike takes out of the answer what is out of date, and returns when the next of the
// rest will be, 0 for never.
func (p *Poll) strike() (until int64) {
	now := p.gw.opts.Clock.Now()
	all := len(p.got)
	p.got = slices.DeleteFunc(p.got, func(k kept) bool { return k.expires != 0 && now >= k.expires })
	p.gw.asking.Stats.Expired.Add(uint64(all - len(p.got)))
	for _, k := range p.got {
		until = throng.Earlier(until, k.expires)
	}
	return until
}

// body makes the answer, and says when it was ready.
func (p *Poll) body(at throng.Position) (b []byte, now int64) {
	b = append(make([]byte, 0, p.size+len(p.got)+len(p.req.Channels[0])+160), `{"channel":`...)
	b = appendString(b, p.req.Channels[0])
	b = append(b, `,"offset":`...)
	b = strconv.AppendUint(b, at.Offset, 10)
	b = append(b, `,"epoch":`...)
	b = appendString(b, at.Epoch)
	b = append(b, `,"recoverable":`...)
	b = strconv.AppendBool(b, p.sub.Positioned())
	b = append(b, `,"recovered":`...)
	b = strconv.AppendBool(b, p.recovered)
	b = append(b, `,"publications":[`...)
	for i, k := range p.got {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, k.object...)
	}
	b = append(b, `],"time":`...)
	now = p.gw.opts.Clock.Now()
	b = strconv.AppendInt(b, now, 10)
	return append(b, "}\n"...), now
}

// finish answers a poll that has begun with what there is. Publications that nobody
// may see any more move its position too.
func (p *Poll) finish() {
	switch {
	case p.Ended():
	case p.sub == nil:
		p.refuse(throng.ErrInternal) // the broker did not answer in time
	case p.done:
		p.answer(p.at)
	default:
		if p.full {
			p.at.Offset = p.last
		} else if p.sub.Positioned() {
			p.at.Offset = p.gw.opts.Node.Offset(p.sub)
		}
		p.answer(p.at)
	}
}

// Timer implements Feed.
func (p *Poll) Timer() {
	now := p.gw.opts.Clock.Now()
	if p.Expire(now); p.Ended() {
		return
	}
	if now >= p.due {
		p.finish()
		return
	}
	p.Rearm()
}

// Message implements Feed.
func (p *Poll) Message(m any) {
	switch m := m.(type) {
	case settle:
		if m.of == p {
			p.finish()
		}
	case *throng.Disconnect:
		p.Disconnect(m)
	default:
		p.Handle(m)
	}
}

// Shutdown implements Feed: the client asks another server, with its position.
func (p *Poll) Shutdown() { p.finish() }

// Closed implements Feed.
func (p *Poll) Closed(error) { p.End() }

// Encoding implements session.Wire.
func (p *Poll) Encoding() uint8 { return p.gw.opts.Encoding }

// Published implements session.Wire: these clients publish nothing.
func (p *Poll) Published(*session.Subscription, session.Token, throng.PublishResult, *throng.Error) {
}

// Resumed implements session.Wire; a poll is not captured.
func (p *Poll) Resumed(*session.Subscription, []*throng.Publication) {}

// Tell implements session.Wire: an answer has no place for who is there.
func (p *Poll) Tell(*session.Subscription, string, []byte) {}

// Unsubscribed implements session.Wire. A client that missed something asks again
// from where it stands.
func (p *Poll) Unsubscribed(sub *session.Subscription, why *throng.Unsubscribe) {
	switch {
	case p.Ended() || sub != p.sub:
	case why == throng.UnsubscribeInsufficient:
		if len(p.got) > 0 { // they are in the answer
			p.at.Offset = p.last
		}
		p.answer(p.at)
	case why == throng.UnsubscribeExpired:
		p.refuse(throng.ErrExpired)
	default:
		p.refuse(throng.ErrPermissionDenied)
	}
}

// Disconnect implements session.Wire.
func (p *Poll) Disconnect(d *throng.Disconnect) {
	if p.Ended() {
		return
	}
	p.End()
	status := http.StatusServiceUnavailable
	if d.Final() || d == throng.DisconnectExpired {
		status = http.StatusForbidden
	}
	p.Conn.Answer(status, Problem(&throng.Error{Code: uint32(d.Code), Message: d.Reason}, ""), 0)
}

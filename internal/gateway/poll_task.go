package gateway

import (
	"sync/atomic"
)

// What requests post to the loop of a session. They name it by its token: it may
// be gone, and another one in its place.

// find returns the session that a token names, on its loop, or nil.
func (l *LongPoll) find(t sessionToken) *poll {
	c := l.gw.opts.Engine.Lookup(t.ref)
	if c == nil || !c.Open() {
		return nil
	}
	// Only this path's sessions: another one may have other clients.
	p, ok := c.Handler().(*poll)
	if !ok || p.l != l || !t.matches(&p.secret) {
		return nil
	}
	return p
}

// arrival is a poll on its way to its session.
type arrival struct {
	l     *LongPoll
	token sessionToken
	w     *waiter
}

func (t *arrival) Run(int) {
	if p := t.l.find(t.token); p != nil {
		p.arrive(t.w)
		return
	}
	t.w.answers <- answer{status: statusDead}
}

// statusDead is told within the server: there is no such session.
const statusDead = 0

// departure says that a poll's answer does not reach its client.
type departure struct {
	l     *LongPoll
	token sessionToken
	w     *waiter
}

func (t *departure) Run(int) {
	if p := t.l.find(t.token); p != nil {
		p.depart(t.w)
	}
}

// reservation asks for the right to read a large body, or gives it back.
type reservation struct {
	l      *LongPoll
	token  sessionToken
	over   bool
	status chan int
}

func (t *reservation) Run(int) {
	p := t.l.find(t.token)
	switch {
	case t.over && p != nil:
		p.reading = false
	case t.over:
	case p == nil:
		t.status <- statusGone
	case p.reading:
		t.status <- statusTimeout
	default:
		p.reading = true
		p.heard()
		t.status <- statusOK
	}
}

// delivery brings messages of a client to its session, unless the request gave up
// before.
type delivery struct {
	l        *LongPoll
	token    sessionToken
	messages []message
	begun    atomic.Bool // by the loop, or given up by the request
	status   chan int
}

// message is one that a client sent.
type message struct {
	data   []byte
	binary bool
	bad    bool // it is no message
}

func (t *delivery) Run(int) {
	if t.begun.Swap(true) {
		return
	}
	status := statusGone
	if p := t.l.find(t.token); p != nil {
		status = p.receive(t.messages)
	}
	t.status <- status
}

// receive gives messages to the protocol, up to one that ends the session.
func (p *poll) receive(messages []message) (status int) {
	p.heard()
	for _, m := range messages {
		if p.cause != nil || !p.Conn.Open() {
			return statusGone
		}
		p.l.gw.stats.MessagesIn.Add(1)
		if m.bad {
			p.Close(1011, "bad message")
		} else {
			p.proto.Receive(m.binary, m.data)
		}
	}
	if p.cause != nil {
		return statusGone
	}
	return statusOK
}

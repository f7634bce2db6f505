//go:build linux

package main

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
)

// house is what the loops share.
type house struct {
	loops    []*loop
	mu       sync.Mutex
	channels map[string]*channel
}

// channel has a part on each loop; only the counts are read by other loops.
type channel struct {
	name  string // with its quotes, as it stands on the wire
	users int    // under the house's lock
	parts []part // by loop
}

// part is what one loop has of a channel.
type part struct {
	channel *channel
	count   atomic.Int32 // of members
	members []member
	out     []byte // frames of this turn
}

// member is a subscriber: seen is how much of out it has already.
type member struct {
	conn *conn
	seen int
}

// subscription is a connection's place in a channel.
type subscription struct {
	part  *part
	index int
}

func (l *loop) join(c *conn, name []byte) {
	if c.find(name) != nil {
		return
	}
	h := l.house
	h.mu.Lock()
	ch := h.channels[string(name)]
	if ch == nil {
		ch = &channel{name: string(name), parts: make([]part, len(h.loops))}
		for i := range ch.parts {
			ch.parts[i].channel = ch
		}
		h.channels[ch.name] = ch
	}
	ch.users++
	h.mu.Unlock()
	p := &ch.parts[l.index]
	c.subs = append(c.subs, subscription{p, len(p.members)})
	p.members = append(p.members, member{c, len(p.out)})
	p.count.Store(int32(len(p.members)))
}

// find returns the part of a channel that the connection is in, or nil.
func (c *conn) find(name []byte) *part {
	for _, s := range c.subs {
		if s.part.channel.name == string(name) {
			return s.part
		}
	}
	return nil
}

func (l *loop) leave(c *conn, p *part) {
	i := slices.IndexFunc(c.subs, func(s subscription) bool { return s.part == p })
	at, last := c.subs[i].index, len(p.members)-1
	if at != last {
		moved := p.members[last]
		p.members[at] = moved
		moved.conn.subs[slices.IndexFunc(moved.conn.subs, func(s subscription) bool { return s.part == p })].index = at
	}
	p.members[last] = member{}
	p.members = p.members[:last]
	p.count.Store(int32(last))
	c.subs = slices.Delete(c.subs, i, i+1)
	l.house.forget(p.channel)
}

// forget drops a channel that nobody is in.
func (h *house) forget(ch *channel) {
	h.mu.Lock()
	if ch.users--; ch.users == 0 {
		delete(h.channels, ch.name)
	}
	h.mu.Unlock()
}

// publish brings a frame to all members on all loops, and appends what the
// publisher has not seen yet to its answer.
func (l *loop) publish(c *conn, p *part, frame []byte) {
	ch := p.channel
	for i := range ch.parts {
		if i != l.index && ch.parts[i].count.Load() > 0 {
			l.house.loops[i].post(letter{&ch.parts[i], bytes.Clone(frame)})
		}
	}
	p.add(l, frame)
	for _, s := range c.subs {
		if s.part == p {
			m := &p.members[s.index]
			l.answers = append(l.answers, p.out[m.seen:]...)
			m.seen = len(p.out)
		}
	}
}

// add makes a frame wait for the end of the turn.
func (p *part) add(l *loop, frame []byte) {
	if len(p.out) == 0 {
		l.loud = append(l.loud, p)
	}
	p.out = append(p.out, frame...)
}

// speak writes to all members what they have not seen.
func (p *part) speak(l *loop) {
	for i := range p.members {
		m := &p.members[i]
		if b := p.out[m.seen:]; len(b) > 0 {
			l.write(m.conn, b)
		}
		m.seen = 0
	}
	p.out = p.out[:0]
}

package loop

import "syscall"

// together is what makes the writes of many connections one system call. What each call
// costs beside the work it asks for is near half of what a small message costs.
type together struct {
	ring  *ring
	conns []*Conn // whose writes are gathered, by number in the ring
	used  int     // bytes of the loop's write buffer
	began int64   // when the first was gathered, in a Clock's Micros
	apart int     // for so many connections a call each is as cheap
}

const (
	// sendsAtOnce is the most writes of one system call.
	sendsAtOnce = 128
	// nearDeadline, in milliseconds, is how long a deadline must be away for a write to be
	// made with others, which takes them a millisecond: one that is nearer is looked at
	// right before a call of its own.
	nearDeadline = 20
)

// flushTogether writes what the connections of the list of dirty ones have to say. All of
// them have a descriptor and no carrier, so nothing here calls a handler.
func (l *Loop) flushTogether() {
	few := len(l.dirty) <= l.together.apart
	for i, c := range l.dirty {
		l.dirty[i] = nil
		c.flags &^= flagDirty
		switch {
		case c.out == nil || c.is(flagStalled|flagGone):
		case few || l.soon(c.out):
			l.enter() // it may use the write buffer
			l.flush(c)
		default:
			l.gather(c)
		}
	}
	l.enter()
}

// soon reports whether a deadline is near, or over.
func (l *Loop) soon(q *queue) bool {
	return q.expiring > 0 && q.due(q.bytes, l.clock.Now()+nearDeadline)
}

// gather adds a connection's write to the next call.
func (l *Loop) gather(c *Conn) {
	q, t := c.out, &l.together
	if t.ring.room() == 0 || t.used+q.bytes > cap(l.wbuf) {
		l.enter()
	}
	if len(t.conns) == 0 {
		t.began = l.clock.Micros()
	}
	b := q.front()
	if q.head+1 < len(q.segs) && len(b) < cap(l.wbuf) {
		b = q.gather(l.wbuf[t.used:t.used])
		t.used += len(b)
	}
	t.ring.add(int(c.fd), b)
	t.conns = append(t.conns, c)
}

// enter makes the call, and does for each connection what a write of its own would have
// been followed by.
func (l *Loop) enter() {
	t := &l.together
	if len(t.conns) == 0 {
		return
	}
	made, at := 0, l.clock.Micros()
	if at-t.began < nearDeadline*1000/2 {
		made = l.sent(at)
	} else { // the thread stood still: by now a deadline may be near
		t.ring.forget()
	}
	for _, c := range t.conns[made:] {
		l.flush(c)
	}
	clear(t.conns)
	t.conns, t.used = t.conns[:0], 0
}

// sent makes the gathered writes at a moment, and returns how many were made.
func (l *Loop) sent(at int64) (made int) {
	t, bytes, lags := &l.together, 0, tally{}
	made = t.ring.enter(func(i, res int) {
		c, n := t.conns[i], max(res, 0)
		if q := c.out; q.bytes > q.replies {
			lags.began(&l.stats, q, n, at)
		}
		bytes += n
		l.took(c, n, n > 0)
		switch e := syscall.Errno(-res); {
		case res >= 0 || e == syscall.EINTR:
			l.flush(c) // the rest, if there is any
		case e == syscall.EAGAIN:
			l.stall(c, false)
		default:
			c.Abort(e)
		}
	})
	lags.add(&l.stats)
	l.stats.Writes.Add(uint64(made))
	l.stats.BytesOut.Add(uint64(bytes))
	return made
}

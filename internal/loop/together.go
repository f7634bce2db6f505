package loop

import (
	"errors"
	"syscall"
)

// together is what makes the writes of many connections one system call. What each call
// costs beside the work it asks for is near half of what a small message costs.
type together struct {
	ring   *ring
	conns  []*Conn // whose writes are gathered, by number in the ring
	used   int     // bytes of the loop's write buffer
	began  int64   // when deadlines were looked at for the first of them, in a Clock's Micros
	apart  int     // for so many connections a call each is as cheap
	failed int     // calls in a row that the system refused
}

const (
	// sendsAtOnce is the most writes of one system call.
	sendsAtOnce = 128
	// nearDeadline, in milliseconds, is how long a deadline must be away for a write to be
	// made with others, which takes them a millisecond: one that is nearer is looked at
	// right before a call of its own.
	nearDeadline = 20
	// maxFailed is how many calls in a row may be refused before a loop does without.
	maxFailed = 100
)

// flushTogether writes what the connections of the list of dirty ones have to say. All of
// them have a descriptor and no carrier, so nothing here calls a handler, and nothing is
// added to the list meanwhile.
func (l *Loop) flushTogether() {
	few := len(l.dirty) <= l.together.apart
	for i, c := range l.dirty {
		l.dirty[i] = nil
		c.flags &^= flagDirty
		switch q := c.out; {
		case q == nil || c.is(flagStalled|flagGone):
		case few || q.empty() || !l.gather(c):
			l.enter() // a call of its own may use the write buffer
			l.flush(c)
		}
	}
	l.enter()
}

// gather adds a connection's write to the next call. It says no if a deadline is near or
// over, or there is no ring any more.
func (l *Loop) gather(c *Conn) bool {
	q, t := c.out, &l.together
	b := q.front()
	several := q.head+1 < len(q.segs) && len(b) < cap(l.wbuf)
	if t.ring != nil && (t.ring.room() == 0 || several && t.used+q.bytes > cap(l.wbuf)) {
		l.enter()
	}
	if t.ring == nil {
		return false
	}
	if len(t.conns) == 0 {
		t.began = l.clock.Micros()
	}
	if q.due(q.bytes, t.began/1000+nearDeadline) {
		return false
	}
	if several {
		b = q.gather(l.wbuf[t.used:t.used])
		t.used += len(b)
	}
	t.ring.add(int(c.fd), b)
	t.conns = append(t.conns, c)
	return true
}

// enter makes the call, and does for each connection what a write of its own would have
// been followed by. Those for which it was not made get one.
func (l *Loop) enter() {
	t := &l.together
	if len(t.conns) == 0 {
		return
	}
	made, at := 0, l.clock.Micros()
	if at-t.began < nearDeadline*1000/2 {
		made = l.send(at)
	} else { // the thread stood still: by now a deadline may be near
		t.ring.forget()
	}
	for _, c := range t.conns[made:] {
		l.flush(c)
	}
	clear(t.conns)
	t.conns, t.used = t.conns[:0], 0
}

// send makes the gathered writes at a moment, and returns how many were made.
func (l *Loop) send(at int64) (made int) {
	t, bytes, lags := &l.together, 0, tally{}
	made, err := t.ring.enter(func(i, res int) {
		c, n := t.conns[i], max(res, 0)
		t.conns[i] = nil
		if q := c.out; q.bytes > q.replies {
			lags.began(&l.stats, q, n, at)
		}
		bytes += n
		l.took(c, n, n > 0)
		if res == -int(syscall.EAGAIN) {
			l.stall(c, false)
		} else {
			l.flush(c) // the rest, if there is any; or an error shows again
		}
	})
	lags.add(&l.stats)
	l.stats.Writes.Add(uint64(made))
	l.stats.BytesOut.Add(uint64(bytes))
	l.judge(err, made)
	return made
}

// judge gives the ring up when the system refuses call after call, and at once when one
// left something unanswered: nobody knows then what those clients got.
func (l *Loop) judge(err error, made int) {
	t := &l.together
	if err == nil {
		t.failed = 0
		return
	}
	unanswered := errors.Is(err, errUnanswered)
	if unanswered {
		for _, c := range t.conns[:made] {
			if c != nil {
				c.Abort(err)
			}
		}
	}
	if t.failed++; unanswered || t.failed == maxFailed {
		l.log.Error("a loop does without io_uring from now on", "loop", l.index, "error", err)
		t.ring.close()
		t.ring = nil
	}
}

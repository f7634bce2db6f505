package loop

import "errors"

// errAgain says that a carrier takes nothing now; it will say when it does.
var errAgain = errors.New("try again")

const stallCheck = 1000 // ms between looks at stalled connections

// flushDirty writes what gathered during the turn: one write per connection.
func (l *Loop) flushDirty() {
	plain := l.dirty[:0] // those whose writes can be made together; there may come more meanwhile
	for i := 0; i < len(l.dirty); i++ {
		c := l.dirty[i]
		l.dirty[i] = nil
		if l.together.ring != nil && c.carrier == nil {
			plain = append(plain, c)
			continue
		}
		c.flags &^= flagDirty
		if c.out != nil && !c.is(flagStalled|flagGone) {
			l.flush(c)
		}
	}
	l.dirty = plain
	if len(plain) > 0 {
		l.flushTogether()
	}
	l.dirty = l.dirty[:0]
}

// flush writes until the queue is empty or the carrier is full.
func (l *Loop) flush(c *Conn) {
	q, wrote := c.out, false
	for l.expire(q); !q.empty() || c.fd >= 0 && c.writing(); l.expire(q) {
		n, moved, err := l.write(c, q)
		if c.out != q { // an outlet ended itself
			return
		}
		l.took(c, n, moved)
		wrote = wrote || moved
		if err == errAgain {
			l.stall(c, wrote)
			return
		}
		if err != nil {
			c.Abort(err)
			return
		}
	}
	l.drained(c)
}

// took notes what the carrier took of the queue.
func (l *Loop) took(c *Conn, n int, moved bool) {
	if moved && c.is(flagPaused) {
		c.Heard() // we don't read from it, and it shows that it is there
	}
	c.out.advance(n)
	l.queued -= int64(n)
}

// expire drops what must not be written any more. It takes a fresh look at the
// clock: the turn may have taken longer than the deadline leaves.
func (l *Loop) expire(q *queue) {
	if q.expiring > 0 {
		removed, count := q.expire(l.clock.Now())
		l.queued -= int64(removed)
		l.stats.Expired.Add(uint64(count))
	}
}

// write makes one write of all that waits, as far as the write buffer holds it.
// It returns how much of the queue was taken, and whether the peer took anything.
func (l *Loop) write(c *Conn, q *queue) (n int, moved bool, err error) {
	if c.carrier != nil {
		return c.carrier.write(q)
	}
	b := q.front()
	if q.head+1 < len(q.segs) && len(b) < cap(l.wbuf) {
		b = q.gather(l.wbuf[:0])
	}
	at := l.moment(q)
	if q.due(len(b), at/1000) {
		return 0, false, nil // the flush expires it, and comes again
	}
	n, err = writeFD(int(c.fd), b)
	l.stats.Writes.Add(1)
	l.stats.BytesOut.Add(uint64(n))
	l.stats.began(q, n, at)
	return n, n > 0, err
}

// stall waits for the carrier to take more. The write timeout counts from the
// last time that it took something.
func (l *Loop) stall(c *Conn, wrote bool) {
	q := c.out
	q.settle()
	if wrote || q.since == 0 {
		q.since = l.wheel.tick(l.now)
	}
	if c.is(flagStalled) {
		return
	}
	c.flags |= flagStalled
	if c.fd < 0 {
		return // the carrier watches the time itself; a reader waits for throttle
	}
	l.throttle(c)
	c.watch()
	if !c.is(flagListed) {
		c.flags |= flagListed
		l.stalled = append(l.stalled, c)
	}
}

// unstall is told by a carrier that it takes more.
func (l *Loop) unstall(c *Conn) {
	if c.is(flagGone) || !c.is(flagStalled) {
		return
	}
	c.flags &^= flagStalled
	if c.out != nil {
		l.flush(c)
	} else {
		l.drained(c)
	}
	if c.is(flagGone | flagDeaf) {
		return
	}
	resume := c.is(flagPaused) && !l.unanswered(c)
	if resume {
		c.flags &^= flagPaused
	}
	if resume || !c.is(flagStalled) {
		c.watch()
	}
	if resume && c.carrier != nil {
		c.carrier.resume()
	}
}

// drained gives the queue back. A finishing connection has then said all, unless
// the carrier still has some of it in hand.
func (l *Loop) drained(c *Conn) {
	if c.out != nil {
		l.dropQueue(c)
	}
	if c.is(flagFinishing) && !c.is(flagEnded) && !c.writing() {
		l.said(c)
	}
}

// checkStalled ends connections that accepted nothing for the write timeout.
func (l *Loop) checkStalled() {
	now := l.wheel.tick(l.now)
	if len(l.stalled) == 0 || now-l.checked < stallCheck>>tickShift {
		return
	}
	l.checked = now
	limit := tick(l.engine.opts.WriteTimeout.Milliseconds()>>tickShift) + 1
	keep := l.stalled[:0]
	for _, c := range l.stalled {
		switch {
		case c.is(flagGone|flagEnded) || !c.is(flagStalled) || c.out == nil:
			c.flags &^= flagListed
		case now-c.out.since >= limit && !l.takes(c):
			c.flags &^= flagListed
			c.Abort(ErrSlow)
		case !c.is(flagStalled):
			c.flags &^= flagListed
		default:
			keep = append(keep, c)
		}
	}
	clear(l.stalled[len(keep):])
	l.stalled = keep
}

// takes tries once more to write to a stalled connection and reports whether
// anything went: the kernel tells of room only when a good part of the socket's
// buffer is free, which a peer that reads slowly may not reach for long.
func (l *Loop) takes(c *Conn) bool {
	since := c.out.since
	l.unstall(c)
	return c.out == nil || c.out.since != since
}

// unanswered reports whether so many answers wait for the peer that it should not
// be read from. Publications don't count: it has not asked for them.
func (l *Loop) unanswered(c *Conn) bool { return c.out != nil && c.out.replies > pauseBytes }

// throttle decides to stop reading from a stalled connection that lets its
// answers pile up, and reports whether it did so now.
func (l *Loop) throttle(c *Conn) bool {
	if !c.is(flagStalled) || c.is(flagPaused) || !l.unanswered(c) {
		return false
	}
	c.flags |= flagPaused
	return true
}

package loop

import (
	"io"
	"log/slog"
	"net/netip"
	"time"

	"throng"
)

// Turner does background work in bounded slices on a loop, once a turn.
type Turner interface {
	// Turn does one slice and reports whether more is waiting.
	Turn() (more bool)
}

// Loop owns connections and runs their handlers. Its methods are for use on the
// loop, except Post.
type Loop struct {
	index  int
	engine *Engine
	log    *slog.Logger
	clock  *throng.Clock

	poller  poller
	mailbox mailbox
	turner  Turner

	now      int64
	woke     time.Time // when the turn began
	manners  manners
	wheel    *wheel
	slots    slots
	gen      uint32
	rbuf     []byte
	wbuf     []byte
	scratch  scratch
	queues   queues
	frames   []Frame // what an outlet is offered
	together together
	peers    map[uint32]netip.AddrPort // by slot, of those for whom SetPeer was called
	feeding  *Conn                     // whose handler is in Data
	unseen   []byte                    // what comes behind the bytes it was shown

	dirty   []*Conn // something to write
	ended   []ending
	stalled []*Conn // the carrier took nothing at the last try
	checked tick    // when stalled was last checked
	asked   int     // connections that were asked to end

	queued   int64 // bytes that wait in all queues
	stats    Stats
	stopping bool
	done     chan struct{}
}

// ending is a connection whose handler is to be told the cause.
type ending struct {
	c     *Conn
	cause error
}

// poller waits for the loop's work.
type poller interface {
	// wait returns as soon as there was readiness, a wake, a due timer, or, when
	// the loop has more to do, at once. It begins the turn and hands readiness
	// to the loop's ready method.
	wait(l *Loop, more bool) error
	// wake ends a wait; called from anywhere.
	wake()
	close()
}

const (
	readBuffer  = 64 << 10
	writeBuffer = 64 << 10
	// pauseBytes is how much may wait for a stalled connection before it is not
	// read from: who doesn't take answers gets no more questions in.
	pauseBytes = 64 << 10
)

func newLoop(e *Engine, index int, p poller) *Loop {
	now := e.clock.Now()
	return &Loop{
		index: index, engine: e, log: e.log, clock: e.clock,
		poller: p, now: now, wheel: newWheel(now),
		rbuf: make([]byte, readBuffer), wbuf: make([]byte, 0, writeBuffer),
		done: make(chan struct{}),
	}
}

// Index returns the loop's number, from 0.
func (l *Loop) Index() int { return l.index }

// Now returns the time at the beginning of the turn, in Clock milliseconds.
func (l *Loop) Now() int64 { return l.now }

// Post implements throng.Mailbox.
func (l *Loop) Post(t throng.Task) {
	wake, ok := l.mailbox.post(t)
	switch {
	case !ok:
		abandon(t)
	case wake:
		l.poller.wake()
	}
}

// abandon frees what a task holds that will never run.
func abandon(t throng.Task) {
	if a, ok := t.(interface{ abandon() }); ok {
		a.abandon()
	}
}

func (l *Loop) run() {
	defer close(l.done)
	l.manners = newManners(len(l.engine.loops))
	more := false
	for !l.stopping {
		if err := l.poller.wait(l, more); err != nil {
			l.log.Error("loop cannot wait", "loop", l.index, "error", err)
			break
		}
		l.runTasks()
		for _, c := range l.wheel.expire(l.now) {
			l.fire(c)
		}
		more = l.turner != nil && l.turner.Turn()
		l.checkStalled() // may end connections, so before those are told
		for len(l.dirty)+len(l.ended) > 0 {
			l.flushDirty()
			l.tellEnded()
		}
		l.scratch.reset()
		worked := time.Now()
		l.manners.worked = worked
		l.stats.turn(worked.Sub(l.woke), l.queued)
	}
	l.stop()
}

// runTasks runs what was posted, in order, and no more of it than of readiness:
// who posts much must not stop the others.
func (l *Loop) runTasks() {
	tasks := l.mailbox.take()
	for i, t := range tasks {
		tasks[i] = nil // the next turn may be far, and a task may hold a lot
		t.Run(l.index)
	}
}

// begin starts a turn; the pollers call it when they have waited.
func (l *Loop) begin() {
	l.woke = time.Now()
	l.manners.woke(l.woke)
	l.now = l.clock.Now()
}

// timeout returns how many milliseconds the loop may sleep; -1: no limit.
func (l *Loop) timeout() int {
	wait := l.wheel.wait(l.clock.Now())
	if len(l.stalled) > 0 && (wait < 0 || wait > stallCheck) {
		wait = stallCheck
	}
	return int(wait)
}

// add gives a connection its slot.
func (l *Loop) add(c *Conn, h Handler) {
	if l.gen++; l.gen == 0 { // the zero Ref names nobody
		l.gen++
	}
	c.loop, c.handler, c.gen, c.active = l, h, l.gen, l.wheel.tick(l.now)
	c.slot = l.slots.put(c)
}

// lookup returns the connection that a Ref of this loop names, or nil.
func (l *Loop) lookup(slot, gen uint32) *Conn {
	if c := l.slots.at(slot); c != nil && c.gen == gen {
		return c
	}
	return nil
}

// feed hands input to the handler and keeps what it leaves. b starts with what
// it left last time.
func (l *Loop) feed(c *Conn, b []byte) {
	c.active = l.wheel.tick(l.now)
	if !c.Open() {
		return // a lingering peer: read and forget
	}
	l.feeding = c
	used := c.handler.Data(c, b)
	l.feeding = nil
	switch rest := b[used:]; {
	case !c.Open():
		c.in = nil
	case len(rest) == 0:
		c.in = nil
	case len(rest) == len(l.rbuf):
		c.Abort(ErrOverrun)
	case c.in == nil:
		spill := append([]byte(nil), rest...)
		c.in = &spill
	default:
		*c.in = append((*c.in)[:0], rest...)
	}
}

// input copies what the handler left to the front of the read buffer and returns
// its length.
func (l *Loop) input(c *Conn) int {
	if c.in == nil {
		return 0
	}
	return copy(l.rbuf, *c.in)
}

// present feeds input that did not come through the read buffer, in pieces that
// fit it.
func (l *Loop) present(c *Conn, b []byte) {
	for len(b) > 0 && !c.is(flagGone) {
		off := l.input(c)
		n := copy(l.rbuf[off:], b)
		b = b[n:]
		l.unseen = b
		l.received(c, off, n)
	}
	l.unseen = nil
}

// received is told how much a carrier read behind input's bytes.
func (l *Loop) received(c *Conn, off, n int) {
	l.stats.BytesIn.Add(uint64(n))
	l.feed(c, l.rbuf[:off+n])
}

// fire runs a due timer.
func (l *Loop) fire(c *Conn) {
	switch {
	case c.is(flagGone | flagEnded):
	case !c.Open():
		c.Abort(nil) // the peer had its time to close
	default:
		c.handler.Timer(c)
	}
}

// end puts a connection on the list of those that tellEnded finishes with. A
// finishing one is told to its handler at once and destroyed later.
func (l *Loop) end(c *Conn, cause error) {
	if !c.is(flagEnded) {
		c.flags |= flagEnded
		l.ended = append(l.ended, ending{c, cause})
	}
}

// tellEnded tells handlers the end of their connections. It runs after the
// writes, so that a connection that could be flushed is done with.
func (l *Loop) tellEnded() {
	for i := 0; i < len(l.ended); i++ { // handlers may end others
		c, cause := l.ended[i].c, l.ended[i].cause
		l.ended[i] = ending{}
		if c.is(flagGone) {
			continue
		}
		c.flags &^= flagEnded
		l.tell(c, cause)
		if !c.is(flagFinishing) {
			l.destroy(c)
			continue
		}
		l.wheel.remove(c) // while it is written to, the write timeout watches
		if !c.pending() {
			l.said(c)
		}
	}
	l.ended = l.ended[:0]
}

func (l *Loop) tell(c *Conn, cause error) {
	if h := c.handler; h != nil {
		c.handler = nil
		c.in = nil
		h.Closed(c, cause)
	}
}

// said ends a finishing connection of which all is written. If the peer has not
// closed, we close our direction and wait for it to do so, so that unread input
// doesn't make the kernel reset away what we just said.
func (l *Loop) said(c *Conn) {
	if c.is(flagDeaf) {
		c.Abort(nil)
		return
	}
	c.flags = c.flags&^flagFinishing | flagLinger
	l.wheel.add(c, l.now+l.engine.opts.Linger.Milliseconds())
	c.closeWrite()
}

// destroy frees the descriptor and the record.
func (l *Loop) destroy(c *Conn) {
	l.forget(c)
	c.close()
	l.engine.release(l)
}

// forget takes the connection out of all of the loop's lists.
func (l *Loop) forget(c *Conn) {
	c.flags |= flagGone
	l.wheel.remove(c)
	if c.out != nil {
		l.dropQueue(c)
	}
	if c.is(flagAsked) {
		l.asked--
	}
	if len(l.peers) > 0 {
		delete(l.peers, c.slot)
	}
	c.in = nil
	l.slots.drop(c.slot)
}

func (l *Loop) dropQueue(c *Conn) {
	l.queued -= int64(c.out.bytes)
	l.queues.put(c.out)
	c.out = nil
}

// eof is told by a carrier that nothing more will come.
func (l *Loop) eof(c *Conn, cause error) {
	if cause == nil {
		cause = io.EOF
	}
	if cause != io.EOF || !c.pending() {
		c.Abort(cause)
		return
	}
	// The peer may have closed its direction only: what waits is written, it may
	// be the answer to its last words. If it is gone, writing fails soon.
	c.flags |= flagDeaf
	c.Finish(cause)
}

// stop ends everything that is left.
func (l *Loop) stop() {
	for _, t := range l.mailbox.close() {
		abandon(t)
	}
	for slot := range l.slots.made {
		if c := l.slots.at(uint32(slot)); c != nil {
			l.tell(c, ErrStopped)
			l.destroy(c)
		}
	}
	l.stats.Queued.Store(l.queued)
	l.close()
}

func (l *Loop) close() {
	l.poller.close()
	if r := l.together.ring; r != nil {
		r.close()
	}
}

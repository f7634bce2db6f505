package loop

import (
	"errors"
	"fmt"

	"throng"
)

// Handler is what the bytes of a connection are given to. Its methods are called
// on the loop that owns the connection, one at a time, and must not block.
type Handler interface {
	// Open is called once, before any Data, when the connection was placed.
	Open(c *Conn)
	// Data hands over received bytes and returns how many were consumed. The
	// rest is presented again, in front of what follows; a handler that leaves
	// more than the engine's read buffer holds is cut off. The handler may change
	// b, and may not keep it.
	Data(c *Conn, b []byte) int
	// Timer says that the deadline set with SetDeadline has come. It may come
	// too early, never twice for one deadline.
	Timer(c *Conn)
	// Message hands over what somebody posted to the connection's Ref.
	Message(c *Conn, m any)
	// Shutdown asks for an orderly end because the server stops.
	Shutdown(c *Conn)
	// Closed is called once, at the end of the turn in which the connection
	// ended for the handler: nothing is received or sent any more. The cause is
	// io.EOF when the peer closed, or closed its direction; what was sent until
	// then is still written if it takes it.
	Closed(c *Conn, cause error)
}

// Causes given to Handler.Closed and counted by reason.
var (
	ErrSlow    = fmt.Errorf("client did not read for too long: %w", throng.ErrSilent)
	ErrOverrun = errors.New("handler left more input than the read buffer holds")
	ErrStopped = errors.New("engine stopped")
)

// Conn is one connection. All methods are for the owning loop only, that is, for
// use within the calls of its Handler and of Tasks.
type Conn struct {
	loop    *Loop
	handler Handler
	out     *queue  // nil while nothing waits
	in      *[]byte // input that the handler has not consumed; nil while there is none
	carrier carrier // nil where the descriptor is all there is

	next, prev *Conn // timing wheel
	due        tick  // 0: no deadline

	fd     int32
	slot   uint32
	gen    uint32
	active tick // when bytes were last received
	flags  flags
}

type flags uint16

const (
	flagDirty     flags = 1 << iota // in the loop's list of connections to flush
	flagStalled                     // the carrier takes nothing now
	flagPaused                      // not read from, because it doesn't take its answers
	flagFinishing                   // ends when the queue is empty
	flagLinger                      // all was sent, waits for the peer's end
	flagEnded                       // in the loop's list of ended connections
	flagGone                        // destroyed or detached
	flagListed                      // in the loop's list of stalled connections
	flagDeaf                        // the peer closed its direction
	flagAsked                       // Shutdown was called
)

func (c *Conn) is(f flags) bool { return c.flags&f != 0 }

// Ref returns the connection's name.
func (c *Conn) Ref() throng.Ref {
	return throng.Ref{Loop: uint16(c.loop.index), Slot: c.slot, Gen: c.gen}
}

// Loop returns the loop that owns the connection.
func (c *Conn) Loop() *Loop { return c.loop }

// Handler returns the present handler.
func (c *Conn) Handler() Handler { return c.handler }

// SetHandler gives all further events to h. Open is not called.
func (c *Conn) SetHandler(h Handler) { c.handler = h }

// LastRead returns when bytes were last received, or taken by a peer that had not
// kept up, in Clock milliseconds, at most one tick (64 ms) too early.
func (c *Conn) LastRead() int64 { return c.loop.wheel.millis(c.active) }

// SetDeadline asks for Timer at a Clock time in milliseconds, instead of any
// earlier wish; 0 asks for none. The timer is never early by more than a spurious
// call and late by at most one tick (64 ms) and one turn.
func (c *Conn) SetDeadline(at int64) {
	if !c.Open() {
		return
	}
	if at == 0 {
		c.loop.wheel.remove(c)
		return
	}
	c.loop.wheel.add(c, at)
}

// Queued returns how many bytes wait to be written.
func (c *Conn) Queued() int {
	if c.out == nil {
		return 0
	}
	return c.out.bytes
}

// pending reports whether the carrier has not taken all that was sent.
func (c *Conn) pending() bool { return c.out != nil || c.writing() }

// writing reports whether the carrier took bytes that it has not passed on.
func (c *Conn) writing() bool { return c.carrier != nil && c.carrier.busy() }

// touch makes the end of the turn look at what the connection has to write.
func (c *Conn) touch() {
	if c.out == nil {
		c.out = c.loop.queues.get()
	}
	if c.flags&(flagDirty|flagStalled) == 0 {
		c.flags |= flagDirty
		c.loop.dirty = append(c.loop.dirty, c)
	}
}

// Open reports whether the connection still takes what is sent.
func (c *Conn) Open() bool {
	return !c.is(flagFinishing | flagLinger | flagEnded | flagGone)
}

// Send queues b, which nobody may change any more, and writes it with all else
// that waits at the end of the turn.
func (c *Conn) Send(b []byte) { c.enqueue(segment{b: b}) }

// SendDroppable queues a publication's frame, which is shared: it is not written at or
// after its deadline, Shed may drop it, and an urgent one goes ahead of those of other
// classes that are not. The class, not 0, says whose it is; what it has keeps its order.
func (c *Conn) SendDroppable(b []byte, t throng.Timing, class uint32) {
	c.enqueue(publication(b, t, class))
}

// Resend queues what Detach returned, as it was.
func (c *Conn) Resend(frames []Frame) {
	for _, f := range frames {
		c.enqueue(publication(f.B, f.Timing, f.Class))
	}
}

// Scratch returns an empty slice in the loop's own memory to append an answer
// to, for SendScratch. Nothing else may use the loop in between.
func (c *Conn) Scratch() []byte { return c.loop.scratch.tail() }

// SendScratch queues b[from:], where b was built by appending to Scratch.
func (c *Conn) SendScratch(b []byte, from int) {
	s := segment{b: b[from:]}
	if c.loop.scratch.take(b) {
		s.mark = markBit
	}
	c.enqueue(s)
}

func (c *Conn) enqueue(s segment) {
	if len(s.b) == 0 || !c.Open() {
		return
	}
	c.touch()
	if s.volatile() && c.is(flagStalled) { // it will wait for longer than this turn
		s.settle()
	}
	c.out.push(s)
	c.loop.queued += int64(len(s.b))
}

// Flush writes what waits now instead of at the end of the turn, so that Queued
// tells what the peer has not taken.
func (c *Conn) Flush() {
	switch {
	case c.out == nil || c.is(flagGone):
	case c.is(flagStalled):
		c.loop.expire(c.out) // what is out of date doesn't wait for anything
	default:
		c.loop.flush(c)
	}
}

// TakesNow reports whether the first of what is sent now would leave with Flush, as far
// as the system says so.
func (c *Conn) TakesNow() bool {
	switch {
	case c.out != nil || c.is(flagGone|flagEnded) || c.writing():
		return false
	case c.fd >= 0:
		return roomy(int(c.fd))
	}
	s, ok := c.carrier.(*stream)
	return !ok || s.roomy()
}

// Shed drops the oldest droppable frames that wait until at least need bytes are
// free or none is left, and calls lost with the class of each. Lost may not use
// the connection.
func (c *Conn) Shed(need int, lost func(class uint32)) (freed int) {
	if c.out == nil {
		return 0
	}
	freed = c.out.shed(need, lost)
	c.loop.queued -= int64(freed)
	return freed
}

// Finish ends the connection in good order: nothing more is received, what waits
// is written as long as the peer takes any of it within the write timeout, then
// the peer is given time to close.
func (c *Conn) Finish(cause error) {
	if c.Open() {
		c.flags |= flagFinishing
		c.loop.end(c, cause)
	}
}

// Abort ends the connection at once; what waits is dropped.
func (c *Conn) Abort(cause error) {
	if c.is(flagGone) {
		return
	}
	c.flags &^= flagFinishing | flagLinger
	if c.out != nil {
		c.loop.dropQueue(c)
	}
	c.loop.end(c, cause)
}

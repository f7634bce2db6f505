package gateway

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"throng"
	"throng/internal/gateway/events"
	"throng/internal/loop"
)

// flow is a feed that is carried by a request on a goroutine of net/http: an HTTP/2
// stream. Its session is a connection of a loop without a socket. What it sends is
// handed to the goroutine a chunk at a time; the rest waits in the connection's
// queue, with its deadlines and its bound.
type flow struct {
	*loop.Conn
	at     *feed
	feed   events.Feed
	asking *asking
	who    Verdict

	state  atomic.Uint32
	opened chan throng.Ref // told once
	chunks chan chunk      // holds one
	over   chan struct{}   // closed with the connection
	busy   bool            // a chunk is with the goroutine
	begun  bool            // a stream
	done   bool            // answered as a whole
	cause  error           // nil while the stream lives
}

var (
	_ loop.Outlet = (*flow)(nil)
	_ events.Conn = (*flow)(nil)
)

// chunk is what the goroutine writes next: a part of a stream, or with a status a
// whole answer.
type chunk struct {
	status int
	b      []byte
	until  int64        // from when on a whole answer may not be written, 0: never
	frames []loop.Frame // instead of b, if some have deadlines
}

// States of a flow: who came first, its loop or the end of its request.
const (
	flowWaits uint32 = iota
	flowOpened
	flowGiven // up
)

// maxChunk is about the most that is handed over at once.
const maxChunk = 64 << 10

// errNoReader is the end of a client that did not take what was sent.
var errNoReader = fmt.Errorf("the request ended: %w", io.EOF)

func newFlow(at *feed, a *asking, who Verdict) *flow {
	return &flow{
		at: at, asking: a, who: who,
		opened: make(chan throng.Ref, 1), chunks: make(chan chunk, 1), over: make(chan struct{}),
	}
}

// What the goroutine posts.
type (
	chunkTaken struct{}
	flowGone   struct{}
)

// serve is the goroutine's part.
func (f *flow) serve(w http.ResponseWriter, r *http.Request) {
	var ref throng.Ref
	select {
	case ref = <-f.opened:
	case <-r.Context().Done():
		if f.state.CompareAndSwap(flowWaits, flowGiven) {
			return
		}
		ref = <-f.opened
	}
	engine := f.at.gw.opts.Engine
	c := http.NewResponseController(w)
	begun := false
	write := func(k chunk) error {
		f.at.gw.writeFor(c)
		if k.status != 0 {
			f.answer(w, k)
			return nil
		}
		if !begun {
			begun = true
			beginStream(w.Header(), f.asking)
		}
		if err := f.put(w, c, ref, k); err != nil {
			return err
		}
		if err := c.Flush(); err != nil {
			return err
		}
		f.at.gw.writeAnytime(c)
		return nil
	}
	for {
		select {
		case k := <-f.chunks:
			if write(k) != nil {
				engine.Post(ref, flowGone{})
				return
			}
			engine.Post(ref, chunkTaken{})
		case <-f.over:
			select {
			case k := <-f.chunks: // the last
				_ = write(k)
			default:
			}
			return
		case <-r.Context().Done():
			engine.Post(ref, flowGone{})
			return
		}
	}
}

// answer writes a whole answer, if it is not too late for what is in it: then the client
// may ask again from where it stood.
func (f *flow) answer(w http.ResponseWriter, k chunk) {
	if k.until != 0 && f.at.gw.opts.Clock.Now() >= k.until {
		k.status, k.b = http.StatusTooManyRequests, events.Problem(throng.ErrTooManyRequests, "")
		f.at.gw.stats.refused(k.status)
	}
	answerWhole(w, f.asking, k.status, k.b)
}

// put writes a part of a stream. What has a deadline is looked at when all before it has
// left: net/http has a buffer, in which it would wait for a client that keeps its window
// closed. So no more than one waits there.
func (f *flow) put(w http.ResponseWriter, c *http.ResponseController, ref throng.Ref, k chunk) error {
	if k.frames == nil {
		_, err := w.Write(k.b)
		return err
	}
	for i := range k.frames {
		if i > 0 && k.frames[i].Timing.ExpiresAt != 0 {
			if err := c.Flush(); err != nil {
				return err
			}
		}
		if f.at.gw.over(ref.Loop, &k.frames[i]) {
			continue
		}
		if _, err := w.Write(k.frames[i].B); err != nil {
			return err
		}
	}
	return nil
}

// Open implements loop.Handler.
func (f *flow) Open(c *loop.Conn) {
	f.Conn = c
	if !f.state.CompareAndSwap(flowWaits, flowOpened) {
		c.Abort(errNoReader)
		return
	}
	f.opened <- c.Ref()
	if !f.who.stands() {
		f.Answer(http.StatusForbidden, events.Problem(throng.ErrPermissionDenied, ""), 0)
		return
	}
	if f.at.Poll {
		f.at.gw.stats.PollsWaiting.Add(1)
	}
	f.feed = f.at.open(f, f.asking, f.who)
}

// Begin implements events.Conn. The head goes out with the first chunk.
func (f *flow) Begin() {
	f.begun = true
	f.at.gw.stats.Streams.Add(1)
}

// Answer implements events.Conn.
func (f *flow) Answer(status int, body []byte, until int64) {
	if f.at.Poll {
		f.at.gw.stats.PollsAnswered.Add(1)
	}
	if status != http.StatusOK {
		f.at.gw.stats.refused(status)
	}
	f.done = true
	f.chunks <- chunk{status: status, b: body, until: until} // nothing was sent before
	f.Abort(errAnswered)
}

// Take implements loop.Outlet.
func (f *flow) Take(_ *loop.Conn, frames []loop.Frame) (taken int) {
	if f.busy {
		return 0
	}
	var k chunk
	for size := 0; taken < len(frames); taken++ {
		if size += len(frames[taken].B); taken > 0 && size > maxChunk {
			break
		}
	}
	if earliest(frames[:taken]) != 0 {
		k.frames = lasting(frames[:taken])
	} else {
		for _, frame := range frames[:taken] {
			k.b = append(k.b, frame.B...)
		}
	}
	f.busy = true
	f.chunks <- k // has room: the last one was taken
	return taken
}

// Close implements events.Conn.
func (f *flow) Close(cause error) {
	f.cause = cause
	f.settle()
}

// Name implements events.Conn.
func (f *flow) Name(secret [16]byte) string { return sessionToken{f.Ref(), secret}.String() }

// Now implements events.Conn.
func (f *flow) Now() int64 { return f.Loop().Now() }

// settle ends a flow that has said all.
func (f *flow) settle() {
	if f.cause == nil || !f.Conn.Open() {
		return
	}
	if f.Flush(); f.Queued() == 0 {
		f.Abort(f.cause)
	}
}

// Data implements loop.Handler; there is no socket to read from.
func (f *flow) Data(_ *loop.Conn, b []byte) int { return len(b) }

// Timer implements loop.Handler.
func (f *flow) Timer(*loop.Conn) {
	if f.feed != nil && !f.done && f.cause == nil {
		f.feed.Timer()
	}
}

// Message implements loop.Handler.
func (f *flow) Message(_ *loop.Conn, m any) {
	switch m.(type) {
	case chunkTaken:
		f.busy = false
		f.Ready()
		f.settle()
	case flowGone:
		f.Abort(errNoReader)
	default:
		if f.feed != nil && !f.done && f.cause == nil {
			f.feed.Message(m)
		}
	}
}

// Shutdown implements loop.Handler.
func (f *flow) Shutdown(c *loop.Conn) {
	if f.feed == nil {
		c.Abort(errShutdown)
		return
	}
	f.feed.Shutdown()
}

// Closed implements loop.Handler.
func (f *flow) Closed(_ *loop.Conn, cause error) {
	close(f.over)
	stats := &f.at.gw.stats
	if f.feed == nil {
		return
	}
	if f.at.Poll {
		stats.PollsWaiting.Add(-1)
	}
	if f.begun {
		stats.Streams.Add(-1)
		stats.ended(cause)
	}
	f.feed.Closed(cause)
}

package gateway

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"throng"
	"throng/internal/gateway/events"
	"throng/internal/loop"
)

// held is a request for a feed whose connection lives on a loop: until it is known
// who asks, until the answer, or as long as the stream lasts. It implements
// loop.Handler and events.Conn.
type held struct {
	*loop.Conn
	at     *feed
	feed   events.Feed // nil until it is known who asks
	asking *asking     // nil when a stream has begun
	state  heldState
	gone   atomic.Bool // nobody waits for a verdict any more; read by who finds out
}

type heldState uint8

const (
	heldAsks   heldState = iota // who it is, or whether it may
	heldPolls                   // waits for its answer
	heldStream                  // has begun
	heldOver                    // was answered
)

var (
	_ loop.Handler = (*held)(nil)
	_ events.Conn  = (*held)(nil)
)

// begin judges the request and asks who the client is.
func (h *held) begin(r *http.Request) {
	g := h.at.gw
	h.SetHandler(h)
	r.RemoteAddr = h.RemoteAddr().String()
	a, no := h.at.ask(r)
	h.asking = a
	if no.status != 0 {
		h.refuse(no)
		return
	}
	v, pending := h.at.Authenticate(a.credentials)
	if pending == nil {
		h.known(v)
		return
	}
	h.SetDeadline(h.Loop().Now() + g.opts.HeaderTimeout.Milliseconds())
	ref := h.Ref()
	alive := func() bool { return !h.gone.Load() }
	pending(alive, func(v Verdict) { g.opts.Engine.Post(ref, &ruling{h, v}) })
}

// ruling is a verdict on its way to its request: the connection may serve another one
// by then.
type ruling struct {
	on      *held
	verdict Verdict
}

// known goes on when it is known who asks.
func (h *held) known(v Verdict) {
	if v.Status == 0 && !v.stands() {
		v.Status = http.StatusForbidden
	}
	if v.Status != 0 {
		h.refuse(turnedAway(v))
		return
	}
	h.SetDeadline(0)
	if h.at.Poll {
		h.state = heldPolls
		h.at.gw.stats.PollsWaiting.Add(1)
	}
	h.feed = h.at.open(h, h.asking, v)
}

// refuse answers a request that gets no feed. Of what an EventSource is answered it
// understands a stream only: who shall come back gets one, which ends.
func (h *held) refuse(no refusal) {
	g := h.at.gw
	g.stats.refused(no.status)
	g.opts.Log.Debug("feed refused", "poll", h.at.Poll, "status", no.status)
	if no.wait > 0 && h.asking.eventSource {
		b := h.head(http.StatusOK, "text/event-stream", true)
		b = events.AppendFarewell(append(b, "\r\n"...), throng.DisconnectTooManyRequests, int(no.wait.Milliseconds()))
		h.SendScratch(b, 0)
		h.Finish(errRefused)
		return
	}
	h.answer(no)
}

// head begins the head of an answer in the loop's memory.
func (h *held) head(status int, content string, ends bool) []byte {
	b := strconv.AppendInt(append(h.Scratch(), "HTTP/1.1 "...), int64(status), 10)
	b = append(append(b, ' '), http.StatusText(status)...)
	b = append(append(b, "\r\nContent-Type: "...), content...)
	b = append(b, "; charset=utf-8\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nVary: Origin\r\n"...)
	if origin := h.asking.origin; origin != "" {
		b = append(append(append(b, "Access-Control-Allow-Origin: "...), origin...), "\r\n"...)
	}
	if ends {
		b = append(b, "Connection: close\r\n"...)
	}
	return b
}

// Begin implements events.Conn. The stream ends with its connection, so it needs no
// length and no chunks. Proxies are asked not to gather it.
func (h *held) Begin() {
	h.at.gw.stats.Streams.Add(1)
	b := h.head(http.StatusOK, "text/event-stream", true)
	h.SendScratch(append(b, "X-Accel-Buffering: no\r\n\r\n"...), 0)
	h.asking, h.state = nil, heldStream
}

// Answer implements events.Conn.
func (h *held) Answer(status int, body []byte, _ int64) {
	g := h.at.gw
	if h.state == heldPolls {
		g.stats.PollsWaiting.Add(-1)
		g.stats.PollsAnswered.Add(1)
	}
	if status != http.StatusOK {
		g.stats.refused(status)
	}
	h.answer(refusal{status: status, body: body})
}

// answer answers the request as a whole, and gives the connection back to the door.
func (h *held) answer(a refusal) {
	b := h.head(a.status, "application/json", !h.asking.keep)
	if a.wait > 0 {
		b = append(append(append(b, "Retry-After: "...), retryAfter(a.wait)...), "\r\n"...)
	}
	b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(a.body)), 10)
	h.SendScratch(append(append(b, "\r\n\r\n"...), a.body...), 0)
	h.state = heldOver
	h.gone.Store(true)
	if !h.asking.keep {
		h.Finish(errAnswered)
		return
	}
	h.SetHandler(rest{h.at.gw.door})
	h.SetDeadline(h.Loop().Now() + h.at.gw.opts.IdleTimeout.Milliseconds())
	h.Again()
}

// Close implements events.Conn.
func (h *held) Close(cause error) { h.Finish(cause) }

// Name implements events.Conn.
func (h *held) Name(secret [16]byte) string { return sessionToken{h.Ref(), secret}.String() }

// Now implements events.Conn.
func (h *held) Now() int64 { return h.Loop().Now() }

// Open implements loop.Handler.
func (h *held) Open(*loop.Conn) {}

// Data implements loop.Handler. The next request waits for the answer to this one;
// behind a stream there is none.
func (h *held) Data(_ *loop.Conn, b []byte) int {
	switch {
	case h.asking == nil:
		return len(b)
	case len(b) > h.at.gw.opts.MaxHeader:
		h.Abort(errPipelined)
		return len(b)
	}
	return 0
}

// Timer implements loop.Handler.
func (h *held) Timer(*loop.Conn) {
	if h.feed == nil {
		h.refuse(refusal{http.StatusServiceUnavailable, events.Problem(throng.ErrInternal, ""), laterTime})
		return
	}
	h.feed.Timer()
}

// Message implements loop.Handler.
func (h *held) Message(_ *loop.Conn, m any) {
	if r, ok := m.(*ruling); ok {
		if r.on == h && h.feed == nil {
			h.known(r.verdict)
		}
		return
	}
	if h.feed != nil {
		h.feed.Message(m)
	}
}

// Shutdown implements loop.Handler.
func (h *held) Shutdown(c *loop.Conn) {
	if h.feed == nil {
		c.Abort(errShutdown)
		return
	}
	if h.asking != nil {
		h.asking.keep = false
	}
	h.feed.Shutdown()
}

// Closed implements loop.Handler.
func (h *held) Closed(_ *loop.Conn, cause error) {
	h.gone.Store(true)
	stats := &h.at.gw.stats
	switch h.state {
	case heldPolls:
		stats.PollsWaiting.Add(-1)
	case heldStream:
		stats.Streams.Add(-1)
		stats.ended(cause)
	}
	if h.feed != nil {
		h.feed.Closed(cause)
	}
}

// rest waits for the next request on a connection whose last one was answered here.
type rest struct{ *door }

// maxAhead is what of earlier answers may wait when the next request is answered. Who
// asks and does not read would else be answered any amount.
const maxAhead = 64 << 10

// Data implements loop.Handler: from here on the client has the time for a head.
func (r rest) Data(c *loop.Conn, b []byte) int {
	if c.Flush(); c.Queued() > maxAhead {
		c.Abort(errPipelined)
		return len(b)
	}
	c.SetHandler(r.door)
	r.Open(c)
	return r.door.Data(c, b)
}

// Timer implements loop.Handler.
func (r rest) Timer(c *loop.Conn) { c.Finish(errIdle) }

// Shutdown implements loop.Handler: the last answer may still be on its way.
func (r rest) Shutdown(c *loop.Conn) { c.Finish(errShutdown) }

// returned is a connection that comes back from net/http with a request for a feed.
type returned struct {
	*door
	at *feed
	r  *http.Request
}

// Open implements loop.Handler.
func (r *returned) Open(c *loop.Conn) {
	h := &held{Conn: c, at: r.at}
	h.begin(r.r)
}

// writeFor sets a deadline for what is written to a request's client next.
func (g *Gateway) writeFor(c *http.ResponseController) {
	_ = c.SetWriteDeadline(time.Now().Add(g.opts.Engine.WriteTimeout()))
}

// writeAnytime lifts the deadline: in HTTP/2 it ends a stream also while nothing is
// written.
func (g *Gateway) writeAnytime(c *http.ResponseController) { _ = c.SetWriteDeadline(time.Time{}) }

package gateway

import (
	"fmt"
	"io"

	"throng"
	"throng/internal/gateway/phoenix"
	"throng/internal/loop"
)

// poll is the session of a long-poll client: a connection of a loop whose client
// comes and goes with HTTP requests. What the protocol sends waits in the
// connection's queue, with its deadlines and its bound, until a poll takes it.
//
// A session that the server ended (cause) is told to its protocol at once. What
// was sent before waits for a poll, as long as the window allows.
type poll struct {
	*loop.Conn
	l      *LongPoll
	begin  func(c phoenix.Conn) Protocol // nil if the client may not connect after all
	opened chan sessionToken             // told once, when the session is on its loop; closed if there is none

	proto   Protocol
	secret  [16]byte
	waiting *waiter // the newest poll, if it has no answer yet
	due     int64   // when the waiting poll is answered, or the window ends
	asked   int64   // when the client's last request came
	wish    int64   // the protocol's own deadline, 0 for none
	cause   error   // nil while the session lives
	told    bool    // the protocol knows that it is over
	reading bool    // a large body of the client's is being read
}

var (
	_ loop.Outlet  = (*poll)(nil)
	_ phoenix.Conn = (*poll)(nil)
)

// waiter is a poll that waits on its request's goroutine. Its answer always fits
// the channel.
type waiter struct {
	answers chan answer
	handed  bool // its answer has messages; for the loop
}

// answer is a poll's: a status, and for 200 the whole body.
type answer struct {
	status int
	body   *[]byte
}

func newWaiter() *waiter { return &waiter{answers: make(chan answer, 1)} }

// Causes of the end of long-poll sessions, counted as clients that were lost.
var (
	errNoPoll   = fmt.Errorf("no poll within the window: %w: %w", io.EOF, throng.ErrSilent)
	errVanished = fmt.Errorf("an answer did not reach the client: %w: %w", io.EOF, throng.ErrSilent)
)

// Open implements loop.Handler: the session begins.
func (p *poll) Open(c *loop.Conn) {
	p.Conn = c
	p.secret = newSecret()
	p.heard()
	p.l.gw.stats.LongPolls.Add(1)
	p.rest()
	if p.proto = p.begin(p); p.proto == nil {
		close(p.opened)
		p.cause, p.told = errRefused, true // there is nobody to tell
		p.Abort(errRefused)
		return
	}
	p.opened <- p.token()
	p.begin, p.opened = nil, nil // an idle session keeps neither
}

func (p *poll) token() sessionToken { return sessionToken{p.Ref(), p.secret} }

// rest begins the window in which the next poll must come. Until now the client
// was there.
func (p *poll) rest() {
	p.Heard()
	p.due = p.Loop().Now() + p.l.opts.Window.Milliseconds()
	p.arm()
}

// heard notes a request of the client.
func (p *poll) heard() {
	p.Heard()
	p.asked = p.Loop().Now()
}

func (p *poll) arm() { p.Conn.SetDeadline(throng.Earlier(p.due, p.wish)) }

// arrive takes a poll. The newest gets the messages.
func (p *poll) arrive(w *waiter) {
	p.l.gw.stats.Polls.Add(1)
	p.heard()
	if p.waiting != nil {
		p.answer(answer{status: statusNone})
	}
	p.waiting = w
	p.due = p.Loop().Now() + p.l.opts.PollTimeout.Milliseconds()
	p.arm()
	p.Ready()
	p.settle()
}

// depart is told that a poll's request ended without its answer reaching the
// client. Messages that went with it are lost: a client that would poll again
// must not take what follows for all there is.
func (p *poll) depart(w *waiter) {
	switch {
	case w.handed:
		p.Abort(errVanished)
	case p.waiting == w:
		p.waiting = nil
		p.rest()
	}
}

func (p *poll) answer(a answer) {
	w := p.waiting
	p.waiting = nil
	w.handed = a.body != nil
	w.answers <- a
	p.rest()
}

// Take implements loop.Outlet.
func (p *poll) Take(_ *loop.Conn, frames [][]byte) (taken int) {
	if p.waiting == nil {
		return 0
	}
	body := p.l.body()
	*body, taken = appendPollBody((*body)[:0], statusOK, p.token().String(), frames, p.l.opts.MaxAnswer)
	p.answer(answer{statusOK, body})
	return taken
}

// Close implements phoenix.Conn. A long-poll has no close codes: the client is
// told 410 and comes back.
func (p *poll) Close(code uint16, reason string) {
	if p.cause == nil {
		p.cause = &throng.Disconnect{Code: code, Reason: reason}
		p.later()
	}
}

// settle is a message of the session to itself.
type settle struct{}

// later settles when the protocol, which called, is in the middle of nothing.
func (p *poll) later() { p.l.gw.opts.Engine.Post(p.Ref(), settle{}) }

// settle goes on with a session that is over: it ends when nothing waits.
func (p *poll) settle() {
	if p.cause == nil || !p.Conn.Open() {
		return
	}
	p.tell()
	p.Flush()
	if p.Queued() == 0 {
		p.Abort(p.cause)
	}
}

// tell tells the protocol, once, that the session is over.
func (p *poll) tell() {
	if !p.told {
		p.told = true
		p.wish = 0
		p.proto.Closed(p.cause)
	}
}

// SendScratch implements session.Transport; nothing is said after Close.
func (p *poll) SendScratch(b []byte, from int) {
	if p.cause == nil {
		p.Conn.SendScratch(b, from)
	}
}

// SendDroppable implements session.Transport.
func (p *poll) SendDroppable(b []byte, expires int64, class uint32) {
	if p.cause == nil {
		p.Conn.SendDroppable(b, expires, class)
	}
}

// SetDeadline implements phoenix.Conn.
func (p *poll) SetDeadline(at int64) {
	p.wish = at
	p.arm()
}

// LastRead implements phoenix.Conn: a client that waits is there. One that turned out
// not to be was, when it last asked.
func (p *poll) LastRead() int64 {
	switch {
	case p.told:
		return p.asked
	case p.waiting != nil:
		return p.Loop().Now()
	}
	return p.Conn.LastRead()
}

// Carriage implements phoenix.Conn.
func (p *poll) Carriage() phoenix.Carriage { return phoenix.Text }

// Data implements loop.Handler; there is no socket to read from.
func (p *poll) Data(_ *loop.Conn, b []byte) int { return len(b) }

// Timer implements loop.Handler. It may come too early.
func (p *poll) Timer(*loop.Conn) {
	now := p.Loop().Now()
	switch {
	case now < p.due:
	case p.waiting == nil && p.cause == nil:
		p.Abort(errNoPoll)
		return
	case p.waiting == nil:
		p.Abort(p.cause)
		return
	default:
		p.answer(answer{status: statusNone})
	}
	if p.wish != 0 && p.wish <= now {
		p.wish = 0
		p.proto.Timer()
	}
	p.arm()
}

// Message implements loop.Handler.
func (p *poll) Message(_ *loop.Conn, m any) {
	if m == (settle{}) {
		p.settle()
	} else if p.cause == nil {
		p.proto.Message(m)
	}
}

// Shutdown implements loop.Handler. Who does not wait could not come back for
// more: the server takes no requests any more.
func (p *poll) Shutdown(*loop.Conn) {
	if p.cause == nil {
		p.proto.Shutdown()
	}
	p.Flush()
	p.Abort(p.cause)
}

// Closed implements loop.Handler.
func (p *poll) Closed(_ *loop.Conn, cause error) {
	if p.cause == nil {
		p.cause = cause
	}
	p.tell()
	if p.waiting != nil {
		p.waiting.answers <- answer{status: statusGone}
		p.waiting = nil
	}
	p.l.gw.stats.ended(p.cause)
	p.l.gw.stats.LongPolls.Add(-1)
}

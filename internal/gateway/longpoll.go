package gateway

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"throng"
)

// LongPollOptions configure Phoenix's transport for networks that let no
// WebSocket through; the zero value of each but Phoenix has a default.
type LongPollOptions struct {
	Phoenix Phoenix
	// Window is how long a session lives without a poll; default 15 s.
	Window time.Duration
	// PollTimeout is how long a poll waits for messages; default two thirds of
	// Window.
	PollTimeout time.Duration
	// DispatchTimeout is how long a POST waits for its loop; default 5 s.
	DispatchTimeout time.Duration
	// MaxBody is the largest body of a request; default 1 MiB.
	MaxBody int
	// MaxSessions is how many sessions there may be; default half of the engine's
	// connections. A session costs its client neither a socket nor a port, so it
	// must not be able to take the places of all others.
	MaxSessions int
	// MaxAnswer is the most that the messages of one answer take, unless it is a
	// single one; default 256 KiB.
	MaxAnswer int
}

// LongPoll answers the requests of long-polls. A session is a connection of the
// engine that has no socket (poll); requests only bring it what a client says and
// wait for what it has to say. In Phoenix the status that counts is in the body,
// and that of HTTP is 200.
type LongPoll struct {
	gw     *Gateway
	opts   LongPollOptions
	bodies sync.Pool // of *[]byte

	bodiesRead atomic.Int64 // large bodies that are being read
}

var _ http.Handler = (*LongPoll)(nil)

// LongPoll makes the handler of a long-poll path, for HandleHTTP.
func (g *Gateway) LongPoll(o LongPollOptions) *LongPoll {
	if o.Window <= 0 {
		o.Window = 15 * time.Second
	}
	if o.PollTimeout <= 0 {
		o.PollTimeout = o.Window * 2 / 3
	}
	if o.DispatchTimeout <= 0 {
		o.DispatchTimeout = 5 * time.Second
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 1 << 20
	}
	if o.MaxSessions <= 0 {
		o.MaxSessions = max(1, g.opts.Engine.MaxConns()/2)
	}
	if o.MaxAnswer <= 0 {
		o.MaxAnswer = 256 << 10
	}
	return &LongPoll{gw: g, opts: o}
}

// Statuses in the bodies of answers.
const (
	statusOK       = 200
	statusNone     = 204 // no message came in time
	statusRefused  = 403
	statusTimeout  = 408
	statusGone     = 410 // the session is another one now, or none
	statusTooLarge = 413
)

// ServeHTTP implements http.Handler.
func (l *LongPoll) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Origin")
	if !l.allow(r) {
		l.gw.refusedOrigin(r.Header.Get("Origin"), r.Host)
		l.gw.stats.refused(http.StatusForbidden)
		l.send(w, http.StatusForbidden, statusBody(statusRefused))
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		h.Set("Access-Control-Allow-Origin", origin)
	}
	switch r.Method {
	case http.MethodGet:
		l.poll(w, r)
	case http.MethodPost:
		l.say(w, l.push(w, r))
	case http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", "get, post, options")
		h.Set("Access-Control-Allow-Headers", "Accept, Content-Type, "+authHeader+", "+tokenHeader)
		h.Set("Access-Control-Max-Age", "3600")
	default:
		l.gw.stats.refused(http.StatusBadRequest)
		w.WriteHeader(http.StatusBadRequest)
	}
}

const (
	authHeader  = "X-Phoenix-AuthToken"
	tokenHeader = "X-Phoenix-Longpoll-Token"
)

// allow judges the origin as an upgrade's. A request has one origin, or none.
func (l *LongPoll) allow(r *http.Request) bool {
	switch given := r.Header["Origin"]; len(given) {
	case 0:
		return true
	case 1:
		return l.gw.opts.Origins.Allow([]byte(given[0]), []byte(r.Host))
	}
	return false
}

// say answers with a status alone.
func (l *LongPoll) say(w http.ResponseWriter, status int) {
	l.send(w, http.StatusOK, statusBody(status))
}

func statusBody(status int) []byte {
	return append(strconv.AppendInt([]byte(`{"status":`), int64(status), 10), '}')
}

// send writes an answer and returns when the kernel has it.
func (l *LongPoll) send(w http.ResponseWriter, code int, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c := http.NewResponseController(w)
	// HTTP/2 has windows that a client can keep closed, whatever its socket takes.
	_ = c.SetWriteDeadline(time.Now().Add(l.gw.opts.Engine.WriteTimeout()))
	w.WriteHeader(code)
	if _, err := w.Write(body); err != nil {
		return err
	}
	return c.Flush()
}

// post gives a task to the loop of a session. It reports false where there is
// none.
func (l *LongPoll) post(ref throng.Ref, t throng.Task) bool {
	e := l.gw.opts.Engine
	if int(ref.Loop) >= e.Loops() {
		return false
	}
	e.Mailbox(int(ref.Loop)).Post(t)
	return true
}

package gateway

import (
	"net/http"
	"net/url"

	"throng/internal/gateway/phoenix"
)

// session returns the token that a request names its session by. phoenix.js puts
// it behind the query's other parameters, where an application may have a "token"
// of its own: the last one counts.
func session(r *http.Request) (t sessionToken, ok bool) {
	q, _ := url.ParseQuery(r.URL.RawQuery) // what can't be read is left out
	if given := q["token"]; len(given) > 0 {
		if t, ok = parseSessionToken(given[len(given)-1]); ok {
			return t, true
		}
	}
	return parseSessionToken(r.Header.Get(tokenHeader))
}

// poll answers a GET: with what the session has to say, or with a new session.
func (l *LongPoll) poll(w http.ResponseWriter, r *http.Request) {
	t, ok := session(r)
	if !ok {
		l.open(w, r)
		return
	}
	waiter := newWaiter()
	if !l.post(t.ref, &arrival{l, t, waiter}) {
		l.open(w, r)
		return
	}
	select {
	case a := <-waiter.answers:
		l.answer(w, r, t, waiter, a)
	case <-r.Context().Done():
		l.post(t.ref, &departure{l, t, waiter})
	}
}

// answer writes what a loop answered to a poll.
func (l *LongPoll) answer(w http.ResponseWriter, r *http.Request, t sessionToken, waiter *waiter, a answer) {
	switch a.status {
	case statusDead:
		l.open(w, r)
	case statusOK:
		if r.Context().Err() != nil || l.send(w, http.StatusOK, *a.body) != nil {
			l.post(t.ref, &departure{l, t, waiter})
		}
		if cap(*a.body) <= 2*l.opts.MaxAnswer { // one that a big message made is not kept
			l.bodies.Put(a.body)
		}
	case statusGone:
		l.tell(w, a.status, "")
	default:
		l.tell(w, a.status, t.String())
	}
}

// tell answers a poll without messages.
func (l *LongPoll) tell(w http.ResponseWriter, status int, token string) {
	body, _ := appendPollBody(nil, status, token, nil, 0)
	_ = l.send(w, http.StatusOK, body)
}

// open begins a session, if the client may connect.
func (l *LongPoll) open(w http.ResponseWriter, r *http.Request) {
	if int(l.gw.stats.LongPolls.Load()) >= l.opts.MaxSessions {
		l.busy(w)
		return
	}
	if !l.gw.Admit(w, r) {
		return
	}
	c, ok := phoenix.ParsePoll(r.URL.RawQuery, r.Header.Get(authHeader))
	v := Verdict{Status: http.StatusForbidden}
	if ok {
		dropToken(c.Params)
		if v, ok = l.opts.Phoenix.Authenticate.wait(r, Credentials{c.Credential(), c.Params}); !ok {
			return // the client is gone
		}
	}
	if v.Status == http.StatusServiceUnavailable {
		l.busy(w)
		return
	}
	refuse := func(status int) {
		l.gw.opts.Log.Debug("connect refused", "path", r.URL.Path, "status", status)
		l.gw.stats.refused(http.StatusForbidden)
		l.say(w, statusRefused)
	}
	if v.Status != 0 {
		refuse(v.Status)
		return
	}
	opened := make(chan sessionToken, 1)
	p := &poll{l: l, opened: opened, begin: func(conn phoenix.Conn) Protocol {
		if !v.stands() {
			return nil
		}
		return l.opts.Phoenix.open(conn, c.Version, v)
	}}
	if !l.gw.opts.Engine.AdoptOutlet(p) {
		l.busy(w)
		return
	}
	select {
	case t, ok := <-opened:
		if !ok {
			refuse(http.StatusForbidden)
			return
		}
		l.tell(w, statusGone, t.String())
	case <-r.Context().Done(): // the session ends with its window
	}
}

// dropToken takes the token of a dead session out of what the client says about
// itself.
func dropToken(params url.Values) {
	given := params["token"]
	if len(given) == 0 {
		return
	}
	if _, ok := parseSessionToken(given[len(given)-1]); !ok {
		return
	}
	if params["token"] = given[:len(given)-1]; len(given) == 1 {
		delete(params, "token")
	}
}

// busy refuses a client over the connection limit. phoenix.js comes back after an
// answer without a body; with a status in it that it does not know, it never does.
func (l *LongPoll) busy(w http.ResponseWriter) {
	l.gw.stats.refused(http.StatusServiceUnavailable)
	w.Header().Set("Retry-After", "5")
	w.WriteHeader(http.StatusServiceUnavailable)
}

// body returns a buffer for an answer.
func (l *LongPoll) body() *[]byte {
	if b, ok := l.bodies.Get().(*[]byte); ok {
		return b
	}
	return new([]byte)
}

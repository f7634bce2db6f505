package gateway

import (
	"net/http"
	"strconv"

	"throng"
	"throng/internal/gateway/events"
)

// ServeHTTP answers what the door handed over: a request that is no GET, a POST of one's own to a stream, one on a
// connection that net/http keeps, which goes back to a loop, or one by HTTP/2.
func (f *feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.gw.writeFor(http.NewResponseController(w))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Origin")
	switch r.Method {
	case http.MethodGet:
	case http.MethodOptions:
		f.preflight(w, r)
		return
	case http.MethodPost:
		if !f.Poll {
			f.watch(w, r)
			return
		}
		fallthrough
	default:
		f.gw.stats.refused(http.StatusMethodNotAllowed)
		w.Header().Set("Allow", f.methods())
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if r.ContentLength != 0 { // nobody would read it
		w.Header().Set("Connection", "close")
		f.refuse(w, nil, refusal{status: http.StatusBadRequest, body: events.Problem(throng.ErrBadRequest, "a GET has no body")})
		return
	}
	if r.ProtoMajor == 1 {
		if c, in, ok := f.gw.takeBack(w); ok {
			f.gw.opts.Engine.AdoptFrom(c.peer, c.leave(), in, &returned{f.gw.door, f, r}, true)
		}
		return
	}
	f.gw.writeAnytime(http.NewResponseController(w))
	f.stream(w, r)
}

// methods are those that the path answers.
func (f *feed) methods() string {
	if f.Poll {
		return "GET, OPTIONS"
	}
	return "GET, POST, OPTIONS"
}

// preflight answers a browser that asks what a page of another origin may (Fetch
// standard, section 4.8).
func (f *feed) preflight(w http.ResponseWriter, r *http.Request) {
	origins := r.Header["Origin"]
	if len(origins) != 1 || !f.gw.opts.Origins.Allow([]byte(origins[0]), []byte(r.Host)) {
		f.gw.stats.refused(http.StatusForbidden)
		w.WriteHeader(http.StatusForbidden)
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origins[0])
	h.Set("Access-Control-Allow-Methods", f.methods())
	h.Set("Access-Control-Allow-Headers", "Authorization, Cache-Control, Content-Type, Last-Event-ID")
	h.Set("Access-Control-Max-Age", "3600")
	w.WriteHeader(http.StatusNoContent)
}

// stream answers a request that has no connection of its own, on its goroutine: the
// session lives on a loop all the same (flow).
func (f *feed) stream(w http.ResponseWriter, r *http.Request) {
	a, no := f.ask(r)
	if no.status != 0 {
		f.refuse(w, a, no)
		return
	}
	v, ok := f.Authenticate.wait(r, a.credentials)
	switch {
	case !ok: // the client is gone
		return
	case v.Status != 0:
		f.refuse(w, a, turnedAway(v))
		return
	}
	fl := newFlow(f, a, v)
	// A stream of HTTP/2 costs its client no socket: these must not be able to take
	// the places of all others.
	defer f.gw.flows.Add(-1)
	if f.gw.flows.Add(1) > int64(max(1, f.gw.opts.Engine.MaxConns()/2)) || !f.gw.opts.Engine.AdoptOutlet(fl) {
		f.refuse(w, a, refusal{http.StatusServiceUnavailable, events.Problem(throng.ErrTooManyRequests, ""), laterTime})
		return
	}
	fl.serve(w, r)
}

// refuse is held.refuse for a request on a goroutine.
func (f *feed) refuse(w http.ResponseWriter, a *asking, no refusal) {
	f.gw.stats.refused(no.status)
	f.gw.opts.Log.Debug("feed refused", "poll", f.Poll, "status", no.status)
	if no.wait > 0 && a.eventSource {
		beginStream(w.Header(), a)
		_, _ = w.Write(events.AppendFarewell(nil, throng.DisconnectTooManyRequests, int(no.wait.Milliseconds())))
		return
	}
	if no.wait > 0 {
		w.Header().Set("Retry-After", retryAfter(no.wait))
	}
	answerWhole(w, a, no.status, no.body)
}

// beginStream sets the headers of a stream.
func beginStream(h http.Header, a *asking) {
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	commonHeaders(h, a)
}

// answerWhole answers a request with JSON.
func answerWhole(w http.ResponseWriter, a *asking, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	commonHeaders(h, a)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func commonHeaders(h http.Header, a *asking) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Origin")
	if a != nil && a.origin != "" {
		h.Set("Access-Control-Allow-Origin", a.origin)
	}
}

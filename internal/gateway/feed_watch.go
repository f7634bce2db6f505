package gateway

import (
	"io"
	"net/http"
	"strings"
	"time"

	"throng"
	"throng/internal/gateway/events"
)

// report is what the client of a stream says of a channel, on its way to the stream's
// loop.
type report struct {
	at   *feed
	to   sessionToken
	says events.Report
	size int
	done chan refusal // holds one; status 0 for what is noted
}

// reportTimeout is how long a POST waits for the loop.
const reportTimeout = 5 * time.Second

// watch answers a POST: a page says what it shows of what its stream brings. Who knows
// the stream's name may; nothing else of the request says who it is. A page's last words
// come by navigator.sendBeacon, which sets no headers, so none is needed.
func (f *feed) watch(w http.ResponseWriter, r *http.Request) {
	a := &asking{}
	origins := r.Header["Origin"]
	if len(origins) > 1 || len(origins) == 1 && !f.gw.opts.Origins.Allow([]byte(origins[0]), []byte(r.Host)) {
		f.gw.refusedOrigin(strings.Join(origins, ", "), r.Host)
		f.refuse(w, a, refusal{status: http.StatusForbidden, body: events.Problem(throng.ErrPermissionDenied, "")})
		return
	}
	if len(origins) == 1 {
		a.origin = origins[0]
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, events.MaxReport+1))
	switch {
	case err != nil:
		w.Header().Set("Connection", "close")
		f.refuse(w, a, refusal{status: http.StatusRequestTimeout, body: events.Problem(throng.ErrBadRequest, "the body did not come")})
		return
	case len(body) > events.MaxReport:
		w.Header().Set("Connection", "close") // the rest is not read
		f.refuse(w, a, refusal{status: http.StatusRequestEntityTooLarge, body: events.Problem(throng.ErrLimitExceeded, "")})
		return
	}
	if no := f.deliver(r, body); no.status != 0 {
		f.refuse(w, a, no)
		return
	}
	commonHeaders(w.Header(), a)
	w.WriteHeader(http.StatusNoContent)
}

// deliver brings a report to its stream and waits until it is noted.
func (f *feed) deliver(r *http.Request, body []byte) refusal {
	says, hint := events.ParseReport(body)
	if hint != "" {
		return refusal{status: http.StatusBadRequest, body: events.Problem(throng.ErrBadRequest, hint)}
	}
	to, ok := parseSessionToken(says.Stream)
	if !ok || int(to.ref.Loop) >= f.gw.opts.Engine.Loops() {
		return goneStream()
	}
	p := &report{at: f, to: to, says: says, size: len(body), done: make(chan refusal, 1)}
	f.gw.opts.Engine.Mailbox(int(to.ref.Loop)).Post(p)
	timeout := time.NewTimer(reportTimeout)
	defer timeout.Stop()
	select {
	case no := <-p.done:
		return no
	case <-timeout.C: // or never, when the loop has stopped
	case <-r.Context().Done():
	}
	return refusal{http.StatusServiceUnavailable, events.Problem(throng.ErrInternal, ""), laterTime}
}

// goneStream refuses what is for no stream that is there. Whether there ever was one is
// not said.
func goneStream() refusal {
	return refusal{status: http.StatusGone, body: events.Problem(throng.ErrExpired, "no such stream; each one says in its event \"stream\" what it is called")}
}

// Run implements throng.Task.
func (p *report) Run(int) {
	s := p.stream()
	if s == nil {
		p.done <- goneStream()
		return
	}
	wait, err := s.Report(&p.says, p.size)
	if err == nil {
		p.done <- refusal{}
		return
	}
	hint := ""
	switch err {
	case throng.ErrUnknownChannel:
		hint = "not a channel of this stream"
	case throng.ErrNotAvailable:
		hint = "watching is not recorded in this namespace"
	}
	p.done <- refusal{events.StatusOf(err), events.Problem(err, hint), wait}
}

// stream is the one that the report is for; nil if it is not there, or another one.
func (p *report) stream() *events.Stream {
	c := p.at.gw.opts.Engine.Lookup(p.to.ref)
	if c == nil || !c.Open() {
		return nil
	}
	var feed events.Feed
	switch h := c.Handler().(type) {
	case *held:
		feed = h.feed
	case *flow:
		feed = h.feed
	}
	if s, ok := feed.(*events.Stream); ok && s.Knows(p.to.secret) {
		return s
	}
	return nil
}

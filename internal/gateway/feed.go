package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"throng"
	"throng/internal/gateway/events"
	"throng/internal/loop"
)

// Feed is a path whose GETs are answered with a stream of events, or with a poll's
// answer when there is one.
type Feed struct {
	Events       *events.Gateway
	Authenticate Authenticate
	// Poll makes it a path of polls.
	Poll bool
}

// feed is a Feed at its path. As an http.Handler it answers what the door hands over.
type feed struct {
	gw   *Gateway
	path string
	Feed
}

// HandleFeed adds a path of feeds.
func (g *Gateway) HandleFeed(path string, f Feed) {
	at := &feed{g, path, f}
	g.feeds[path] = at
	g.plain[path] = at
}

// feedAt returns the feed that a head asks for, or nil.
func (g *Gateway) feedAt(head []byte) *feed {
	target, ok := bytes.CutPrefix(head, []byte("GET "))
	if !ok || len(g.feeds) == 0 {
		return nil
	}
	end := bytes.IndexAny(target, " ?\r\n")
	return g.feeds[string(target[:max(0, end)])]
}

// errHead is a head that can be understood in two ways, or not at all.
var errHead = errors.New("bad request")

// readHead reads a whole head with net/http's reader, and refuses what its server
// would.
func readHead(head []byte) (*http.Request, error) {
	in := bytes.NewReader(head)
	buffered := bufio.NewReaderSize(in, min(len(head), 4<<10))
	r, err := http.ReadRequest(buffered)
	switch {
	case err == nil && in.Len()+buffered.Buffered() > 0: // it ends early, for who takes a bare line feed as an end
		return nil, errHead
	case err == nil && !validHost(r.Host):
		return nil, errHead
	case err != nil || r.ProtoMajor != 1 || r.Host == "" && r.ProtoMinor > 0:
		return nil, errHead
	case r.ContentLength != 0 || len(r.TransferEncoding) > 0: // nobody would read it
		return nil, errHead
	case countHeader(head, "host") > 1: // RFC 9112 section 3.2
		return nil, errHead
	}
	return r, nil
}

// validHost reports whether a Host header can be one (RFC 3986 section 3.2.2).
func validHost(host string) bool {
	for i := range len(host) {
		if c := host[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}/?#", c) >= 0 {
			return false
		}
	}
	return true
}

// countHeader counts the lines of a header.
func countHeader(head []byte, name string) (n int) {
	for line := range bytes.Lines(head) {
		if field, _, ok := bytes.Cut(line, []byte(":")); ok && strings.EqualFold(string(field), name) {
			n++
		}
	}
	return n
}

// asking is a request for a feed: what is needed of it until it is answered.
type asking struct {
	origin      string // whose page may read the answer; empty for none
	keep        bool   // the connection may serve another request
	eventSource bool   // the client comes back by itself, if it gets a stream
	credentials Credentials
	request     events.Request
}

// refusal is how a request is refused.
type refusal struct {
	status int
	body   []byte
	wait   time.Duration // when to come back, 0 if that would not help
}

// ask reads a request and judges it in the order of an upgrade: origin, rates, what
// it asks for. Who it is comes next.
func (f *feed) ask(r *http.Request) (a *asking, no refusal) {
	g := f.gw
	a = &asking{keep: r.ProtoAtLeast(1, 1) && !r.Close}
	origins := r.Header["Origin"]
	if len(origins) > 1 || len(origins) == 1 && !g.opts.Origins.Allow([]byte(origins[0]), []byte(r.Host)) {
		g.refusedOrigin(strings.Join(origins, ", "), r.Host)
		return a, refusal{status: http.StatusForbidden, body: events.Problem(throng.ErrPermissionDenied, "")}
	}
	if len(origins) == 1 {
		a.origin = origins[0]
	}
	a.eventSource = !f.Poll && strings.Contains(r.Header.Get("Accept"), "text/event-stream")
	if status, wait := g.admit(func() netip.Addr { return g.ClientAddr(r) }); status != 0 {
		return a, refusal{status, events.Problem(throng.ErrTooManyRequests, ""), wait}
	}
	q, _ := url.ParseQuery(r.URL.RawQuery) // what can't be read is left out
	if f.Poll {
		var hint string
		if a.request, hint = events.ParsePoll(q); hint != "" {
			return a, refusal{status: http.StatusBadRequest, body: events.Problem(throng.ErrBadRequest, hint)}
		}
	} else {
		a.request = events.ParseEvents(q, r.Header.Get("Last-Event-ID"))
	}
	a.credentials = Credentials{Token: bearer(r.Header.Get("Authorization")), Params: q}
	if given := q["token"]; a.credentials.Token == "" && len(given) > 0 {
		a.credentials.Token = given[len(given)-1]
	}
	return a, refusal{}
}

// bearer is the token of an Authorization header (RFC 6750 section 2.1).
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// turnedAway is how a client is refused by a verdict.
func turnedAway(v Verdict) refusal {
	if v.Status == http.StatusServiceUnavailable {
		return refusal{v.Status, events.Problem(throng.ErrInternal, ""), laterTime}
	}
	return refusal{status: v.Status, body: events.Problem(throng.ErrPermissionDenied, "")}
}

// laterTime is when somebody comes back who could not be told anything better.
const laterTime = 5 * time.Second

// open begins the feed on its conn.
func (f *feed) open(c events.Conn, a *asking, v Verdict) events.Feed {
	who := events.Client{Identity: v.Identity, Until: v.Until}
	if f.Poll {
		return f.Events.Poll(c, a.request, who)
	}
	return f.Events.Stream(c, a.request, who)
}

// feed answers a GET whose head is b[:end].
func (d *door) feed(c *loop.Conn, at *feed, b []byte, end int) int {
	r, err := readHead(b[:end])
	if err != nil {
		d.refuse(c, 400, err.Error(), "")
		return len(b)
	}
	h := &held{Conn: c, at: at}
	h.begin(r)
	if !c.Open() {
		return len(b)
	}
	if end < len(b) {
		c.Again() // the rest is whose the connection is now
	}
	return end
}

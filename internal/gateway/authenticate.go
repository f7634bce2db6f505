package gateway

import (
	"net/http"
	"net/url"

	"throng"
)

// Credentials are what a client says about itself when it connects.
type Credentials struct {
	// Token is its connection token, wherever it stood; empty for none.
	Token string
	// Params are the parameters of its query.
	Params url.Values
}

// Verdict answers a client that wants to connect.
type Verdict struct {
	// Status refuses it with an HTTP status; 0 lets it in.
	Status int
	// Identity is who it is; nil for somebody of whom nothing is known.
	Identity *throng.Identity
	// Until is when, in Clock milliseconds, a client that is let in without a token
	// must have sent one; 0 if it need not.
	Until int64
	// Still is asked on the loop on which the client's session is about to begin,
	// unless it is nil: false refuses the client after all. A verdict may have become
	// old on its way there.
	Still func() bool
}

// stands reports whether the verdict is still the same.
func (v *Verdict) stands() bool { return v.Still == nil || v.Still() }

// Pending is a verdict that is not known yet. It is called once, and calls done
// once, from anywhere, perhaps before it returns. alive may be called from anywhere
// too: it reports whether the client still waits; else any verdict will do.
type Pending func(alive func() bool, done func(Verdict))

// Authenticate says who a client is. It is called on a loop and does not block: a
// Pending that is not nil stands in for the verdict.
type Authenticate func(c Credentials) (Verdict, Pending)

// wait is Authenticate for who may block: a request's goroutine.
func (a Authenticate) wait(r *http.Request, c Credentials) (Verdict, bool) {
	v, pending := a(c)
	if pending == nil {
		return v, true
	}
	answer := make(chan Verdict, 1)
	alive := func() bool { return r.Context().Err() == nil }
	pending(alive, func(v Verdict) { answer <- v })
	select {
	case v = <-answer:
		return v, true
	case <-r.Context().Done():
		return v, false
	}
}

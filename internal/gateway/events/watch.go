package events

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"time"

	"throng"
	"throng/internal/rate"
	"throng/internal/session"
)

// A stream goes one way. What its client shows to its user it says by a request of its
// own, a POST to the stream's path, which names the stream by what the stream's event
// "stream" told it and nobody else.

// named is a stream that its client can say something of.
type named struct {
	secret [16]byte
	meter  rate.Meter
}

// name tells the client what to name the stream by, before the first of its channels in
// which watching is recorded. Who is no user has nothing to record.
func (s *Stream) name(sub *session.Subscription) {
	if s.named != nil || s.gw.opts.Watcher == nil || sub.Namespace().Watch == throng.WatchOff || s.User() == "" {
		return
	}
	s.named = &named{meter: rate.NewMeter(s.gw.opts.Clock.Now())}
	_, _ = rand.Read(s.named.secret[:]) // never fails: crypto/rand.Read aborts the program instead
	s.say("", "stream", struct {
		ID string `json:"id"`
	}{s.Name(s.named.secret)})
}

// Report is what a client says of a channel of its stream.
type Report struct {
	Stream  string `json:"stream"`
	Channel string `json:"channel"`
	// What is left out is true, for pages that have nothing to play, or can't tell
	// whether they are seen.
	Visible *bool `json:"visible"`
	Playing *bool `json:"playing"`
}

// MaxReport is the largest report in bytes: a name of a stream, a name of a channel with
// every byte escaped, and room for what is not looked at.
const MaxReport = 4 << 10

// ParseReport reads the body of a POST.
func ParseReport(body []byte) (r Report, hint string) {
	const form = `send {"stream":"…","channel":"…","visible":true,"playing":true}`
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) || json.Unmarshal(body, &r) != nil {
		return r, form
	}
	if r.Stream == "" || r.Channel == "" {
		return r, form
	}
	return r, ""
}

// Knows reports whether somebody knows the secret of the stream's name. It takes a time
// that says nothing about it.
func (s *Stream) Knows(secret [16]byte) bool {
	return s.named != nil && !s.Ended() && subtle.ConstantTimeCompare(s.named.secret[:], secret[:]) == 1
}

// Report takes what a client says that knows the stream's name. n is how many bytes that
// was. Too much of it is refused, with when to come back.
func (s *Stream) Report(r *Report, n int) (wait time.Duration, err *throng.Error) {
	if v, wait := s.named.meter.Take(s.gw.opts.Rates, s.gw.opts.Clock.Now(), n); v != rate.Pass {
		s.gw.early.Add(1)
		return max(wait, time.Second), throng.ErrTooManyRequests
	}
	sub := s.Find([]byte(r.Channel))
	if sub == nil {
		return 0, throng.ErrUnknownChannel
	}
	return 0, sub.Watch(said(r.Visible), said(r.Playing))
}

// said is what a client said, or may leave out because it is so.
func said(of *bool) bool { return of == nil || *of }

// StatusOf is the HTTP status of an error.
func StatusOf(err *throng.Error) int { return statusOf(err) }

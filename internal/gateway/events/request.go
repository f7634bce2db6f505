package events

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"throng"
)

// Request is what a client asks for with its query.
type Request struct {
	// Channels are those it names, each once.
	Channels []string
	// Tokens are its subscription tokens.
	Tokens []string

	presence bool             // who is in its channels is wanted too, of /events
	places   places           // where its last connection stood, of /events
	since    *throng.Position // the same, of /poll
	timeout  time.Duration    // how long a poll waits
	limit    int              // how many publications a poll is answered with
	says     bool             // the poll says what its client shows:
	watches  bool             // the channel
}

// How long polls wait, and how much they are answered with.
const (
	pollTimeout    = 25 * time.Second
	maxPollTimeout = 60 * time.Second
	pollLimit      = 100
	maxPollLimit   = 1000
)

// ParseEvents reads a request for events. lastID is the header Last-Event-ID, which
// an EventSource sends when it comes back; who can't send it has the parameter
// last_event_id. An id that says nothing is no error: the client begins anew and is
// told so.
func ParseEvents(q url.Values, lastID string) Request {
	r := Request{Channels: once(q["channel"]), Tokens: q["subscription"]}
	if lastID == "" {
		lastID = last(q, "last_event_id")
	}
	r.places, _ = parseID(lastID)
	r.presence = last(q, "presence") == "1"
	return r
}

// ParsePoll reads a poll. Its error names the parameter.
func ParsePoll(q url.Values) (r Request, hint string) {
	r = Request{Channels: once(q["channel"]), Tokens: q["subscription"], timeout: pollTimeout, limit: pollLimit}
	if len(r.Channels) != 1 {
		return r, "a poll has one channel"
	}
	if s := last(q, "timeout"); s != "" {
		seconds, err := strconv.ParseUint(s, 10, 16)
		if err != nil {
			return r, "timeout is a number of seconds"
		}
		r.timeout = min(time.Duration(seconds)*time.Second, maxPollTimeout)
	}
	if s := last(q, "limit"); s != "" {
		n, err := strconv.ParseUint(s, 10, 31)
		if err != nil || n == 0 {
			return r, "limit is a number from 1 on"
		}
		r.limit = min(int(n), maxPollLimit)
	}
	if r.says = q.Has("visible") || q.Has("playing"); r.says {
		visible, ok := flag(q, "visible")
		playing, too := flag(q, "playing")
		if !ok || !too {
			return r, "visible and playing are true or false"
		}
		r.watches = visible && playing
	}
	if !q.Has("offset") && !q.Has("epoch") {
		return r, ""
	}
	offset, err := strconv.ParseUint(last(q, "offset"), 10, 64)
	if err != nil || !q.Has("epoch") {
		return r, "a position is offset and epoch, as the last answer had them"
	}
	r.since = &throng.Position{Offset: offset, Epoch: last(q, "epoch")}
	return r, ""
}

// last returns the last value of a parameter, as everywhere.
func last(q url.Values, name string) string {
	if given := q[name]; len(given) > 0 {
		return given[len(given)-1]
	}
	return ""
}

// flag reads what may be left out because it is so.
func flag(q url.Values, name string) (on, ok bool) {
	switch last(q, name) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return true, !q.Has(name)
}

// once leaves out what is repeated.
func once(names []string) (list []string) {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

// channelOf reads from a subscription token (RFC 7519) which channel it is for. It
// is not checked here: who checks it is told the channel that it must name.
func channelOf(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Channel string `json:"channel"`
	}
	if json.Unmarshal(b, &claims) != nil {
		return ""
	}
	return claims.Channel
}

// Package events is the state machines of the plain ways out: a stream of events
// for an EventSource (HTML standard, section 9.2), and polls for who can only ask.
// Both need no more of a client than a GET. The carrier, a socket on a loop or an
// HTTP/2 stream, is the gateway's.
//
// A stream says where it stands in the id of each event, and goes on from there
// when the client comes back with it. A poll is told its position by the client:
// between two polls the server knows nothing.
package events

import (
	"sync/atomic"
	"time"

	"throng"
	"throng/internal/rate"
	"throng/internal/session"
)

// Conn is what a stream or a poll is carried by.
type Conn interface {
	session.Transport
	// Begin answers the request with a stream, whose events follow.
	Begin()
	// Answer answers the request as a whole, with JSON. The connection may serve
	// other requests then, and nothing more is heard of it. A conn that writes later
	// than the call refuses the request for now if that would be at or after until, in
	// Clock milliseconds, 0 for never.
	Answer(status int, body []byte, until int64)
	// Close ends a stream when what was sent is written.
	Close(cause error)
	// Name is what the client names the conn by in a request of its own, with a secret
	// that proves that it was told.
	Name(secret [16]byte) string
	// SetDeadline asks for Feed.Timer at a Clock time in milliseconds, 0 for none.
	SetDeadline(at int64)
	// Now is the time of the loop's turn, in Clock milliseconds, LastAck when the
	// client's system last confirmed anything that was sent, 0 where that is not known.
	Now() int64
	LastAck() int64
	// TakesNow reports whether what is sent would leave at once.
	TakesNow() bool
}

// Feed is a stream or a poll, as its conn sees it. All its methods are for the loop
// that owns it.
type Feed interface {
	// Timer, Message, Shutdown and Closed are a loop.Handler's. Timer may come too
	// early.
	Timer()
	Message(m any)
	Shutdown()
	Closed(cause error)
	// Base returns the feed's session.
	Base() *session.Session
}

// State is what the screens of a user share, in the user's own channel.
type State interface {
	// Show shows a subscription that has begun all of it.
	Show(sub *session.Subscription)
}

// Client is who asks.
type Client struct {
	// Identity is what is known of it; nil for nothing.
	Identity *throng.Identity
	// Until is when it would have to send a token, in Clock milliseconds: it has no
	// way to do so after its request. 0 for who need not.
	Until int64
}

// Options configure all feeds of a node.
type Options struct {
	Node   session.Node
	Clock  *throng.Clock
	Limits session.Limits
	// Auth checks subscription tokens; nil where there are none.
	Auth session.Auth
	// Users are the sessions of each loop by user; nil if nobody asks for them.
	Users []*session.Users
	// Attendance are told of streams. A poll is a question: who asks is not here.
	Attendance []session.Attendance
	// State shows streams what their users' screens share; nil for nothing.
	State State
	// Own says that streams have their users' own channels.
	Own bool
	// Watcher is told who watches what, by streams and polls; nil where nobody wants to
	// know. Watching are told of polls that say so: those of Attendance whose books have
	// a grace, because a client between two polls is gone.
	Watcher  session.Watcher
	Watching []session.Attendance
	// Rates are what a client may say of its stream in a time; nil for any number.
	Rates *rate.Rates
	// Loops is the number of loops that feeds live on.
	Loops int
	// Encoding is the index of the first of Encoders in the hub.
	Encoding uint8
	// Beat is how long a stream may be silent; then a comment shows that it is
	// there. 0 is for ever.
	Beat time.Duration
	// Post brings a message to a feed's loop.
	Post func(to throng.Ref, m any)
}

// Gateway makes feeds.
type Gateway struct {
	polls  atomic.Uint32 // so far
	opts   Options
	env    session.Env // of streams
	asking session.Env // of polls
	seeing session.Env // of polls whose clients say what they watch
	beat   int64
	recent []recent // by loop
}

// New makes a gateway.
func New(o Options) *Gateway {
	g := &Gateway{opts: o, beat: o.Beat.Milliseconds(), recent: make([]recent, o.Loops)}
	g.env.Node, g.env.Limits, g.env.Clock = o.Node, o.Limits, o.Clock
	g.env.Auth, g.env.Users, g.env.Attendance, g.env.Own = o.Auth, o.Users, o.Attendance, o.Own
	g.asking.Node, g.asking.Limits, g.asking.Clock = o.Node, o.Limits, o.Clock
	g.asking.Auth, g.asking.Users = o.Auth, o.Users
	g.env.Watcher = o.Watcher
	g.seeing.Node, g.seeing.Limits, g.seeing.Clock = o.Node, o.Limits, o.Clock
	g.seeing.Auth, g.seeing.Users = o.Auth, o.Users
	if g.seeing.Attendance = o.Watching; len(o.Watching) > 0 {
		g.seeing.Watcher = o.Watcher
	}
	return g
}

// Stats returns what happened to the sessions of streams, and to those of polls.
func (g *Gateway) Stats() []*session.Stats {
	return []*session.Stats{&g.env.Stats, &g.asking.Stats, &g.seeing.Stats}
}

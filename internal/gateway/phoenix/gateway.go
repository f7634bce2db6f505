// Package phoenix is the state machine of the Phoenix Channels wire: what a
// Phoenix server answers to each message, and what a session's events look like
// to a Phoenix client. The bytes are internal/protocol/phoenix's, the carrier
// (WebSocket, long-poll) is the gateway's.
//
// What Phoenix servers do was recorded from real ones; where 1.7 and 1.8 differ,
// this is 1.8. Beyond Phoenix, a join may ask for recovery (see join.go).
package phoenix

import (
	"sync/atomic"
	"time"

	"throng"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/rate"
	"throng/internal/session"
)

// Conn is what a socket is carried by.
type Conn interface {
	session.Transport
	// Close ends the connection with a WebSocket close code.
	Close(code uint16, reason string)
	// SetDeadline asks for Socket.Timer, LastRead says when the client was last
	// heard; both in Clock milliseconds.
	SetDeadline(at int64)
	LastRead() int64
	// Carriage says in what form the conn takes messages; it never changes.
	Carriage() Carriage
}

// Options configure all sockets of a node.
type Options struct {
	Node   session.Node
	Clock  *throng.Clock
	Limits session.Limits
	// Auth checks tokens that come after the connect; nil where there are none.
	Auth session.Auth
	// Users are the sessions of each loop by user; nil if nobody asks for them.
	Users []*session.Users
	// Attendance are told who comes and goes.
	Attendance []session.Attendance
	// Own says that clients are subscribed to their users' own channels.
	Own bool
	// Watcher is told who watches what; nil where nobody wants to know.
	Watcher session.Watcher
	// Presence answers what clients ask of who is in a channel; nil where there is none.
	Presence Presence
	// State shows clients what their users' screens share; nil for nothing.
	State State
	// Rates are what each client may send in a time; nil for any number.
	Rates *rate.Rates
	// Loops is the number of loops that sockets live on.
	Loops int
	// Encoding is the index of the first of Encoders in the hub.
	Encoding uint8
	// IdleTimeout is how long a client may be silent; it sends heartbeats.
	IdleTimeout time.Duration
	// DefaultEvent is the event of publications that have none.
	DefaultEvent string
	// Compression and HideDeadlines are those of the encoders in the hub.
	Compression   Compression
	HideDeadlines bool
	// Backend answers events in namespaces that say so; may be nil.
	Backend Backend
	// Desks answer the events of all namespaces whose names begin with a word of theirs
	// and an underscore; nil for none. Clients can't publish such events. The Data that a
	// desk is given is only there until Event returns, and so it can't have it broadcast.
	Desks map[string]Backend
	// Post brings the backend's answers back to a socket's loop.
	Post func(to throng.Ref, m any)
}

// Backend is the application behind channels whose events go to it.
type Backend interface {
	// Event handles one event of a client. It is called on a loop and must not
	// block; answer is called once, from anywhere, now or later.
	Event(e *Event, answer func(Answer))
}

// Event is what a client sent to a channel.
type Event struct {
	User    string
	Client  throng.ClientID
	Channel string
	Name    string
	Data    []byte
	Binary  bool
	// At is when it arrived, in Clock milliseconds.
	At int64
}

// Answer is what an application does about an event. The zero Answer does
// nothing.
type Answer struct {
	// Status, "ok" or "error", makes a reply with the Response (JSON, or any
	// bytes if Binary). With Broadcast it is the broker's answer that is replied.
	Status   string
	Response []byte
	Binary   bool
	// Broadcast publishes the event to the channel, before the reply.
	Broadcast bool
	// Behind has what was published to the channel before go first: the client sees the
	// answer behind the publication that it is about.
	Behind bool
	// Meta, if not nil, is a JSON object that replaces what is said of the client in
	// presence.
	Meta []byte
	// Stop ends the channel in good order, Crash with an error.
	Stop, Crash bool
}

// Gateway makes sockets.
type Gateway struct {
	opts     Options
	env      session.Env
	idle     int64
	decoders []codec.Decoder  // one per loop
	tapes    []tapes          // one per loop
	missed   []missed         // one per loop
	encoders []throng.Encoder // by encoding, counted from Options.Encoding

	early, floods atomic.Uint64 // see rate.go
}

// Stats returns what happened to the sessions.
func (g *Gateway) Stats() *session.Stats { return &g.env.Stats }

// New makes a gateway.
func New(o Options) *Gateway {
	if o.DefaultEvent == "" {
		o.DefaultEvent = "message"
	}
	return &Gateway{
		opts: o, idle: o.IdleTimeout.Milliseconds(),
		env: session.Env{
			Node: o.Node, Limits: o.Limits, Clock: o.Clock, Auth: o.Auth, Users: o.Users,
			Attendance: o.Attendance, Watcher: o.Watcher, Own: o.Own,
		},
		decoders: make([]codec.Decoder, o.Loops), tapes: make([]tapes, o.Loops), missed: make([]missed, o.Loops), encoders: Encoders(o.DefaultEvent, o.Compression, o.HideDeadlines),
	}
}

// Package session is one client's logical life, whatever wire it speaks: who it
// is, what it is subscribed to, from which position, and within which limits.
//
// A Session is owned by one loop and is plain data apart from its three
// neighbours: the Node below, whose verbs it uses, the Wire above, which it
// tells what happened, and the Transport that carries frames. All it knows can
// be captured as a State and put back into another process; whatever is under
// way names the session by its Ref.
package session

import (
	"sync/atomic"

	"throng"
)

// Transport carries frames to one client. A loop's connection is one.
type Transport interface {
	// Ref names the transport for posts from elsewhere.
	Ref() throng.Ref
	// Scratch and SendScratch build an answer in the loop's own memory: append
	// to Scratch, hand the result to SendScratch, which sends b[from:].
	Scratch() []byte
	SendScratch(b []byte, from int)
	// SendDroppable queues a publication's frame, which is shared: it is dropped at its
	// deadline and may be shed; class says whose it is.
	SendDroppable(b []byte, t throng.Timing, class uint32)
	// Queued is how many bytes wait, Flush tries to write them, and Shed drops
	// droppable frames, oldest first, until need bytes are free.
	Queued() int
	Flush()
	Shed(need int, lost func(class uint32)) (freed int)
}

// Wire is a protocol's side of a session. Its methods are called on the loop.
type Wire interface {
	// Encoding is that of a subscription of which the client asked for nothing: one
	// that the server begins.
	Encoding() uint8
	// Rearm says that Deadline may be earlier or later now: Expire is due then.
	Rearm()
	// Subscribed answers Subscribe. Whatever the outcome, an older subscription
	// to the same channel (one with a lower Class) has had its last push, and
	// the wire ends it now.
	Subscribed(sub *Subscription, token Token, r SubscribeResult, err *throng.Error)
	// Published answers Publish; sub is nil when it has ended meanwhile.
	Published(sub *Subscription, token Token, r throng.PublishResult, err *throng.Error)
	// Resumed hands over what was published while the session was between two
	// processes.
	Resumed(sub *Subscription, missed []*throng.Publication)
	// Unsubscribed says that the server ended a subscription, and why. After
	// UnsubscribeInsufficient the client missed publications and subscribes again
	// from its last position.
	Unsubscribed(sub *Subscription, why *throng.Unsubscribe)
	// Tell tells the client something about a subscription that is no publication:
	// who is there. A wire that shows no presence does nothing. data is JSON, valid
	// during the call only.
	Tell(sub *Subscription, event string, data []byte)
	// Disconnect ends the connection and tells the client why.
	Disconnect(d *throng.Disconnect)
}

// Node is what a session asks of the node. Calls are made on the session's loop.
type Node interface {
	// Namespace returns the namespace of a channel, nil when there is none.
	Namespace(channel string) *throng.Namespace
	// Subscribe adds a subscription to its channel, held, and reads the history
	// that req asks for. The answer comes by Session.Subscribed, before
	// Subscribe returns or later by a post.
	Subscribe(sub *Subscription, req SubscribeRequest)
	// Release lets publications flow to a subscription, to a positioned one from
	// behind a position. It reports false when some were lost.
	Release(sub *Subscription, at throng.Position) bool
	// Unsubscribe takes it out again; nothing is pushed any more.
	Unsubscribe(sub *Subscription)
	// Publish gives a publication to the broker. The answer is posted to the
	// session as a *Published, behind the publication itself.
	Publish(s *Session, req throng.PublishRequest, re Published)
	// CatchUp pushes at once what waits for the subscription.
	CatchUp(sub *Subscription)
	// Offset returns the offset up to which a subscription has everything.
	Offset(sub *Subscription) uint64
}

// Limits bound what one client may hold.
type Limits struct {
	Channels   int // subscriptions of one session
	QueueBytes int // what may wait for one client
}

// Env is what all sessions of a wire share.
type Env struct {
	Node   Node
	Limits Limits
	Clock  *throng.Clock
	// Auth checks the tokens that clients send later on; nil where there are none.
	Auth Auth
	// Users are the sessions of each loop by user; nil if nobody asks for them.
	Users []*Users
	// Attendance are those who are told who comes and goes, Watcher who watches what;
	// nil for nobody.
	Attendance []Attendance
	Watcher    Watcher
	// Own says that clients are subscribed to their users' own channels.
	Own   bool
	Stats Stats
}

// Stats are what happened to the sessions of an Env; anyone may read them.
type Stats struct {
	Shed    atomic.Uint64 // publications dropped because a client's queue was full
	Resyncs atomic.Uint64 // subscriptions whose clients were told to begin again
	Expired atomic.Uint64 // publications from a history that were not sent because of their deadline
}

// Session is the state of one client.
type Session struct {
	env       *Env
	wire      Wire
	transport Transport
	account   *account // what a token said; nil for nothing
	client    throng.ClientID
	subs      *Subscription // a list, newest first: most clients have one or two
	count     uint32
	class     uint32 // of the newest subscription
	ended     bool
	left      bool  // one that counts offsets was left while something waited
	pieces    uint8 // see parted: a bit for channels of which the client may have pieces
	// Costly tokens that were checked since checksFrom, see Afford. They take what
	// would be padding: an account would grow by them.
	checks     uint8
	checksFrom uint32 // in seconds since 1970
	gone       int64  // see Gone
}

// Init begins a session's life. The identity is what is known of the client, nil
// for nothing.
func (s *Session) Init(e *Env, w Wire, t Transport, client throng.ClientID, id *throng.Identity) {
	*s = Session{env: e, wire: w, transport: t, client: client}
	s.identify(id)
}

// CountFrom gives the session's subscriptions other classes than those of a session
// that the connection had before: an answer that comes late is not for them. It is
// called before the first subscription.
func (s *Session) CountFrom(class uint32) { s.class = class }

// Base returns the session itself, for who finds it inside of a wire's socket.
func (s *Session) Base() *Session { return s }

// Client returns the session's id.
func (s *Session) Client() throng.ClientID { return s.client }

// Transport returns what carries the session's frames.
func (s *Session) Transport() Transport { return s.transport }

// Ended reports whether End was called.
func (s *Session) Ended() bool { return s.ended }

// Count returns the number of subscriptions.
func (s *Session) Count() int { return int(s.count) }

// Find returns the newest subscription to a channel that has not ended, or nil.
func (s *Session) Find(channel []byte) *Subscription {
	for sub := s.subs; sub != nil; sub = sub.next {
		if sub.channel == string(channel) {
			return sub
		}
	}
	return nil
}

func (s *Session) find(channel string) *Subscription {
	for sub := s.subs; sub != nil; sub = sub.next {
		if sub.channel == channel {
			return sub
		}
	}
	return nil
}

// Each calls f for all subscriptions, newest first. f may end any of them.
func (s *Session) Each(f func(*Subscription)) {
	// One that has ended still leads to those that were behind it.
	for sub := s.subs; sub != nil; sub = sub.next {
		if sub.flags&subEnded == 0 {
			f(sub)
		}
	}
}

// byClass returns the subscription that a droppable frame or a result belongs
// to, or nil.
func (s *Session) byClass(class uint32) *Subscription {
	for sub := s.subs; sub != nil; sub = sub.next {
		if sub.class == class {
			return sub
		}
	}
	return nil
}

// EndSeen is End for a client that was last there at a time, in Clock milliseconds:
// only now it is known that it is not any more.
func (s *Session) EndSeen(at int64) {
	if !s.ended {
		s.gone = at
		s.End()
	}
}

// Gone returns when the client of a session that has ended was last there, in Clock
// milliseconds; 0 if that is when it ended.
func (s *Session) Gone() int64 { return s.gone }

// End unsubscribes from everything. The session takes part in nothing any more.
func (s *Session) End() {
	if s.ended {
		return
	}
	s.ended = true
	s.unlist()
	for s.subs != nil {
		s.Unsubscribe(s.subs)
	}
}

// Handle takes what was posted to the session's Ref. It reports false for what
// is not a session's business. A session that has ended answers nothing.
func (s *Session) Handle(m any) bool {
	switch m := m.(type) {
	case *Published:
		s.published(m)
	case *Subscribed:
		if sub := s.byClass(m.Class); sub != nil {
			s.Subscribed(sub, m)
		}
	case Errand:
		if sub := s.byClass(m.Class()); sub != nil && sub.Present() {
			m.Run(sub)
		}
	default:
		return false
	}
	return true
}

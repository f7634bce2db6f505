package session

import (
	"slices"

	"throng"
)

// SubscribeRequest says how a subscription begins.
type SubscribeRequest struct {
	Channel string `json:"channel"`
	// Tag is the wire's own name for the subscription, Token what it wants back
	// with the answer.
	Tag   string `json:"tag,omitempty"`
	Token Token  `json:"token"`
	// WireFlags are the subscription's, from the beginning on.
	WireFlags uint8 `json:"wire_flags,omitempty"`
	// Encoding is the index of the hub's encoder for it.
	Encoding uint8 `json:"-"` // another process may count otherwise
	// Positioned asks for the position, and for a resync when a publication is
	// lost. It has no effect in a channel without history.
	Positioned bool `json:"positioned,omitempty"`
	// Since asks for what was published after a position.
	Since *throng.Position `json:"since,omitempty"`
	// Recent asks for at most so many of the newest publications, for a client
	// that has no position yet.
	Recent int `json:"recent,omitempty"`
	// Server says that the server subscribes the client, on a token's word or a
	// backend's: no permission is needed, nor asked for when the session moves.
	Server bool `json:"server,omitempty"`
	// Grant is what a token said of the subscription; nil for nothing.
	Grant *throng.Grant `json:"grant,omitempty"`
}

// SubscribeResult answers a subscribe.
type SubscribeResult struct {
	// Positioned says that the channel has offsets, Position is where the
	// subscription begins, and Publications lead up to it.
	Positioned   bool
	Position     throng.Position
	Publications []*throng.Publication
	// Recovered says that nothing is missing behind Since.
	Recovered bool
}

// Subscribed is a SubscribeResult on its way back to a session.
type Subscribed struct {
	Class  uint32
	Token  Token
	Result SubscribeResult
	Err    *throng.Error
}

// Check reports why the client may not subscribe to a channel, and otherwise the
// channel's namespace and what a token grants, if one does: the given subscription
// token (empty for none), or the one that the client connected with. A subscription
// that replaces another one is within the limit.
func (s *Session) Check(channel, token string) (*throng.Namespace, *throng.Grant, *throng.Error) {
	if err := throng.CheckClientChannel(channel, s.User()); err != nil {
		return nil, nil, err
	}
	ns := s.env.Node.Namespace(channel)
	if ns == nil {
		return nil, nil, throng.ErrUnknownChannel
	}
	if s.awaited() { // whose tokens are not worth a signature
		return nil, nil, throng.ErrUnauthorized
	}
	grant, err := s.granted(channel, token)
	switch {
	case err != nil:
		return nil, nil, err
	case throng.UserOf(channel) == "" && !ns.Subscribe.Allows(s.User(), grant != nil): // one's own needs no permission
		return nil, nil, throng.ErrPermissionDenied
	case s.Full() && s.find(channel) == nil:
		return nil, nil, throng.ErrLimitExceeded
	}
	return ns, grant, nil
}

// Full reports whether the client has as many channels as it may. Its user's own one,
// which the server gave it, is none of them.
func (s *Session) Full() bool {
	n := s.Count()
	if n == s.env.Limits.Channels && s.env.Own {
		for sub := s.subs; sub != nil; sub = sub.next {
			if sub.flags&subServer != 0 && sub.flags&subEnded == 0 && throng.UserOf(sub.channel) != "" {
				n--
			}
		}
	}
	return n >= s.env.Limits.Channels
}

// granted returns what a token says of a channel. A bad token is an error also
// where none is needed: who sends one relies on what it says.
func (s *Session) granted(channel, token string) (*throng.Grant, *throng.Error) {
	if token == "" {
		return s.Identity().Grant(channel), nil
	}
	if s.env.Auth == nil {
		return nil, throng.ErrNotAvailable
	}
	if err := s.Afford(token); err != nil {
		return nil, err
	}
	return s.env.Auth.Subscription(token, s.User(), channel)
}

// Subscribe begins a subscription; the namespace is Check's answer. The wire's
// Subscribed is called with the outcome, before Subscribe returns or later; only
// then publications flow.
//
// A second subscription to a channel takes over from the first: that one has
// everything up to where the new one begins, and gets nothing more.
func (s *Session) Subscribe(ns *throng.Namespace, req SubscribeRequest) {
	old := s.find(req.Channel)
	if old != nil && old.index >= 0 {
		s.env.Node.CatchUp(old)
	}
	if s.ended {
		return
	}
	s.class++
	sub := &Subscription{
		session: s, channel: req.Channel, tag: req.Tag, ns: ns,
		index: -1, class: s.class, flags: subPending, WireFlags: req.WireFlags,
	}
	if req.Server {
		sub.flags |= subServer
	}
	s.grant(sub.class, req.Grant)
	s.ask(sub, req)
	if old != nil && old.index >= 0 && sub.index >= 0 {
		s.env.Node.Unsubscribe(old)
	}
}

// SubscribeAll subscribes the client to its user's own channel and to those that its
// token names. The wire hears of them as of those that it asked for, with a Token that
// is quiet. What can't be is left out: the client was not promised anything.
func (s *Session) SubscribeAll() {
	if s.Identity() == nil {
		return
	}
	s.subscribeOwn()
	s.SubscribeNamed()
}

// SubscribeNamed does so with the channels that its token names, for a client whose token
// is a newer one: it may have left its user's own channel since.
func (s *Session) SubscribeNamed() {
	id := s.Identity()
	for i := range id.Channels {
		if s.ended {
			return
		}
		_ = s.SubscribeServer(&id.Channels[i])
	}
}

// OwnChannel returns the own channel of the client's user, if clients are subscribed to
// those; empty for none.
func (s *Session) OwnChannel() string {
	if !s.env.Own || s.awaited() {
		return ""
	}
	return throng.UserChannel(s.User())
}

// subscribeOwn subscribes the client to its user's own channel, unless it is.
func (s *Session) subscribeOwn() {
	own := s.OwnChannel()
	if own == "" || s.find(own) != nil {
		return
	}
	if ns := s.env.Node.Namespace(own); ns != nil {
		s.Subscribe(ns, SubscribeRequest{Channel: own, Server: true, Token: Token{Quiet: true}, Encoding: s.wire.Encoding()})
	}
}

// SubscribeServer subscribes the client to a channel on the server's behalf: it
// needs no permission. A subscription that is there stays.
func (s *Session) SubscribeServer(g *throng.Grant) *throng.Error {
	ns := s.env.Node.Namespace(g.Channel)
	switch {
	case s.awaited():
		return throng.ErrUnauthorized
	case s.find(g.Channel) != nil:
		return nil
	case ns == nil:
		return throng.ErrUnknownChannel
	case s.Full():
		return throng.ErrLimitExceeded
	}
	s.Subscribe(ns, SubscribeRequest{
		Channel: g.Channel, Server: true, Token: Token{Quiet: true}, Encoding: s.wire.Encoding(), Grant: g,
	})
	return nil
}

// Subscribed is called by the node when a subscription is complete or failed.
func (s *Session) Subscribed(sub *Subscription, a *Subscribed) {
	if sub.flags&subPending == 0 || sub.flags&subEnded != 0 {
		return
	}
	p := sub.pending
	sub.pending = nil
	if s.begin(sub, a) && sub.index >= 0 && !s.env.Node.Release(sub, a.Result.Position) {
		sub.Lost()
	}
	if p != nil {
		s.tell(p.published)
	}
}

// begin tells the wire how a subscription begins, and reports whether it does.
// What came meanwhile follows.
func (s *Session) begin(sub *Subscription, a *Subscribed) bool {
	r := a.Result
	resuming, counted := sub.flags&subResuming != 0, sub.Positioned()
	sub.flags &^= subPending | subResuming | subPositioned
	if a.Err == nil && r.Positioned {
		sub.flags |= subPositioned
		sub.epoch = r.Position.Epoch
		r.Publications = slices.DeleteFunc(r.Publications, s.excluded)
	}
	switch {
	case resuming && (a.Err != nil || counted && !r.Recovered):
		sub.Lost()
		return false
	case resuming:
		s.wire.Resumed(sub, r.Publications)
	case a.Err != nil:
		s.Unsubscribe(sub)
		s.wire.Subscribed(sub, a.Token, r, a.Err)
		return false
	default:
		s.wire.Subscribed(sub, a.Token, r, nil)
	}
	s.joined(sub)
	return true
}

// excluded reports whether a publication is not for this client.
func (s *Session) excluded(p *throng.Publication) bool {
	return p.Exclude != throng.ClientID{} && p.Exclude == s.client
}

// Unsubscribe ends a subscription.
func (s *Session) Unsubscribe(sub *Subscription) {
	at := &s.subs
	for *at != nil && *at != sub {
		at = &(*at).next
	}
	if *at == nil {
		return
	}
	*at = sub.next
	s.count--
	if s.account != nil {
		s.account.drop(sub.class)
	}
	sub.flags |= subEnded
	s.parted(sub)
	s.left = s.left || sub.Positioned() && s.transport.Queued() > 0
	if sub.index >= 0 {
		s.env.Node.Unsubscribe(sub)
	}
	if p := sub.pending; p != nil {
		sub.pending = nil
		s.tell(p.published)
	}
}

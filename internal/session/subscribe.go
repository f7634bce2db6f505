package session

import (
	"throng"
)

// SubscribeRequest says how a subscription begins.
type SubscribeRequest struct {
	Channel string
	// Tag is the wire's own name for the subscription, Token what it wants back
	// with the answer.
	Tag   string
	Token Token
	// WireFlags are the subscription's, from the beginning on.
	WireFlags uint8
	// Encoding is the index of the hub's encoder for it.
	Encoding uint8
	// Positioned asks for the position, and for a resync when a publication is
	// lost. It has no effect in a channel without history.
	Positioned bool
	// Since asks for what was published after a position.
	Since *throng.Position
	// Recent asks for at most so many of the newest publications, for a client
	// that has no position yet.
	Recent int
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
// channel's namespace.
func (s *Session) Check(channel string) (*throng.Namespace, *throng.Error) {
	if err := throng.CheckChannel(channel); err != nil {
		return nil, err
	}
	ns := s.node.Namespace(channel)
	switch {
	case ns == nil:
		return nil, throng.ErrUnknownChannel
	case !ns.Subscribe.Allows(s.user):
		return nil, throng.ErrPermissionDenied
	}
	return ns, nil
}

// Subscribe begins a subscription; the namespace is Check's answer. A second one
// to the same channel is the wire's business. The wire's Subscribed is called
// with the outcome, before Subscribe returns or later.
func (s *Session) Subscribe(ns *throng.Namespace, req SubscribeRequest) {
	s.class++
	sub := &Subscription{
		session: s, next: s.subs, channel: req.Channel, tag: req.Tag, ns: ns,
		index: -1, class: s.class, flags: subPending, WireFlags: req.WireFlags,
	}
	s.subs = sub
	s.count++
	s.node.Subscribe(sub, req)
}

// Subscribed is called by the node when a subscription is complete or failed.
func (s *Session) Subscribed(sub *Subscription, a *Subscribed) {
	r, err := a.Result, a.Err
	resuming := sub.flags&subResuming != 0
	sub.flags &^= subPending | subResuming
	if err == nil && r.Positioned {
		sub.flags |= subPositioned
		sub.epoch = r.Position.Epoch
	}
	switch {
	case resuming && (err != nil || r.Positioned && !r.Recovered):
		sub.Lost()
		return
	case resuming:
		s.wire.Resumed(sub, r.Publications)
	case err != nil:
		s.Unsubscribe(sub)
		s.wire.Subscribed(sub, a.Token, r, err)
		return
	default:
		s.wire.Subscribed(sub, a.Token, r, nil)
	}
	// The answer went first; now what came meanwhile.
	if sub.Positioned() && sub.index >= 0 && !s.node.Release(sub, r.Position.Offset) {
		sub.Lost()
	}
}

// Unsubscribe ends a subscription.
func (s *Session) Unsubscribe(sub *Subscription) {
	for p := &s.subs; *p != nil; p = &(*p).next {
		if *p == sub {
			*p = sub.next
			s.count--
			if sub.index >= 0 {
				s.node.Unsubscribe(sub)
			}
			return
		}
	}
}

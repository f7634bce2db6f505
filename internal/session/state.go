package session

import (
	"slices"

	"throng"
)

// State is all that a session knows, as plain data.
type State struct {
	// Identity is what is known of the client, Until when it must have said so.
	Identity *throng.Identity `json:"identity,omitempty"`
	Until    int64            `json:"until,omitempty"`
	Client   throng.ClientID  `json:"client"`
	Class    uint32           `json:"class"`
	Subs     []SubState       `json:"subs,omitempty"` // oldest first
}

// User returns who the client is, empty when that is not known.
func (st *State) User() string {
	if st.Identity == nil {
		return ""
	}
	return st.Identity.User
}

// SubState is one subscription.
type SubState struct {
	Channel    string          `json:"channel"`
	Tag        string          `json:"tag,omitempty"`
	Class      uint32          `json:"class"`
	Encoding   uint8           `json:"-"` // set by the wire before Restore
	WireFlags  uint8           `json:"wire_flags,omitempty"`
	Positioned bool            `json:"positioned,omitempty"`
	Position   throng.Position `json:"position"`
	Grant      *throng.Grant   `json:"grant,omitempty"`
	Server     bool            `json:"server,omitempty"`
	// Watching is what the client said last; it does not say it again when it moves.
	Watching bool `json:"watching,omitempty"`
	// Request is there while the client waits for the answer.
	Request *SubscribeRequest `json:"request,omitempty"`
}

// Capture returns the session's state. What a subscription's encoding is, only
// the wire knows.
func (s *Session) Capture() State {
	st := State{Identity: s.Identity(), Client: s.client, Class: s.class}
	if s.account != nil {
		st.Until = s.account.until
	}
	s.Each(func(sub *Subscription) {
		if sub.index >= 0 { // not replaced by a newer one
			st.Subs = append(st.Subs, sub.capture())
		}
	})
	slices.Reverse(st.Subs)
	return st
}

func (sub *Subscription) capture() SubState {
	st := SubState{
		Channel: sub.channel, Tag: sub.tag, Class: sub.class,
		WireFlags: sub.WireFlags, Positioned: sub.Positioned(), Grant: sub.Grant(),
		Server: sub.Server(), Watching: sub.Watching(),
	}
	switch p := sub.pending; {
	case p == nil && st.Positioned:
		st.Position = throng.Position{Offset: sub.session.env.Node.Offset(sub), Epoch: sub.epoch}
	case p == nil:
	case sub.flags&subResuming == 0:
		req := p.request
		st.Request = &req
	case st.Positioned: // still where it was when it was captured before
		st.Position = *p.request.Since
	}
	return st
}

// Restore puts a captured state into a session that was just initialised, and
// subscribes again where it left off. The wire hears Resumed for each
// subscription, now or later, or Unsubscribed where the gap can't be closed or the
// channel is not allowed any more; Subscribed where the answer was under way.
// Answers to publishes that were under way are lost.
func (s *Session) Restore(st State) {
	s.client, s.class = st.Client, st.Class
	s.identify(st.Identity)
	if st.Until != 0 {
		s.Await(st.Until)
	}
	for i := range st.Subs {
		if s.ended { // what was missed was one too many
			return
		}
		s.restore(&st.Subs[i])
	}
}

func (s *Session) restore(st *SubState) {
	sub := &Subscription{
		session: s, channel: st.Channel, tag: st.Tag, class: st.Class,
		WireFlags: st.WireFlags, index: -1, flags: subPending | subResuming,
	}
	req := SubscribeRequest{Channel: st.Channel, Tag: st.Tag, WireFlags: st.WireFlags, Positioned: st.Positioned, Grant: st.Grant, Server: st.Server}
	switch {
	case st.Request != nil:
		req = *st.Request
		sub.flags &^= subResuming
	case st.Positioned:
		sub.flags |= subPositioned
		req.Since = &st.Position
	}
	req.Encoding = st.Encoding
	if req.Server {
		sub.flags |= subServer
	}
	ns, err := s.recheck(&req)
	switch {
	case err == nil:
		sub.ns = ns
		if st.Watching && s.User() != "" && ns.Watch != throng.WatchOff { // it may be off in this process
			sub.flags |= subWatching
		}
		s.grant(sub.class, req.Grant)
		s.ask(sub, req)
	case st.Request != nil:
		sub.flags |= subEnded
		s.wire.Subscribed(sub, req.Token, SubscribeResult{}, err)
	default:
		sub.flags |= subEnded
		s.wire.Unsubscribed(sub, throng.UnsubscribeInsufficient)
	}
}

// recheck is Check for a subscription that was allowed before: by a token that was
// seen then, or because it is the server's doing.
func (s *Session) recheck(req *SubscribeRequest) (*throng.Namespace, *throng.Error) {
	if req.Grant == nil && !req.Server {
		ns, _, err := s.Check(req.Channel, "")
		return ns, err
	}
	ns := s.env.Node.Namespace(req.Channel)
	switch {
	case ns == nil:
		return nil, throng.ErrUnknownChannel
	case !req.Server && !s.allowed(req.Channel, ns, true):
		return nil, throng.ErrPermissionDenied
	}
	return ns, nil
}

package session

import (
	"throng"
)

// State is all that a session knows, as plain data.
type State struct {
	User   string          `json:"user,omitempty"`
	Client throng.ClientID `json:"client"`
	Class  uint32          `json:"class"`
	Subs   []SubState      `json:"subs,omitempty"` // oldest first
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
}

// Capture returns the session's state. What a subscription's encoding is, only
// the wire knows.
func (s *Session) Capture() State {
	st := State{User: s.user, Client: s.client, Class: s.class}
	s.Each(func(sub *Subscription) {
		ss := SubState{
			Channel: sub.channel, Tag: sub.tag, Class: sub.class,
			WireFlags: sub.WireFlags, Positioned: sub.Positioned(),
		}
		if ss.Positioned {
			ss.Position = throng.Position{Offset: s.node.Offset(sub), Epoch: sub.epoch}
		}
		st.Subs = append([]SubState{ss}, st.Subs...)
	})
	return st
}

// Restore puts a captured state into a session that was just initialised, and
// subscribes again where it left off. The wire hears Resumed for each
// subscription, now or later, or Resync where the gap can't be closed or the
// channel is not allowed any more. Answers that were under way are lost.
func (s *Session) Restore(st State) {
	s.user, s.client, s.class = st.User, st.Client, st.Class
	for _, ss := range st.Subs {
		sub := &Subscription{
			session: s, channel: ss.Channel, tag: ss.Tag, class: ss.Class,
			WireFlags: ss.WireFlags, index: -1, flags: subPending | subResuming,
		}
		ns, err := s.Check(ss.Channel)
		if err != nil {
			s.wire.Resync(sub)
			continue
		}
		sub.ns, sub.next = ns, s.subs
		s.subs = sub
		s.count++
		req := SubscribeRequest{Channel: ss.Channel, Encoding: ss.Encoding, Positioned: ss.Positioned}
		if ss.Positioned {
			req.Since = &ss.Position
		}
		s.node.Subscribe(sub, req)
	}
}

package session

import (
	"throng"
)

// Token is what a wire wants back with an answer: enough to address the reply.
type Token struct {
	Ref     string // the message's reference
	JoinRef string
	Channel string
	Quiet   bool // success needs no reply
}

// Published is the answer to a publish on its way back to a session.
type Published struct {
	Class  uint32
	Token  Token
	Result throng.PublishResult
	Err    *throng.Error
}

// Publish publishes to the channel of a subscription on behalf of the client.
// The data is copied; the wire's Published is called with the outcome, behind
// the client's own push.
func (s *Session) Publish(sub *Subscription, event string, data []byte, binary bool, token Token) {
	if err := s.mayPublish(sub); err != nil {
		s.wire.Published(sub, token, throng.PublishResult{}, err)
		return
	}
	sub.inflight++
	p := &throng.Publication{
		Event: event, Data: append([]byte(nil), data...), Binary: binary, Publisher: s.Info(),
	}
	req := throng.PublishRequest{Channel: sub.channel, Publication: p, Retention: sub.ns.Retention}
	s.node.Publish(s, req, Published{Class: sub.class, Token: token})
}

func (s *Session) mayPublish(sub *Subscription) *throng.Error {
	switch {
	case !sub.ns.Publish.Allows(s.user):
		return throng.ErrPermissionDenied
	case sub.inflight == ^uint16(0):
		return throng.ErrTooManyRequests
	}
	return nil
}

func (s *Session) published(r *Published) {
	sub := s.byClass(r.Class)
	if sub != nil {
		sub.inflight--
		if sub.index >= 0 && r.Err == nil {
			s.node.CatchUp(sub) // the client's own push comes before the answer
			sub = s.byClass(r.Class)
		}
	}
	s.wire.Published(sub, r.Token, r.Result, r.Err)
}

package session

import (
	"throng"
)

// Token is what a wire wants back with an answer: enough to address the reply.
type Token struct {
	Ref     string `json:"ref,omitempty"` // the message's reference
	JoinRef string `json:"join_ref,omitempty"`
	Channel string `json:"channel,omitempty"`
	Quiet   bool   `json:"quiet,omitempty"` // success needs no reply
}

// Published is the answer to a publish on its way back to a session.
type Published struct {
	Class   uint32
	Channel string
	Token   Token
	Result  throng.PublishResult
	Err     *throng.Error
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
	made := &struct { // one allocation
		p   throng.Publication
		who throng.ClientInfo
	}{who: *s.Info()}
	p := &made.p
	p.Event, p.Data, p.Binary, p.Publisher = event, append([]byte(nil), data...), binary, &made.who
	req := throng.PublishRequest{Channel: sub.channel, Publication: p, Retention: sub.ns.Retention}
	s.env.Node.Publish(s, req, Published{Class: sub.class, Channel: sub.channel, Token: token})
}

func (s *Session) mayPublish(sub *Subscription) *throng.Error {
	switch {
	case !sub.ns.Publish.Allows(s.User(), sub.ns.Publish == throng.Token && sub.mayPublish()):
		return throng.ErrPermissionDenied
	case sub.inflight == ^uint16(0):
		return throng.ErrTooManyRequests
	}
	return nil
}

// mayPublish reports whether a token grants the client to publish.
func (sub *Subscription) mayPublish() bool {
	g := sub.Grant()
	return g != nil && g.Publish
}

// tell is published for answers that were put off.
func (s *Session) tell(late []*Published) {
	for _, r := range late {
		s.published(r)
	}
}

// published tells the wire the outcome of a publish, behind the client's own
// push. That comes through the newest subscription to the channel, which may
// not be the one that the client published through.
func (s *Session) published(r *Published) {
	if s.ended {
		return
	}
	if through := s.find(r.Channel); through != nil {
		if w := through.pending; w != nil {
			w.published = append(w.published, r)
			return
		}
		if through.index >= 0 && r.Err == nil {
			s.env.Node.CatchUp(through)
		}
	}
	if s.ended { // the push was one too many
		return
	}
	sub := s.byClass(r.Class)
	if sub != nil && sub.inflight > 0 { // 0: put back from a State meanwhile
		sub.inflight--
	}
	s.wire.Published(sub, r.Token, r.Result, r.Err)
}

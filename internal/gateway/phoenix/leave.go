package phoenix

import (
	codec "throng/internal/protocol/phoenix"
	"throng/internal/session"
)

// leave is a leave that came while publishes of the channel were under way.
type leave struct {
	class        uint32
	joinRef, ref string
}

// leave ends a subscription at the client's wish. What the client published
// before is answered before.
func (s *Socket) leave(m *codec.Message, sub *session.Subscription) {
	switch {
	case sub == nil:
		s.reply(m.JoinRef, m.Ref, string(m.Topic), "ok", nil)
	case stale(sub, m.JoinRef) || sub.WireFlags&flagLeaving != 0:
	case sub.Inflight() > 0:
		sub.WireFlags |= flagLeaving
		if s.leaves == nil {
			s.leaves = new([]leave)
		}
		*s.leaves = append(*s.leaves, leave{sub.Class(), string(m.JoinRef), string(m.Ref)})
	default:
		s.reply(m.JoinRef, m.Ref, sub.Channel(), "ok", nil)
		s.closeChannel(sub)
	}
}

// lateLeave answers a leave when nothing of the channel is under way any more.
func (s *Socket) lateLeave(sub *session.Subscription) {
	for i, l := range *s.leaves {
		if l.class != sub.Class() {
			continue
		}
		s.reply([]byte(l.joinRef), []byte(l.ref), sub.Channel(), "ok", nil)
		s.closeChannel(sub)
		*s.leaves = append((*s.leaves)[:i], (*s.leaves)[i+1:]...)
		break
	}
	if len(*s.leaves) == 0 {
		s.leaves = nil
	}
}

// closeChannel ends a subscription and tells the client so.
func (s *Socket) closeChannel(sub *session.Subscription) {
	s.Unsubscribe(sub)
	ref := joinRefOf(sub)
	s.push(ref, ref, sub.Channel(), "phx_close", nil)
}

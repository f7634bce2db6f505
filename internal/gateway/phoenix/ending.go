package phoenix

import (
	"slices"

	codec "throng/internal/protocol/phoenix"
	"throng/internal/session"
)

// A Phoenix channel handles one message after the other: what a client sent
// before it left is answered before. Here answers come from elsewhere, so the
// end of a channel waits for them.

// owed is what a client waits for; a socket has one while there is something.
type owed struct {
	held  []held // channels that wait for answers, or for their end
	asked int    // what waits for an answer, see ask; also of channels that have ended
	bytes int    // of answers that are there and on their way to the socket
}

// held is a channel that waits for the application, or for its end.
type held struct {
	class uint32
	asked int // events that the application has not answered
	end   ending
	ref   []byte // of the leave
}

// ending is how a channel ends.
type ending uint8

const (
	endNot ending = iota
	endStop
	endCrash
	endLeave
)

// hold returns a channel's entry, a new one if need be. settle takes it back.
func (s *Socket) hold(sub *session.Subscription) *held {
	if s.owed == nil {
		s.owed = new(owed)
	}
	if i := s.holding(sub); i >= 0 {
		return &s.owed.held[i]
	}
	s.owed.held = append(s.owed.held, held{class: sub.Class()})
	return &s.owed.held[len(s.owed.held)-1]
}

// holding returns the index of a channel's entry, or -1.
func (s *Socket) holding(sub *session.Subscription) int {
	if s.owed == nil {
		return -1
	}
	return slices.IndexFunc(s.owed.held, func(h held) bool { return h.class == sub.Class() })
}

// leave ends a subscription at the client's wish.
func (s *Socket) leave(m *codec.Message, sub *session.Subscription) {
	switch {
	case sub == nil:
		s.reply(m.JoinRef, m.Ref, string(m.Topic), "ok", nil)
		return
	case stale(sub, m.JoinRef):
		return
	case sub.WireFlags&flagEnding != 0: // it is on its way out already
		s.reply(answerRef(sub), m.Ref, sub.Channel(), "ok", nil)
		return
	}
	s.hold(sub).ref = slices.Clone(m.Ref)
	s.end(sub, endLeave)
}

// end ends a channel as soon as nothing of it is under way.
func (s *Socket) end(sub *session.Subscription, how ending) {
	s.hold(sub).end = how
	sub.WireFlags |= flagEnding
	s.settle(sub)
}

// settle is called when something was answered.
func (s *Socket) settle(sub *session.Subscription) {
	i := s.holding(sub)
	if i < 0 || sub.Inflight() > 0 || s.owed.held[i].asked > 0 {
		return
	}
	if s.owed.held[i].end == endNot {
		s.release(i)
		return
	}
	s.finish(sub)
}

// finish ends a channel now and tells the client so.
func (s *Socket) finish(sub *session.Subscription) {
	how := s.forget(sub)
	s.Unsubscribe(sub)
	ref := joinRefOf(sub)
	if how == endCrash {
		s.push(ref, ref, sub.Channel(), "phx_error", crash)
		return
	}
	s.push(ref, ref, sub.Channel(), "phx_close", nil)
}

var crash = []byte(`{"reason":"channel_crash"}`)

// forget drops a channel's entry, because the channel ends, and answers the leave
// that waits, if any.
func (s *Socket) forget(sub *session.Subscription) ending {
	i := s.holding(sub)
	if i < 0 {
		return endNot
	}
	h := s.owed.held[i]
	s.release(i)
	if h.end == endLeave {
		s.reply(answerRef(sub), h.ref, sub.Channel(), "ok", nil)
	}
	return h.end
}

func (s *Socket) release(i int) {
	s.owed.held = slices.Delete(s.owed.held, i, i+1)
	s.paid()
}

// paid forgets what a client waited for, when that was all.
func (s *Socket) paid() {
	if s.owed != nil && len(s.owed.held) == 0 && s.owed.asked == 0 {
		s.owed = nil
	}
}

package phoenix

import (
	"bytes"

	"throng"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/session"
	"throng/internal/websocket"
)

// event does what the channel's namespace says about a client's event.
func (s *Socket) event(m *codec.Message, sub *session.Subscription) {
	if s.presence(m, sub) {
		return
	}
	if bytes.HasPrefix(m.Event, []byte("phx_")) || bytes.HasPrefix(m.Event, []byte("presence_")) {
		s.refuseEvent(m, sub, throng.ErrBadRequest, "events phx_* and presence_* are the server's")
		return
	}
	if len(m.Event) > maxName {
		s.refuseEvent(m, sub, throng.ErrBadRequest, "an event's name has at most 255 bytes")
		return
	}
	if sub.Namespace().Watch != throng.WatchOff && string(m.Event) == watchingEvent {
		s.watch(m, sub)
		return
	}
	if desk := s.desk(m.Event); desk != nil {
		s.ask(desk, m, sub, false)
		return
	}
	switch sub.Namespace().ClientEvents {
	case throng.EventBroadcast:
		s.Publish(sub, string(m.Event), m.Payload, m.Binary, token(m, sub))
	case throng.EventBackend:
		if s.gw.opts.Backend == nil {
			s.refuseEvent(m, sub, throng.ErrNotAvailable, "no backend is configured")
			return
		}
		s.ask(s.gw.opts.Backend, m, sub, true)
	default:
		s.refuseEvent(m, sub, throng.ErrPermissionDenied, "")
	}
}

func (s *Socket) refuseEvent(m *codec.Message, sub *session.Subscription, err *throng.Error, hint string) {
	s.reply(answerRef(sub), m.Ref, sub.Channel(), "error", reason(err, hint))
}

// answerRef is the join_ref of replies: where the client joined without one,
// Phoenix uses the join's ref.
func answerRef(sub *session.Subscription) []byte { return []byte(sub.Tag()) }

func token(m *codec.Message, sub *session.Subscription) session.Token {
	return session.Token{Ref: string(m.Ref), JoinRef: sub.Tag(), Channel: sub.Channel()}
}

// Published implements session.Wire: the reply to a broadcast event. It is also
// due when the channel was left meanwhile.
func (s *Socket) Published(sub *session.Subscription, t session.Token, _ throng.PublishResult, err *throng.Error) {
	switch {
	case err != nil:
		s.reply([]byte(t.JoinRef), []byte(t.Ref), t.Channel, "error", reason(err, ""))
	case !t.Quiet:
		s.reply([]byte(t.JoinRef), []byte(t.Ref), t.Channel, "ok", nil)
	}
	if sub != nil {
		s.settle(sub)
	}
}

// answered is an application's answer on its way back to the socket.
type answered struct {
	class  uint32
	token  session.Token
	event  Event
	answer Answer
}

// desk returns the part of the server whose event it is, nil for none.
func (s *Socket) desk(event []byte) Backend {
	if word, _, found := bytes.Cut(event, []byte("_")); found {
		return s.gw.opts.Desks[string(word)]
	}
	return nil
}

// maxAsked is how many events of a subscription may be without an answer.
const maxAsked = 1000

// ask gives an event to the application, or to a part of the server, which does not keep
// its data: answers may be long in coming, and messages are long.
func (s *Socket) ask(backend Backend, m *codec.Message, sub *session.Subscription, keeps bool) {
	if s.hold(sub).asked >= maxAsked {
		s.refuseEvent(m, sub, throng.ErrTooManyRequests, "wait for answers")
		return
	}
	data := m.Payload
	if keeps {
		data = bytes.Clone(data)
	}
	post := s.gw.opts.Post
	a := &answered{class: sub.Class(), token: token(m, sub), event: Event{
		User: s.User(), Client: s.Client(), Channel: sub.Channel(),
		Name: string(m.Event), Data: data, Binary: m.Binary, At: s.gw.opts.Clock.Now(),
	}}
	s.hold(sub).asked++
	to := s.conn().Ref()
	backend.Event(&a.event, func(answer Answer) {
		a.answer = answer
		post(to, a)
	})
	if !keeps {
		a.event.Data = nil
	}
}

// answered does what the application wants.
func (s *Socket) answered(a *answered) {
	sub := s.Find([]byte(a.token.Channel))
	if sub == nil || sub.Class() != a.class {
		return // ended or joined anew meanwhile
	}
	if a.answer.Behind && !sub.CatchUp() {
		return
	}
	s.hold(sub).asked--
	if a.answer.Meta != nil && s.gw.opts.Presence != nil {
		_ = s.gw.opts.Presence.Update(sub, a.answer.Meta) // what is no object changes nothing
	}
	switch {
	case a.answer.Broadcast:
		a.token.Quiet = a.answer.Status == ""
		s.Publish(sub, a.event.Name, a.event.Data, a.event.Binary, a.token)
	case a.answer.Status != "":
		s.answer(a, sub)
	}
	switch {
	case a.answer.Crash:
		s.end(sub, endCrash)
	case a.answer.Stop:
		s.end(sub, endStop)
	default:
		s.settle(sub)
	}
}

func (s *Socket) answer(a *answered, sub *session.Subscription) {
	joinRef, ref := answerRef(sub), []byte(a.token.Ref)
	response := a.answer.Response
	if a.answer.Binary {
		if s.version == codec.V2 && s.conn().Carriage() != Text && codec.BinaryFits(joinRef, ref, sub.Channel(), a.answer.Status) {
			b := codec.AppendBinaryReply(s.begin(), joinRef, ref, sub.Channel(), a.answer.Status, response)
			s.send(b, websocket.OpBinary)
			return
		}
		response = appendBase64(nil, response)
	}
	s.reply(joinRef, ref, sub.Channel(), a.answer.Status, response)
}

package phoenix

import (
	"encoding/json"

	"throng"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/session"
)

// Presence answers what clients ask of who is in a channel. Its methods are called on
// the subscription's loop; answers are JSON.
type Presence interface {
	// Update replaces what is said of the client; meta is a JSON object.
	Update(sub *session.Subscription, meta []byte) *throng.Error
	// List returns a page of members, Watch those of the named users who are here.
	List(sub *session.Subscription, cursor string, limit int) ([]byte, *throng.Error)
	Watch(sub *session.Subscription, users []string) ([]byte, *throng.Error)
}

// Events that a client sends to a channel that it has joined:
//
//	presence_list   {"cursor":"…","limit":50}  a page of those who are here
//	presence_watch  {"users":["…"]}            who of them is here, and from now on when they come and go
//	presence_update {"meta":{…}}               what is said of the client
const (
	listEvent   = "presence_list"
	watchEvent  = "presence_watch"
	updateEvent = "presence_update"
)

// question is one of them, and what is said of one that is none.
type question struct {
	ask  func(p Presence, sub *session.Subscription, payload []byte) ([]byte, *throng.Error)
	hint string
}

func questionOf(event []byte) (question, bool) {
	switch string(event) {
	case listEvent:
		return question{askList, `send {"cursor":"…","limit":N}, both optional; N is at most 100, the cursor that of the page before`}, true
	case watchEvent:
		return question{askWatch, `send {"users":["…"]}, at most 100 of them, none longer than 255 bytes`}, true
	case updateEvent:
		return question{askUpdate, `send {"meta":{…}}, an object of at most 4096 bytes`}, true
	}
	return question{}, false
}

func askList(p Presence, sub *session.Subscription, payload []byte) ([]byte, *throng.Error) {
	var q struct {
		Cursor string `json:"cursor"`
		Limit  int    `json:"limit"`
	}
	if json.Unmarshal(payload, &q) != nil {
		return nil, throng.ErrBadRequest
	}
	return p.List(sub, q.Cursor, q.Limit)
}

func askWatch(p Presence, sub *session.Subscription, payload []byte) ([]byte, *throng.Error) {
	var q struct {
		Users []string `json:"users"`
	}
	if json.Unmarshal(payload, &q) != nil {
		return nil, throng.ErrBadRequest
	}
	here, err := p.Watch(sub, q.Users)
	if err != nil {
		return nil, err
	}
	return append(append([]byte(`{"users":`), here...), '}'), nil
}

func askUpdate(p Presence, sub *session.Subscription, payload []byte) ([]byte, *throng.Error) {
	var q struct {
		Meta json.RawMessage `json:"meta"`
	}
	if json.Unmarshal(payload, &q) != nil {
		return nil, throng.ErrBadRequest
	}
	return nil, p.Update(sub, q.Meta)
}

// presence answers an event that asks for presence; it reports false for others.
func (s *Socket) presence(m *codec.Message, sub *session.Subscription) bool {
	q, ok := questionOf(m.Event)
	if !ok {
		return false
	}
	var response []byte
	err := throng.ErrNotAvailable
	switch p := s.gw.opts.Presence; {
	case p == nil || sub.Namespace().Presence == throng.PresenceOff:
		q.hint = "presence is off in this namespace"
	case m.Binary:
		err = throng.ErrBadRequest
	default:
		response, err = q.ask(p, sub, m.Payload)
	}
	if err != nil {
		s.refuseEvent(m, sub, err, q.hint)
		return true
	}
	s.reply(answerRef(sub), m.Ref, sub.Channel(), "ok", response)
	return true
}

// Tell implements session.Wire: who is there.
func (s *Socket) Tell(sub *session.Subscription, event string, data []byte) {
	if !sub.Server() { // else the client knows nothing of the channel
		s.push(joinRefOf(sub), nil, sub.Channel(), event, data)
	}
}

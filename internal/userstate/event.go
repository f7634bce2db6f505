package userstate

import (
	"encoding/json"

	"throng"
)

// Event is what a client sent to a channel that it has joined, by an event of this
// package's: state_set, state_del or state_get.
type Event struct {
	User, Channel, Name string
	Data                []byte // the caller's again when Event returns
	Binary              bool
}

const (
	setHint = `send {"key":"…","value":…}, and perhaps if_version, ttl_ms or expires_at, mutation_id`
	delHint = `send {"key":"…"}, and perhaps if_version, mutation_id`
)

// Event answers a client. answer is called once, behind the diff if there is one; it is
// as Submit's done.
func (s *States) Event(e Event, answer func(ok bool, response []byte)) {
	refuse := func(err *throng.Error, hint string) {
		s.stats.Refused.Add(1)
		b := appendReason(nil, err)
		if hint != "" {
			b = appendString(append(b, `,"hint":`...), hint)
		}
		answer(false, append(b, '}'))
	}
	if e.User == "" {
		refuse(throng.ErrUnauthorized, "only users that are known have a map")
		return
	}
	if throng.UserOf(e.Channel) != e.User {
		refuse(throng.ErrPermissionDenied, "send it to the own channel, @user:ID")
		return
	}
	if e.Name == "state_get" {
		s.Snapshot(e.User, func(b []byte, err *throng.Error) {
			if err != nil {
				answer(false, append(appendReason(nil, err), '}'))
				return
			}
			answer(true, b)
		})
		return
	}
	c, hint, err := parse(&e)
	if err != nil {
		refuse(err, hint)
		return
	}
	s.Submit(c, func(o Outcome) { answer(o.Err == nil, appendOutcome(nil, &o)) })
}

// parse reads what a client wants.
func parse(e *Event) (c Change, hint string, err *throng.Error) {
	var q struct {
		Key       string          `json:"key"`
		Value     json.RawMessage `json:"value"`
		IfVersion *uint64         `json:"if_version"`
		TTL       int64           `json:"ttl_ms"`
		ExpiresAt int64           `json:"expires_at"`
		Mutation  string          `json:"mutation_id"`
	}
	wrong := e.Binary || json.Unmarshal(e.Data, &q) != nil
	switch e.Name {
	case "state_set":
		if wrong || q.Value == nil {
			return c, setHint, throng.ErrBadRequest
		}
	case "state_del":
		if wrong {
			return c, delHint, throng.ErrBadRequest
		}
		q.Value, q.TTL, q.ExpiresAt = nil, 0, 0
	default:
		return c, "there are state_set, state_del and state_get", throng.ErrMethodNotFound
	}
	return Change{
		User: e.User, Key: q.Key, Value: q.Value, IfVersion: q.IfVersion,
		ExpiresAt: q.ExpiresAt, TTL: q.TTL, Mutation: q.Mutation,
	}, "", nil
}

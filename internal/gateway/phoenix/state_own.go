package phoenix

import (
	"encoding/json"

	"throng"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/session"
)

// State is what the screens of a user share, in the user's own channel. Its methods are
// called on the subscription's loop.
type State interface {
	// Show shows a subscription that has begun all of it.
	Show(sub *session.Subscription)
	// Knows reports whether who has it at a version needs only what was published since.
	Knows(user, epoch string, version uint64) bool
}

// knows reports whether a join with recover says, in the member "state" of its payload,
// what the client has of the user's state, {"epoch","version"}, and that is true.
func (s *Socket) knows(m *codec.Message) bool {
	user := throng.UserOf(string(m.Topic))
	if user == "" || s.gw.opts.State == nil {
		return false
	}
	var payload struct {
		State *struct {
			Epoch   string `json:"epoch"`
			Version uint64 `json:"version"`
		} `json:"state"`
	}
	if json.Unmarshal(m.Payload, &payload) != nil || payload.State == nil {
		return false
	}
	return s.gw.opts.State.Knows(user, payload.State.Epoch, payload.State.Version)
}

// showState shows a client that is in its user's own channel what the screens share,
// unless it had that and has recovered what came since.
func (s *Socket) showState(sub *session.Subscription, recovered bool) {
	knows := sub.WireFlags&flagKnows != 0
	sub.WireFlags &^= flagKnows
	if s.gw.opts.State == nil || sub.Server() || s.Ended() || throng.UserOf(sub.Channel()) == "" || knows && recovered {
		return
	}
	s.gw.opts.State.Show(sub)
}

package phoenix

import (
	"bytes"
	"encoding/json"

	"throng"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/session"
)

// watchingEvent, sent to a channel of a namespace where watching is recorded, says
// whether the client shows the channel to its user: {"visible":true,"playing":true}.
// What is left out is true, for pages that have nothing to play, or can't tell whether
// they are seen. What else is in it is not looked at.
const watchingEvent = "watch"

// maxWatch is the longest payload of it: it is read on the loop.
const maxWatch = 1 << 10

func (s *Socket) watch(m *codec.Message, sub *session.Subscription) {
	visible, playing, ok := readWatch(m)
	if !ok {
		s.refuseEvent(m, sub, throng.ErrBadRequest, `send {"visible":true,"playing":true}`)
		return
	}
	if err := sub.Watch(visible, playing); err != nil {
		hint := ""
		if err == throng.ErrUnauthorized {
			hint = "only users that are known by name can be recorded"
		}
		s.refuseEvent(m, sub, err, hint)
		return
	}
	s.reply(answerRef(sub), m.Ref, sub.Channel(), "ok", nil)
}

func readWatch(m *codec.Message) (visible, playing, ok bool) {
	says := struct {
		Visible *bool `json:"visible"`
		Playing *bool `json:"playing"`
	}{}
	if m.Binary || len(m.Payload) > maxWatch || !bytes.HasPrefix(bytes.TrimLeft(m.Payload, " \t\r\n"), []byte("{")) ||
		json.Unmarshal(m.Payload, &says) != nil {
		return false, false, false
	}
	return says.Visible == nil || *says.Visible, says.Playing == nil || *says.Playing, true
}

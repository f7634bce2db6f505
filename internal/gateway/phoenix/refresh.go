package phoenix

import (
	"encoding/json"
	"strconv"

	"throng"
	codec "throng/internal/protocol/phoenix"
)

// refreshEvent, sent to the topic "phoenix" like a heartbeat, with a connection
// token as {"token":"…"}, says who the client is: first of all, for those that keep
// tokens out of URLs, or anew, before the last token expires. The answer has "ttl",
// the seconds that the connection may live with it, if there is an end.
const refreshEvent = "refresh"

func (s *Socket) refresh(m *codec.Message) {
	refuse := func(err *throng.Error, hint string) {
		s.reply(nil, m.Ref, serverTopic, "error", reason(err, hint))
	}
	var payload struct {
		Token string `json:"token"`
	}
	switch {
	case m.Binary || json.Unmarshal(m.Payload, &payload) != nil || payload.Token == "":
		refuse(throng.ErrBadRequest, `send {"token":"…"}`)
		return
	case s.gw.opts.Auth == nil:
		refuse(throng.ErrNotAvailable, "the server checks no tokens")
		return
	}
	var id *throng.Identity
	known := s.User() != ""
	err := s.Afford(payload.Token)
	if err == nil {
		id, err = s.gw.opts.Auth.Connection(payload.Token)
	}
	if err == nil {
		err = s.Refresh(id)
	}
	if err != nil {
		refuse(err, "")
		return
	}
	if known {
		s.SubscribeNamed()
	} else {
		s.SubscribeAll()
	}
	if s.Ended() {
		return
	}
	response := []byte("{}")
	if id.Expires != 0 {
		ttl := max(0, id.Expires-s.gw.opts.Clock.Now()+999) / 1000
		response = append(strconv.AppendInt([]byte(`{"ttl":`), ttl, 10), '}')
	}
	s.reply(nil, m.Ref, serverTopic, "ok", response)
}

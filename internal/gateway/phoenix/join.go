package phoenix

import (
	"bytes"
	"encoding/json"
	"strconv"

	"throng"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/session"
)

// recovery is what a join may ask for beyond Phoenix, in the member "recover" of
// its payload: {} for a client that has no position yet, with "history" to get
// so many of the newest publications, or {"offset","epoch"} of the last
// publication it has.
type recovery struct {
	Offset  *uint64 `json:"offset"`
	Epoch   *string `json:"epoch"`
	History int     `json:"history"`
}

// join begins a subscription. A second join of the same channel replaces the
// first, which is told so after the answer.
func (s *Socket) join(m *codec.Message, old *session.Subscription) {
	channel := string(m.Topic)
	refuse := func(reason []byte) {
		s.reply(m.JoinRef, m.Ref, channel, "error", reason)
		if old != nil {
			s.closeChannel(old)
		}
	}
	rec, err := parseRecovery(m)
	if err != nil {
		refuse(reason(throng.ErrBadRequest, err.Error()))
		return
	}
	if old == nil && s.Count() >= s.gw.opts.Limits.Channels {
		refuse([]byte(`{"reason":"too many channels joined"}`))
		return
	}
	ns, no := s.Check(channel)
	if no == throng.ErrUnknownChannel {
		s.reply(nil, m.Ref, channel, "error", unmatched)
		return
	}
	if no != nil {
		refuse(reason(no, ""))
		return
	}
	req := session.SubscribeRequest{Channel: channel, Tag: string(m.JoinRef)}
	req.Token.Ref = req.Tag // one string serves both: phoenix.js uses one ref
	if !bytes.Equal(m.Ref, m.JoinRef) {
		req.Token.Ref = string(m.Ref)
	}
	var flags uint8
	if m.JoinRef == nil {
		req.Tag, flags = req.Token.Ref, flagNullJoin
	}
	if rec != nil {
		flags |= flagOffset
		rec.apply(&req)
	}
	req.WireFlags = flags
	req.Encoding = s.encoding(flags)
	s.Subscribe(ns, req)
}

// parseRecovery returns what a join asks for, nil if nothing.
func parseRecovery(m *codec.Message) (*recovery, error) {
	if m.Binary || !bytes.Contains(m.Payload, []byte(`"recover"`)) {
		return nil, nil
	}
	var p struct {
		Recover *recovery `json:"recover"`
	}
	if err := json.Unmarshal(m.Payload, &p); err != nil {
		return nil, errRecover
	}
	if r := p.Recover; r != nil && ((r.Offset == nil) != (r.Epoch == nil) || r.History < 0) {
		return nil, errRecover
	}
	return p.Recover, nil
}

type constError string

func (e constError) Error() string { return string(e) }

const errRecover constError = `recover must be {}, {"history":N} or {"offset":N,"epoch":"E"}`

func (r *recovery) apply(req *session.SubscribeRequest) {
	req.Positioned = true
	if r.Offset != nil {
		req.Since = &throng.Position{Offset: *r.Offset, Epoch: *r.Epoch}
		return
	}
	req.Recent = r.History
}

func (s *Socket) encoding(flags uint8) uint8 {
	e := s.gw.opts.Encoding
	if s.version == codec.V2 {
		e += encodingV2
	}
	if flags&flagOffset != 0 {
		e += encodingOffset
	}
	return e
}

// Subscribed implements session.Wire: the answer to a join.
func (s *Socket) Subscribed(sub *session.Subscription, token session.Token, r session.SubscribeResult, err *throng.Error) {
	ref := []byte(token.Ref)
	switch {
	case err != nil:
		s.reply(joinRefOf(sub), ref, sub.Channel(), "error", reason(err, ""))
	case sub.WireFlags&flagOffset != 0:
		s.reply(joinRefOf(sub), ref, sub.Channel(), "ok", s.recoveryAnswer(r))
	default:
		s.reply(joinRefOf(sub), ref, sub.Channel(), "ok", nil)
	}
	s.Each(func(old *session.Subscription) {
		if old != sub && old.Channel() == sub.Channel() {
			s.closeChannel(old)
		}
	})
}

// recoveryAnswer is the response to a join with recover: whether everything
// since the position is in publications, and where the subscription stands now.
func (s *Socket) recoveryAnswer(r session.SubscribeResult) []byte {
	b := append([]byte(nil), `{"recoverable":`...)
	b = strconv.AppendBool(b, r.Positioned)
	b = append(b, `,"recovered":`...)
	b = strconv.AppendBool(b, r.Recovered)
	b = append(b, `,"offset":`...)
	b = strconv.AppendUint(b, r.Position.Offset, 10)
	b = append(b, `,"epoch":`...)
	b = appendString(b, r.Position.Epoch)
	b = append(b, `,"publications":[`...)
	for i, p := range r.Publications {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.appendPublication(b, p)
	}
	return append(b, `]}`...)
}

func (s *Socket) appendPublication(b []byte, p *throng.Publication) []byte {
	event := p.Event
	if event == "" {
		event = s.gw.opts.DefaultEvent
	}
	b = append(b, `{"offset":`...)
	b = strconv.AppendUint(b, p.Offset, 10)
	b = append(b, `,"event":`...)
	b = appendString(b, event)
	b = append(b, `,"payload":`...)
	b = append(b, payload(p)...)
	b = append(b, `,"time":`...)
	b = strconv.AppendInt(b, p.Time, 10)
	return append(b, '}')
}

// appendString appends a JSON string.
func appendString(b []byte, s string) []byte {
	q, _ := json.Marshal(s) // strings can't fail
	return append(b, q...)
}

// reason is the response of an error reply: what, a documented code, and perhaps
// more words.
func reason(err *throng.Error, hint string) []byte {
	b := append([]byte(nil), `{"reason":`...)
	b = appendString(b, err.Message)
	b = append(b, `,"code":`...)
	b = strconv.AppendUint(b, uint64(err.Code), 10)
	if hint != "" {
		b = append(b, `,"hint":`...)
		b = appendString(b, hint)
	}
	return append(b, '}')
}

// Resumed implements session.Wire: what was missed follows as ordinary pushes.
func (s *Socket) Resumed(sub *session.Subscription, missed []*throng.Publication) {
	e := encoder{version: s.version, offset: sub.WireFlags&flagOffset != 0, event: s.gw.opts.DefaultEvent}
	for _, p := range missed {
		s.conn.SendDroppable(e.Encode(nil, sub.Channel(), p), p.ExpiresAt, sub.Class())
	}
}

// Resync implements session.Wire: the client joins again after phx_error, with
// its last offset.
func (s *Socket) Resync(sub *session.Subscription) {
	ref := joinRefOf(sub)
	s.push(ref, ref, sub.Channel(), "phx_error", insufficient)
}

var insufficient = reason(throng.ErrUnrecoverable, "publications were missed; join again with recover")

package phoenix

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"

	"throng"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/session"
)

// recovery is what a join may ask for beyond Phoenix, in the member "recover" of
// its payload: {} for a client that has no position yet, with "history" to get
// so many of the newest publications, or {"offset","epoch"} of the last
// publication it has. The answer says where the subscription stands, and has the
// publications that lead there. They are bounded by what may wait for a client:
// of the newest so many as fit, of the missed the first part. After a part the
// channel ends with phx_error, and the client joins again from where it stands.
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
			s.finish(old)
		}
	}
	rec, token, err := parseJoin(m)
	if err != nil {
		refuse(reason(throng.ErrBadRequest, err.Error()))
		return
	}
	if rec != nil && !s.answersFit() {
		refuse(reason(throng.ErrTooManyRequests, "other answers wait to be read; join again"))
		return
	}
	if old == nil && s.Full() {
		refuse([]byte(`{"reason":"too many channels joined"}`))
		return
	}
	ns, grant, no := s.Check(channel, token)
	if no == throng.ErrUnknownChannel || channel == serverTopic {
		s.reply(nil, m.Ref, channel, "error", unmatched)
		return
	}
	if no != nil {
		refuse(reason(no, ""))
		return
	}
	req := session.SubscribeRequest{Channel: channel, Tag: string(m.JoinRef), Grant: grant}
	req.Token.Ref = req.Tag // one string serves both: phoenix.js uses one ref
	if !bytes.Equal(m.Ref, m.JoinRef) {
		req.Token.Ref = string(m.Ref)
	}
	var flags uint8
	if m.JoinRef == nil {
		req.Tag = req.Token.Ref
		flags |= flagNullJoin
	}
	if rec != nil {
		flags |= flagRecover
		if ns.Retention.Enabled() { // else there is no offset to carry
			flags |= flagOffset
		}
		rec.apply(&req)
		if s.knows(m) {
			flags |= flagKnows
		}
	}
	req.WireFlags = flags
	req.Encoding = s.encoding(flags)
	s.Subscribe(ns, req)
}

// answersFit reports whether there is room for the answer to a recovery. A client
// that comes back joins all its channels at once, and had no chance yet to read
// the first answers.
func (s *Socket) answersFit() bool {
	if s.conn().Queued() > s.gw.opts.Limits.QueueBytes {
		s.conn().Flush()
	}
	return s.conn().Queued() <= s.gw.opts.Limits.QueueBytes
}

// parseJoin returns what a join asks for beyond Phoenix: recovery, nil if none, and
// the subscription token in the member "token", empty for none.
func parseJoin(m *codec.Message) (r *recovery, token string, err error) {
	// A key may be written with escapes; without it or them there is nothing to
	// look for.
	if m.Binary || !bytes.Contains(m.Payload, []byte("recover")) && !bytes.Contains(m.Payload, []byte(`"token"`)) &&
		bytes.IndexByte(m.Payload, '\\') < 0 {
		return nil, "", nil
	}
	return parseMembers(m)
}

// parseMembers is parseJoin for a payload that may ask for something. What json fills
// is allocated, so it is apart.
func parseMembers(m *codec.Message) (r *recovery, token string, err error) {
	var members map[string]json.RawMessage // unlike a struct's, its keys are exact
	if err := json.Unmarshal(m.Payload, &members); err != nil {
		return nil, "", nil // no object, so it doesn't ask
	}
	if raw := members["token"]; raw != nil {
		_ = json.Unmarshal(raw, &token) // of another type, it is the application's own
	}
	if members["recover"] == nil {
		return nil, token, nil
	}
	if err := json.Unmarshal(members["recover"], &r); err != nil {
		return nil, "", errRecover
	}
	if r != nil && ((r.Offset == nil) != (r.Epoch == nil) || r.History < 0) {
		return nil, "", errRecover
	}
	return r, token, nil
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
	e := s.gw.opts.Encoding + uint8(s.conn().Carriage())*encodingCarriage
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
	ref, more := []byte(token.Ref), false
	var behind []*throng.Publication
	switch {
	case sub.Server(): // nobody asked, and nobody is answered
	case err != nil:
		s.forget(sub)
		s.reply(joinRefOf(sub), ref, sub.Channel(), "error", reason(err, ""))
	case sub.WireFlags&flagRecover != 0:
		var answer []byte
		answer, behind, more = s.recoveryAnswer(r)
		s.reply(joinRefOf(sub), ref, sub.Channel(), "ok", answer)
	default:
		s.reply(joinRefOf(sub), ref, sub.Channel(), "ok", s.time(make([]byte, 0, timeBytes)))
	}
	s.Each(func(old *session.Subscription) {
		switch {
		case old.Class() >= sub.Class() || old.Channel() != sub.Channel():
		case old.Server(): // the client knows nothing of it
			s.Unsubscribe(old)
		default:
			s.finish(old)
		}
	})
	switch whole := s.pushMissed(sub, behind); {
	case more || !whole:
		sub.Lost()
	case err == nil:
		s.showState(sub, r.Recovered)
	}
}

// recoveryAnswer is the response to a join with recover: whether everything
// since the position is in publications, and where the subscription stands now.
//
// An answer has no more than a queue may, or a crowd that comes back could ask
// for any amount of memory. A recovery that is larger comes in parts: the answer
// stands at the end of the first one, and more says that the client has to join
// again from there. Inside the window nobody is told to begin anew.
//
// An answer is never dropped, so it has nothing with a deadline: what comes from the
// first such publication on follows as pushes, and the answer stands before it. It says
// which they are, so that a client can tell them from what is published now.
//
// The answer is in the loop's memory, valid until the next one.
func (s *Socket) recoveryAnswer(r session.SubscribeResult) (answer []byte, behind []*throng.Publication, more bool) {
	all := s.visible(r.Publications)
	pubs, size := s.fitting(all, r.Recovered)
	if more = r.Recovered && len(pubs) < len(all); more {
		r.Position.Offset = pubs[len(pubs)-1].Offset
	}
	if i := slices.IndexFunc(pubs, expiring); i >= 0 {
		r.Position.Offset = pubs[i].Offset - 1
		pubs, behind = pubs[:i], pubs[i:]
	}
	t := &s.gw.tapes[s.conn().Ref().Loop]
	b := append(t.answer[:0], `{"recoverable":`...)
	b = strconv.AppendBool(b, r.Positioned)
	b = append(b, `,"recovered":`...)
	b = strconv.AppendBool(b, r.Recovered)
	b = append(b, `,"offset":`...)
	b = strconv.AppendUint(b, r.Position.Offset, 10)
	b = append(b, `,"epoch":`...)
	b = appendString(b, r.Position.Epoch)
	b = append(b, `,"publications":[`...)
	if piece, ok := t.piece(s.gw, pubs, size); ok {
		b = append(b, piece...)
	} else {
		for i, p := range pubs {
			if i > 0 {
				b = append(b, ',')
			}
			b = s.gw.appendPublication(b, p)
		}
	}
	b = appendFollowing(append(b, ']'), behind)
	if s.timed {
		b = append(b, `,"time":`...)
		b = strconv.AppendInt(b, s.gw.opts.Clock.Now(), 10)
	}
	b = append(b, '}')
	if t.answer = b; cap(b) > answersBytes {
		t.answer = nil
	}
	return b, behind, more
}

// appendFollowing appends the member that names the pushes behind an answer, if there are
// some: their offsets, and when they were published, which a push does not say.
func appendFollowing(b []byte, behind []*throng.Publication) []byte {
	if len(behind) == 0 {
		return b
	}
	b = append(b, `,"following":`...)
	for i, p := range behind {
		b = append(b, "[,"[min(i, 1)])
		b = append(b, `{"offset":`...)
		b = strconv.AppendUint(b, p.Offset, 10)
		b = append(b, `,"time":`...)
		b = strconv.AppendInt(b, p.Time, 10)
		b = append(b, '}')
	}
	return append(b, ']')
}

// fitting returns what an answer has room for: the oldest, at least one of them,
// or the newest.
func (s *Socket) fitting(pubs []*throng.Publication, oldest bool) (part []*throng.Publication, size int) {
	n, room := 0, s.gw.opts.Limits.QueueBytes
	for ; n < len(pubs); n++ {
		i := n
		if !oldest {
			i = len(pubs) - 1 - n
		}
		more := answerSize(pubs[i])
		if size+more > room && (n > 0 || !oldest) {
			break
		}
		size += more
	}
	if oldest {
		return pubs[:n], size
	}
	return pubs[len(pubs)-n:], size
}

// visible leaves out what this client must not get. Its position passes over it
// all the same.
func (s *Socket) visible(pubs []*throng.Publication) []*throng.Publication {
	now := s.gw.opts.Clock.Now()
	return slices.DeleteFunc(pubs, func(p *throng.Publication) bool {
		if p.Expired(now) {
			s.gw.env.Stats.Expired.Add(1)
			return true
		}
		return p.Exclude == s.Client() && p.Exclude != throng.ClientID{}
	})
}

// answerSize is about what a publication takes in an answer.
func answerSize(p *throng.Publication) int {
	n := len(p.Data)
	if p.Binary {
		n = base64.StdEncoding.EncodedLen(n)
	}
	return n + len(p.Event) + 128
}

func (g *Gateway) appendPublication(b []byte, p *throng.Publication) []byte {
	event := p.Event
	if event == "" {
		event = g.opts.DefaultEvent
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
	if !s.pushMissed(sub, s.visible(missed)) {
		sub.Lost()
	}
	s.showState(sub, false) // this process may not know the one it had
}

// Unsubscribed implements session.Wire: the client joins again after phx_error, with
// its last offset if it missed something, and does not after phx_close.
func (s *Socket) Unsubscribed(sub *session.Subscription, why *throng.Unsubscribe) {
	if sub.Server() {
		return // the client knows nothing of it
	}
	s.forget(sub)
	ref := joinRefOf(sub)
	switch {
	case why == throng.UnsubscribeInsufficient:
		s.push(ref, ref, sub.Channel(), "phx_error", insufficient)
	case why.Again():
		s.push(ref, ref, sub.Channel(), "phx_error", reason(&throng.Error{Code: why.Code, Message: why.Reason}, ""))
	default:
		s.push(ref, ref, sub.Channel(), "phx_close", nil)
	}
}

var insufficient = reason(throng.ErrUnrecoverable, "publications were missed; join again with recover")

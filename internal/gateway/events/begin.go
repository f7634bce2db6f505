package events

import (
	"slices"

	"throng"
	"throng/internal/session"
)

// wanted is a channel that the client may have.
type wanted struct {
	channel string
	ns      *throng.Namespace
	grant   *throng.Grant
	server  bool // without having been asked for
	aside   bool // see aside.go
}

// plan is what becomes of a request's channels.
type plan struct {
	wanted  []wanted
	refused []problem
	first   *throng.Error // of the refusals
	hint    string
}

// err is why there is nothing to have.
func (p *plan) err() *throng.Error {
	if p.first == nil {
		return throng.ErrBadRequest
	}
	return p.first
}

// plan looks at all channels that are asked for: by name, by a token for one
// channel, or by the token that the client connects with.
func (s *Stream) plan(r *Request) (p plan) {
	if len(r.Channels)+len(r.Tokens) > s.gw.opts.Limits.Channels {
		p.first, p.hint = throng.ErrLimitExceeded, "too many channels"
		return p
	}
	tokens := make(map[string]string, len(r.Tokens))
	names := r.Channels
	for _, t := range r.Tokens {
		channel := channelOf(t)
		if channel == "" {
			p.refuse("", throng.ErrUnauthorized)
			continue
		}
		tokens[channel] = t
		if !slices.Contains(names, channel) {
			names = append(names, channel)
		}
	}
	for _, name := range names {
		ns, grant, err := s.Check(name, tokens[name])
		if err != nil {
			p.refuse(name, err)
			continue
		}
		p.wanted = append(p.wanted, wanted{name, ns, grant, false, false})
	}
	s.planGranted(&p, names)
	if len(p.wanted) == 0 && p.first == nil {
		p.hint = "name one or more channels: ?channel=NAME"
	}
	return p
}

// planGranted adds the user's own channel, and those of the token that the client
// connects with. What can't be is left out: the client was not promised anything.
func (s *Stream) planGranted(p *plan, names []string) {
	id := s.Identity()
	if id == nil {
		return
	}
	for i := range id.Channels {
		g := &id.Channels[i]
		ns := s.gw.opts.Node.Namespace(g.Channel)
		if ns != nil && !slices.Contains(names, g.Channel) && len(p.wanted) < s.gw.opts.Limits.Channels {
			p.wanted = append(p.wanted, wanted{g.Channel, ns, g, true, false})
		}
	}
	s.planOwn(p, names)
}

// planOwn adds the user's own channel. Who asked for others, and gets none of them, does
// not get a stream with that one instead; and who asked for nothing, asked for that one.
func (s *Stream) planOwn(p *plan, names []string) {
	own := s.OwnChannel()
	if own == "" || len(p.wanted) == 0 && p.first != nil || slices.Contains(names, own) ||
		slices.ContainsFunc(p.wanted, func(w wanted) bool { return w.channel == own }) {
		return
	}
	if ns := s.gw.opts.Node.Namespace(own); ns != nil {
		p.wanted = append(p.wanted, wanted{own, ns, nil, true, len(p.wanted) > 0})
	}
}

func (p *plan) refuse(channel string, err *throng.Error) {
	if p.first == nil {
		p.first = err
	}
	p.refused = append(p.refused, problem{Channel: channel, Code: err.Code, Message: err.Message})
}

// subscribe begins the channels, each where the client's last stream stood.
func (s *Stream) subscribe(r *Request, list []wanted) {
	s.resume = &resume{left: len(list)}
	for _, w := range list {
		if at := r.places.find(w.channel); at != nil && !w.aside && w.ns.Retention.Enabled() {
			s.resume.places = append(s.resume.places, place{hash(w.channel), *at})
		}
	}
	for _, w := range list {
		if s.Ended() {
			return
		}
		req := session.SubscribeRequest{
			Channel: w.channel, Encoding: s.Encoding(), Grant: w.grant, Server: w.server, Token: session.Token{Ref: askedFor},
		}
		if w.aside {
			req.WireFlags = flagAside
		} else {
			req.Positioned, req.Since = true, r.places.find(w.channel)
		}
		s.Subscribe(w.ns, req)
	}
}

// askedFor marks the answers that resume waits for.
const askedFor = "1"

// beginning is the event "subscribed".
type beginning struct {
	Channel     string `json:"channel"`
	Recoverable bool   `json:"recoverable"`
	Recovered   bool   `json:"recovered"`
	Offset      uint64 `json:"offset"`
	Epoch       string `json:"epoch"`
	Time        int64  `json:"time"` // the server's
}

// Subscribed implements session.Wire: the channel begins, and what was missed
// follows. A stream of which the broker fails a part ends: its client comes back
// with its position.
func (s *Stream) Subscribed(sub *session.Subscription, t session.Token, r session.SubscribeResult, err *throng.Error) {
	if s.Ended() {
		return
	}
	if err != nil {
		s.Disconnect(throng.DisconnectServerError)
		return
	}
	s.name(sub)
	s.aside(sub)
	at := r.Position
	if since := s.since(sub); r.Recovered && since != nil {
		at = *since
	}
	s.began(sub)
	id := ""
	if r.Positioned {
		id = s.id(sub, at)
	}
	s.introduce(sub, id, beginning{sub.Channel(), r.Positioned, r.Recovered, r.Position.Offset, r.Position.Epoch, s.gw.opts.Clock.Now()})
	s.proceed(sub, r.Publications, t.Ref == askedFor)
}

// proceed sends what was missed of a channel that begins. It may be the last of
// those that were waited for.
func (s *Stream) proceed(sub *session.Subscription, missed []*throng.Publication, awaited bool) {
	whole := s.replay(sub, missed)
	if s.resume != nil && awaited {
		if s.resume.left--; s.resume.left == 0 {
			s.resume = nil
		}
	}
	s.judge()
	switch {
	case !whole:
		s.Disconnect(throng.DisconnectInsufficientState)
	case s.gw.opts.State != nil && !s.Ended() && throng.UserOf(sub.Channel()) != "":
		s.gw.opts.State.Show(sub)
	}
}

// introduce says how a channel begins. The id says that all that was sent before was
// seen, so the event must not outlive what is shed before it.
func (s *Stream) introduce(sub *session.Subscription, id string, b beginning) {
	if id == "" {
		s.say("", "subscribed", b)
		return
	}
	s.spoke = s.Now()
	s.Conn.SendDroppable(appendEvent(nil, id, "subscribed", b), throng.Timing{}, sub.Class())
}

// since is where a channel's client stood that has not begun.
func (s *Stream) since(sub *session.Subscription) *throng.Position {
	if s.resume == nil {
		return nil
	}
	return s.resume.places.find(sub.Channel())
}

// replay sends what a client missed, as far as there is room, and reports whether
// that was all. A crowd that comes back must not ask for any amount of memory; who
// has more to get comes back at once, from where it then stands.
func (s *Stream) replay(sub *session.Subscription, missed []*throng.Publication) (whole bool) {
	now := s.gw.opts.Clock.Now()
	for _, p := range missed {
		if p.Expired(now) {
			s.gw.env.Stats.Expired.Add(1)
			continue
		}
		event := s.missed(sub, p)
		if s.Queued()+len(event) > s.gw.opts.Limits.QueueBytes {
			if s.Flush(); s.Ended() {
				return true
			}
			if n := s.Queued(); n > 0 && n+len(event) > s.gw.opts.Limits.QueueBytes {
				return false
			}
		}
		s.spoke = s.Now()
		s.Conn.SendDroppable(event, throng.Timing{ExpiresAt: p.ExpiresAt}, sub.Class())
	}
	return true
}

// missed is the event of a publication from the history.
func (s *Stream) missed(sub *session.Subscription, p *throng.Publication) []byte {
	event := s.gw.recent[s.Ref().Loop].event(sub.Channel(), p)
	if s.counted() == 1 && (s.resume == nil || len(s.resume.places) == 0) {
		return event
	}
	id := s.id(sub, throng.Position{Offset: p.Offset, Epoch: p.Epoch})
	b := append(make([]byte, 0, len(idField)+len(id)+1+len(event)), idField...)
	return append(append(append(b, id...), '\n'), anonymous(event)...)
}

// Resumed implements session.Wire: a channel goes on in this process.
func (s *Stream) Resumed(sub *session.Subscription, missed []*throng.Publication) {
	if s.Ended() {
		return
	}
	s.began(sub)
	s.aside(sub)
	s.name(sub) // anew: it is somewhere else now
	s.proceed(sub, missed, true)
}

// Published implements session.Wire: these clients publish nothing.
func (s *Stream) Published(*session.Subscription, session.Token, throng.PublishResult, *throng.Error) {
}

// unsubscribed is the event "unsubscribed".
type unsubscribed struct {
	Channel string `json:"channel"`
	*throng.Unsubscribe
}

// Tell implements session.Wire: who is there, if the client wants to know, and what its
// user's screens share. It is never dropped, so it must not pile up: events of channels
// may fill the queue once, this comes on top.
func (s *Stream) Tell(sub *session.Subscription, event string, data []byte) {
	p := throng.Publication{Event: event, Data: data, Time: s.gw.opts.Clock.Now()}
	if s.Ended() || p.Presence() && !s.shows {
		return
	}
	most := 2 * s.gw.opts.Limits.QueueBytes
	if s.Queued() > most {
		s.Flush() // a burst of one turn is not yet a slow client
	}
	switch {
	case s.Ended():
	case s.Queued() > most:
		s.Disconnect(throng.DisconnectSlow)
	default:
		s.send(encoder{presence: true}.Encode(s.Scratch(), sub.Channel(), &p))
	}
}

// onlyOwn reports whether the stream has no channel any more that was asked for.
func (s *Stream) onlyOwn() bool {
	only := true
	s.Each(func(sub *session.Subscription) {
		only = only && sub.Server() && throng.UserOf(sub.Channel()) != ""
	})
	return only
}

// Unsubscribed implements session.Wire. A client that missed something has to come
// back: its last id says from where. So has one whose last token ran out, for what
// it may have now.
func (s *Stream) Unsubscribed(sub *session.Subscription, why *throng.Unsubscribe) {
	switch {
	case s.Ended():
		return
	case why == throng.UnsubscribeInsufficient:
		s.Disconnect(throng.DisconnectInsufficientState)
		return
	}
	s.say("", "unsubscribed", unsubscribed{sub.Channel(), why})
	if why.Again() && s.onlyOwn() {
		s.Disconnect(throng.DisconnectSubExpired)
		return
	}
	s.judge()
}

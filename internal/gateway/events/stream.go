package events

import (
	"encoding/base64"
	"math/rand/v2"
	"strconv"

	"throng"
	"throng/internal/session"
)

// Stream is the session of a client that listens to events. It implements
// session.Wire, and session.Transport: on their way to the conn, events of a stream
// with several channels get an id with all of them.
type Stream struct {
	session.Session
	Conn
	gw     *Gateway
	resume *resume // until all channels have begun; nil then
	spoke  int64   // when the client was last sent something, in Clock milliseconds
	single bool    // the id in the shared event says all
	shows  bool    // who is in its channels
	timed  bool    // the server's time, when nothing else is said
	named  *named  // what its client names it by, if there is anything to say of it
}

// resume is where channels stand that have not begun yet.
type resume struct {
	places places
	left   int // channels that were asked for and have no answer
}

// flagBegun is the flag of a subscription that was answered.
const flagBegun uint8 = 1

var (
	_ session.Wire      = (*Stream)(nil)
	_ session.Transport = (*Stream)(nil)
	_ Feed              = (*Stream)(nil)
)

// Stream begins a stream, or refuses it with an HTTP status when it can have none
// of its channels.
func (g *Gateway) Stream(c Conn, r Request, who Client) *Stream {
	s := &Stream{Conn: c, gw: g, shows: r.presence, timed: r.time}
	s.Init(&g.env, s, s, throng.NewClientID(), who.Identity)
	if who.Until != 0 {
		s.Await(who.Until)
	}
	p := s.plan(&r)
	if len(p.wanted) == 0 && !p.err().Temporary {
		s.End()
		c.Answer(statusOf(p.err()), Problem(p.err(), p.hint), 0)
		return s
	}
	c.Begin()
	b := appendRetry(s.Scratch(), retryLeast+rand.IntN(retrySpread))
	for _, no := range p.refused {
		b = appendEvent(b, "", "refused", no)
	}
	s.send(append(b, '\n'))
	if len(p.wanted) == 0 { // an EventSource must come back, and would not after a status
		s.Disconnect(throng.DisconnectServerError)
		return s
	}
	s.subscribe(&r, p.wanted)
	s.Rearm()
	return s
}

// Encoding implements session.Wire.
func (s *Stream) Encoding() uint8 {
	if s.shows {
		return s.gw.opts.Encoding + encodingPresence
	}
	return s.gw.opts.Encoding
}

// send sends what was built in the loop's memory.
func (s *Stream) send(b []byte) {
	s.spoke = s.Now()
	s.Conn.SendScratch(b, 0)
}

// say sends an event of the server's own.
func (s *Stream) say(id, kind string, data any) {
	s.send(appendEvent(s.Scratch(), id, kind, data))
}

// SendDroppable implements session.Transport: an event of a channel goes out. None goes
// ahead of another: an id says what was sent before.
func (s *Stream) SendDroppable(event []byte, t throng.Timing, class uint32) {
	s.spoke = s.Now()
	if !s.single {
		event = s.identified(event)
	}
	t.Urgent = false
	s.Conn.SendDroppable(event, t, class)
}

// identified returns an event with an id that says where all channels stand. Id and
// event are one segment: they are written, dropped and shed together.
func (s *Stream) identified(event []byte) []byte {
	event = anonymous(event)
	var room [512]byte
	id := s.appendPlaces(append(room[:0], idVersion), nil, throng.Position{})
	if len(id) == 1 {
		return event
	}
	b := make([]byte, 0, len(idField)+base64.RawURLEncoding.EncodedLen(len(id))+1+len(event))
	b = idEncoding.AppendEncode(append(b, idField...), id)
	return append(append(b, '\n'), event...)
}

// id is where all channels stand; empty where none counts. One of them may stand
// elsewhere than the hub knows.
func (s *Stream) id(of *session.Subscription, at throng.Position) string {
	b := s.appendPlaces([]byte{idVersion}, of, at)
	if len(b) == 1 {
		return ""
	}
	return idEncoding.EncodeToString(b)
}

func (s *Stream) appendPlaces(b []byte, of *session.Subscription, at throng.Position) []byte {
	s.Each(func(sub *session.Subscription) {
		switch {
		case sub == of:
			b = appendPlace(b, hash(sub.Channel()), at)
		case sub.WireFlags&flagBegun != 0 && sub.Positioned():
			now := throng.Position{Offset: s.gw.opts.Node.Offset(sub), Epoch: sub.Epoch()}
			b = appendPlace(b, hash(sub.Channel()), now)
		}
	})
	if s.resume != nil {
		for _, p := range s.resume.places {
			b = appendPlace(b, p.name, p.at)
		}
	}
	return b
}

// began takes a channel that was answered out of those that have not begun.
func (s *Stream) began(sub *session.Subscription) {
	sub.WireFlags |= flagBegun
	if s.resume == nil {
		return
	}
	name, keep := hash(sub.Channel()), s.resume.places[:0]
	for _, p := range s.resume.places {
		if p.name != name {
			keep = append(keep, p)
		}
	}
	s.resume.places = keep
}

// judge finds out whether the shared events say all that there is to say.
func (s *Stream) judge() {
	s.single = false
	if s.Count() == 1 && s.resume == nil {
		s.Each(func(sub *session.Subscription) { s.single = sub.Positioned() })
	}
}

// Timer implements Feed.
func (s *Stream) Timer() {
	now := s.gw.opts.Clock.Now()
	if s.Expire(now); s.Ended() {
		return
	}
	if s.gw.beat > 0 && now >= s.spoke+s.gw.beat {
		s.alive(now)
	}
	s.Rearm()
}

// alive shows that the stream is there, when nothing else was said: by a comment, or by
// the event "time" for who keeps a clock.
func (s *Stream) alive(now int64) {
	if !s.timed {
		s.send(append(s.Scratch(), ":\n\n"...))
		return
	}
	b := append(s.Scratch(), "event: time\ndata: {\"time\":"...)
	s.send(append(strconv.AppendInt(b, now, 10), "}\n\n"...))
}

// Rearm implements session.Wire: the timer is set to what comes first.
func (s *Stream) Rearm() {
	if s.Ended() {
		return
	}
	at := s.Deadline()
	if s.gw.beat > 0 {
		at = throng.Earlier(at, s.spoke+s.gw.beat)
	}
	s.SetDeadline(at)
}

// Message implements Feed.
func (s *Stream) Message(m any) {
	if d, ok := m.(*throng.Disconnect); ok {
		s.Disconnect(d)
		return
	}
	s.Handle(m)
}

// Shutdown implements Feed.
func (s *Stream) Shutdown() { s.Disconnect(throng.DisconnectShutdown) }

// Closed implements Feed. A client that only listens is heard by its system alone.
func (s *Stream) Closed(cause error) {
	if at := s.LastAck(); at != 0 && throng.Silent(cause) {
		s.EndSeen(at)
		return
	}
	s.End()
}

// Disconnect implements session.Wire.
func (s *Stream) Disconnect(d *throng.Disconnect) {
	if s.Ended() {
		return
	}
	s.End()
	s.send(farewell(s.Scratch(), d))
	s.Conn.Close(d)
}

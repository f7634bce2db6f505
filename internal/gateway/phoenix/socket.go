package phoenix

import (
	"strconv"
	"time"

	"throng"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/rate"
	"throng/internal/session"
	"throng/internal/websocket"
)

// Socket is one Phoenix client. It implements session.Wire, and all its methods
// are for the loop that owns it.
type Socket struct {
	session.Session
	gw      *Gateway
	owed    *owed // what the client waits for; nil usually
	meter   rate.Meter
	version codec.Version
	timed   bool // wants the server's time
}

// Flags of a subscription of this wire.
const (
	flagOffset   uint8 = 1 << iota // pushes carry the offset
	flagNullJoin                   // joined with a null join_ref; the tag is the join's ref
	flagRecover                    // joined with "recover": the answer says from where on
	flagEnding                     // ends when what is under way is answered; see ending.go
	flagKnows                      // joined with the version of the user's state that it has

	flagsKept = flagOffset | flagNullJoin | flagRecover | flagKnows // those that a captured socket has
)

// Client is who opens a socket.
type Client struct {
	ID throng.ClientID
	// Identity is what is known of it; nil for nothing.
	Identity *throng.Identity
	// Until is when it must have sent a token, in Clock milliseconds; 0 if it need
	// not.
	Until int64
	// Time says that it wants the server's time, see Connect.Time.
	Time bool
}

// Open begins a socket's life on a connection.
func (g *Gateway) Open(c Conn, v codec.Version, who Client) *Socket {
	s := &Socket{gw: g, version: v, timed: who.Time, meter: rate.NewMeter(g.opts.Clock.Now())}
	s.Init(&g.env, s, c, who.ID, who.Identity)
	if who.Until != 0 {
		s.Await(who.Until)
	}
	s.Rearm()
	if who.Identity != nil {
		s.SubscribeAll()
	}
	return s
}

// Encoding implements session.Wire.
func (s *Socket) Encoding() uint8 { return s.encoding(0) }

// conn is the session's transport, which Open was given as a Conn. A field of its
// own would cost every idle connection 16 bytes.
func (s *Socket) conn() Conn { return s.Transport().(Conn) }

// The close codes of a Phoenix server.
const (
	closeNormal   = 1000
	closeAway     = 1001 // the server ended this user's connection
	closeIdle     = 1002
	closeBadFrame = 1011
	closeRestart  = 1012
)

// maxName is the longest ref or event, in bytes. The binary wire can't carry more.
const maxName = 255

// Receive takes one message of the client.
func (s *Socket) Receive(binary bool, data []byte) {
	wait, ok := s.charge(len(data))
	if !ok {
		return
	}
	var m codec.Message
	d := &s.gw.decoders[s.conn().Ref().Loop]
	var err error
	if binary && s.version == codec.V2 {
		err = d.Binary(data, &m)
	} else { // version 1 has no binary form: Phoenix reads JSON from either kind of frame
		err = d.Text(s.version, data, &m)
	}
	if err != nil || len(m.JoinRef) > maxName+len(`""`) || len(m.Ref) > maxName+len(`""`) {
		s.conn().Close(closeBadFrame, "bad message")
		return
	}
	s.dispatch(&m, wait)
}

// dispatch does what a message says, unless the client was too fast and should
// wait.
func (s *Socket) dispatch(m *codec.Message, wait time.Duration) {
	if m.Heartbeat() {
		var room [timeBytes]byte
		s.reply(nil, m.Ref, serverTopic, "ok", s.time(room[:0]))
		return
	}
	if wait > 0 && string(m.Event) != "phx_leave" {
		s.hasten(m, wait)
		return
	}
	if string(m.Topic) == serverTopic && string(m.Event) == refreshEvent {
		s.refresh(m)
		return
	}
	sub := s.Find(m.Topic)
	if string(m.Event) == "phx_join" {
		s.join(m, sub)
		return
	}
	if sub != nil && sub.Server() {
		sub = nil // a client that has not joined can't use the channel
	}
	switch string(m.Event) {
	case "phx_leave":
		s.leave(m, sub)
		return
	}
	switch {
	case sub == nil || sub.WireFlags&flagEnding != 0:
		s.reply(nil, m.Ref, string(m.Topic), "error", unmatched)
	case stale(sub, m.JoinRef): // meant for an earlier join
	default:
		s.event(m, sub)
	}
}

// time appends what an answer without another content says: the server's time for who
// wants it, else nothing.
func (s *Socket) time(b []byte) []byte {
	if !s.timed {
		return nil
	}
	b = append(b, `{"time":`...)
	b = strconv.AppendInt(b, s.gw.opts.Clock.Now(), 10)
	return append(b, '}')
}

// timeBytes is room for time.
const timeBytes = 32

// serverTopic is the topic of heartbeats. Nobody joins it.
const serverTopic = "phoenix"

var unmatched = []byte(`{"reason":"unmatched topic"}`)

// stale reports whether a message with this join_ref belongs to another join
// than the present one. A null join_ref belongs to any.
func stale(sub *session.Subscription, joinRef []byte) bool {
	return joinRef != nil && (sub.WireFlags&flagNullJoin != 0 || string(joinRef) != sub.Tag())
}

// joinRefOf is the join_ref that the client must use and that the end of the
// channel carries; nil when it joined without one.
func joinRefOf(sub *session.Subscription) []byte {
	if sub.WireFlags&flagNullJoin != 0 {
		return nil
	}
	return []byte(sub.Tag())
}

// Timer closes a client that was silent for too long, and ends what has lasted its
// time. It may come too early.
func (s *Socket) Timer() {
	now := s.gw.opts.Clock.Now()
	if s.Expire(now); s.Ended() {
		return
	}
	if s.gw.idle > 0 && s.conn().LastRead()+s.gw.idle <= now {
		s.EndSeen(s.conn().LastRead())
		s.conn().Close(closeIdle, "idle timeout")
		return
	}
	s.Rearm()
}

// Rearm implements session.Wire: the timer is set to what comes first.
func (s *Socket) Rearm() {
	at := s.Deadline()
	if s.gw.idle > 0 {
		at = throng.Earlier(at, s.conn().LastRead()+s.gw.idle)
	}
	if at != 0 {
		s.conn().SetDeadline(at)
	}
}

// Message takes what was posted to the socket.
func (s *Socket) Message(m any) {
	if s.Handle(m) {
		return
	}
	switch m := m.(type) {
	case *throng.Disconnect:
		s.Disconnect(m)
	case *answered:
		s.answered(m)
	}
}

// Shutdown closes the socket as a Phoenix server that stops does.
func (s *Socket) Shutdown() { s.Disconnect(throng.DisconnectShutdown) }

// Closed ends the session.
func (s *Socket) Closed(cause error) {
	if throng.Silent(cause) {
		s.EndSeen(s.conn().LastRead())
		return
	}
	s.End()
}

// Disconnect implements session.Wire: where Phoenix has a close code for the
// case it is used, else the code is the reason's own.
func (s *Socket) Disconnect(d *throng.Disconnect) {
	code := d.Code
	switch {
	case d == throng.DisconnectShutdown && s.Count() > 0:
		code = closeRestart
	case d == throng.DisconnectShutdown:
		code = closeNormal
	case d == throng.DisconnectForce, d == throng.DisconnectForceReconnect:
		code = closeAway
	}
	s.End()
	s.conn().Close(code, d.Reason)
}

// reply answers a message.
func (s *Socket) reply(joinRef, ref []byte, topic, status string, response []byte) {
	b := s.begin()
	b = codec.AppendReply(b, s.version, joinRef, ref, topic, status, response)
	s.send(b, websocket.OpText)
}

// push sends an event to this client only.
func (s *Socket) push(joinRef, ref []byte, topic, event string, payload []byte) {
	b := s.begin()
	b = codec.AppendPush(b, s.version, joinRef, ref, topic, event, payload)
	s.send(b, websocket.OpText)
}

// begin and send build a frame in the loop's memory: the payload first, then its
// header, if the carriage wants one, into the room before it.
func (s *Socket) begin() []byte {
	var room [websocket.HeaderRoom]byte
	return append(s.conn().Scratch(), room[:]...)
}

func (s *Socket) send(b []byte, op websocket.Opcode) {
	if s.room() {
		b, from := s.gw.opts.Compression.frame(s.conn().Carriage(), b, op)
		s.conn().SendScratch(b, from)
	}
}

// room ends a client that asks and does not read: answers are never dropped, so
// they must not pile up. Publications may fill the queue once; answers come on
// top, and the last one may be of any size.
func (s *Socket) room() bool {
	most := 2 * s.gw.opts.Limits.QueueBytes
	if s.conn().Queued() <= most {
		return true
	}
	s.conn().Flush() // a burst of one turn is not yet a slow client
	if s.conn().Queued() <= most {
		return true
	}
	if !s.Ended() {
		s.Disconnect(throng.DisconnectSlow)
	}
	return false
}

package gateway

import (
	"unsafe"

	"throng"
	"throng/internal/loop"
	"throng/internal/websocket"
)

// Protocol is what a WebSocket's messages are given to: a wire's state machine.
type Protocol interface {
	// Receive takes a whole message, valid during the call.
	Receive(binary bool, data []byte)
	// Control is told of a ping or pong with n bytes of payload; it has been
	// answered.
	Control(n int)
	// Timer, Message, Shutdown and Closed are a loop.Handler's. Timer may come
	// too early; a protocol that still waits sets its deadline again.
	Timer()
	Message(m any)
	Shutdown()
	Closed(cause error)
	// Capture encodes the protocol's state for the Restore of its Route. It says
	// why not while it waits for something that would be lost.
	Capture() ([]byte, error)
}

// socket is a WebSocket on a loop: it turns bytes into messages, answers pings
// and closes, and is the Conn of the protocol above it. It implements
// loop.Handler.
type socket struct {
	*loop.Conn
	at      *mount
	reader  websocket.Reader
	proto   Protocol
	begun   uint32 // see pace.go
	pongs   uint8  // pongs among what waits, about
	pinged  bool   // see ping.go
	deflate websocket.Deflate
}

var _ loop.Handler = (*socket)(nil)

// SocketBytes is what a WebSocket costs the gateway while nothing is under way,
// apart from its protocol and its connection.
const SocketBytes = int(unsafe.Sizeof(socket{}))

// Open implements loop.Handler.
func (s *socket) Open(*loop.Conn) {}

// Data implements loop.Handler.
func (s *socket) Data(_ *loop.Conn, b []byte) (used int) {
	whole, lim := false, s.limits()
	s.pinged = false
	// Next is called until it has nothing more, also when all is consumed: that
	// gives its buffer back.
	for s.Conn.Open() {
		m, n, ok, err := s.reader.Next(b[used:], lim)
		used += n
		if err != nil {
			s.fail(err)
			return len(b)
		}
		if !ok {
			s.pace(len(b), used < len(b), whole)
			return used
		}
		whole = whole || !m.Op.Control()
		s.take(m)
	}
	return len(b)
}

// limits are those of the frames that were agreed on.
func (s *socket) limits() *websocket.Limits {
	if s.deflate != websocket.DeflateOff {
		return &s.at.gw.deflated
	}
	return &s.at.gw.opts.Limits
}

func (s *socket) take(m websocket.Message) {
	switch m.Op {
	case websocket.OpText, websocket.OpBinary:
		s.at.gw.stats.MessagesIn.Add(1)
		s.proto.Receive(m.Op == websocket.OpBinary, m.Data)
	case websocket.OpPing:
		s.pong(m.Data)
		s.proto.Control(len(m.Data))
	case websocket.OpPong:
		s.proto.Control(len(m.Data))
	case websocket.OpClose:
		// RFC 6455 section 5.5.1: the answer usually echoes the code.
		code, _ := websocket.ParseClose(m.Data)
		s.close(code, "", errPeerClosed)
	}
}

// A client that pings and does not read gets no more than maxPongs answers on
// top of pongBytes of anything. RFC 6455 section 5.5.3 allows to leave out all
// but the newest; we leave out the newest, which nobody waits for: an earlier
// one still is on its way.
const (
	maxPongs  = 128
	pongBytes = 1 << 10
)

func (s *socket) pong(data []byte) {
	if s.pongs >= maxPongs {
		s.Flush()
	}
	if s.Queued() < pongBytes {
		s.pongs = 0
	}
	if s.pongs >= maxPongs {
		return
	}
	s.pongs++
	s.SendScratch(websocket.AppendFrame(s.Scratch(), websocket.OpPong, data), 0)
}

// fail ends a connection whose frames are not WebSocket's.
func (s *socket) fail(err error) {
	e, ok := err.(*websocket.CloseError)
	if !ok {
		e = &websocket.CloseError{Code: 1011, Reason: "internal error"}
	}
	s.close(e.Code, e.Reason, e)
}

// Close implements the protocol's Conn: it says why, and ends the connection.
func (s *socket) Close(code uint16, reason string) {
	s.close(code, reason, &throng.Disconnect{Code: code, Reason: reason})
}

func (s *socket) close(code uint16, reason string, cause error) {
	s.SendScratch(websocket.AppendClose(s.Scratch(), code, reason), 0)
	s.Finish(cause)
}

// Message implements loop.Handler.
func (s *socket) Message(_ *loop.Conn, m any) { s.proto.Message(m) }

// Shutdown implements loop.Handler.
func (s *socket) Shutdown(*loop.Conn) { s.proto.Shutdown() }

// Closed implements loop.Handler.
func (s *socket) Closed(_ *loop.Conn, cause error) {
	s.reader.Release()
	s.at.gw.stats.ended(cause)
	s.at.gw.stats.WebSockets.Add(-1)
	s.proto.Closed(cause)
}

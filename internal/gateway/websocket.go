package gateway

import (
	"throng"
	"throng/internal/loop"
	"throng/internal/websocket"
)

// Protocol is what a WebSocket's messages are given to: a wire's state machine.
type Protocol interface {
	// Receive takes a whole message, valid during the call.
	Receive(binary bool, data []byte)
	// Timer, Message, Shutdown and Closed are a loop.Handler's.
	Timer()
	Message(m any)
	Shutdown()
	Closed(cause error)
}

// socket is a WebSocket on a loop: it turns bytes into messages, answers pings
// and closes, and is the Conn of the protocol above it. It implements
// loop.Handler.
type socket struct {
	*loop.Conn
	gw     *Gateway
	reader websocket.Reader
	proto  Protocol
}

var _ loop.Handler = (*socket)(nil)

// Open implements loop.Handler.
func (s *socket) Open(*loop.Conn) {}

// Data implements loop.Handler.
func (s *socket) Data(_ *loop.Conn, b []byte) (used int) {
	// Next is called until it has nothing more, also when all is consumed: that
	// gives its buffer back.
	for s.Conn.Open() {
		m, n, ok, err := s.reader.Next(b[used:], &s.gw.limits)
		used += n
		if err != nil {
			s.fail(err)
			return len(b)
		}
		if !ok {
			return used
		}
		s.gw.stats.MessagesIn.Add(1)
		s.take(m)
	}
	return len(b)
}

func (s *socket) take(m websocket.Message) {
	switch m.Op {
	case websocket.OpText, websocket.OpBinary:
		s.proto.Receive(m.Op == websocket.OpBinary, m.Data)
	case websocket.OpPing:
		b := s.Scratch()
		s.SendScratch(websocket.AppendFrame(b, websocket.OpPong, m.Data), 0)
	case websocket.OpClose:
		// RFC 6455 section 5.5.1: the answer usually echoes the code.
		code, _ := websocket.ParseClose(m.Data)
		s.close(code, "", errPeerClosed)
	}
}

// fail ends a connection whose frames are not WebSocket's.
func (s *socket) fail(err error) {
	e, ok := err.(*websocket.CloseError)
	if !ok {
		e = &websocket.CloseError{Code: 1011, Reason: "internal error"}
	}
	s.gw.stats.Violations.Add(1)
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

// Timer implements loop.Handler.
func (s *socket) Timer(*loop.Conn) { s.proto.Timer() }

// Message implements loop.Handler.
func (s *socket) Message(_ *loop.Conn, m any) { s.proto.Message(m) }

// Shutdown implements loop.Handler.
func (s *socket) Shutdown(*loop.Conn) { s.proto.Shutdown() }

// Closed implements loop.Handler.
func (s *socket) Closed(_ *loop.Conn, cause error) {
	s.reader.Release()
	s.gw.stats.ended(cause)
	s.proto.Closed(cause)
}

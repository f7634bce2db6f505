package gateway

import (
	"throng/internal/gateway/phoenix"
	"throng/internal/websocket"
)

// Conn is an upgraded connection as protocols see it.
type Conn interface {
	phoenix.Conn
	// SendFrame sends one message of the server's own.
	SendFrame(op websocket.Opcode, payload []byte)
}

// SendFrame implements Conn. The payload is copied.
func (s *socket) SendFrame(op websocket.Opcode, payload []byte) {
	s.SendScratch(websocket.AppendFrame(s.Scratch(), op, payload), 0)
}

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

// Carriage implements Conn.
func (s *socket) Carriage() phoenix.Carriage {
	switch s.deflate {
	case websocket.DeflateFull:
		return phoenix.Deflated
	case websocket.DeflateSmall:
		return phoenix.DeflatedSmall
	}
	return phoenix.WebSocket
}

// SendFrame implements Conn. The payload is copied.
func (s *socket) SendFrame(op websocket.Opcode, payload []byte) {
	o := &s.at.gw.opts
	if s.deflate != websocket.DeflateOff && len(payload) >= o.Compression.From {
		s.SendScratch(o.Compression.Deflater.AppendFrame(s.Scratch(), s.deflate, op, payload), 0)
		return
	}
	s.SendScratch(websocket.AppendFrame(s.Scratch(), op, payload), 0)
}

package gateway

import (
	"throng/internal/websocket"
)

// Echo is the route that sends every message back: for tests of clients, proxies
// and the machine, on the production stack.
type Echo struct{}

// Accept implements Route.
func (Echo) Accept(*websocket.Request) (Opening, int) {
	return Opening{Open: func(c Conn) Protocol { return echo{c} }}, 0
}

type echo struct{ c Conn }

func (e echo) Receive(binary bool, data []byte) {
	op := websocket.OpText
	if binary {
		op = websocket.OpBinary
	}
	e.c.SendFrame(op, data)
}

func (e echo) Timer()       {}
func (e echo) Message(any)  {}
func (e echo) Shutdown()    { e.c.Close(1001, "shutdown") }
func (e echo) Closed(error) {}

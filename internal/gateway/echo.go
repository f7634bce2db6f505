package gateway

import (
	"errors"

	"throng/internal/websocket"
)

// Echo is the route that sends every message back: for tests of clients, proxies
// and the machine, on the production stack.
type Echo struct{}

// Accept implements Route.
func (Echo) Accept(*websocket.Request) (Opening, int) { return Opening{}, 0 }

// Open implements Route.
func (Echo) Open(c Conn, _ Opening) Protocol { return echo{c} }

// Restore implements Route: an echo knows nothing.
func (Echo) Restore(state []byte) (func(Conn) Protocol, error) {
	if len(state) > 0 {
		return nil, errors.New("echo: state without meaning")
	}
	return func(c Conn) Protocol { return echo{c} }, nil
}

type echo struct{ c Conn }

func (e echo) Receive(binary bool, data []byte) {
	op := websocket.OpText
	if binary {
		op = websocket.OpBinary
	}
	e.c.SendFrame(op, data)
}

func (e echo) Control(int)              {}
func (e echo) Timer()                   {}
func (e echo) Message(any)              {}
func (e echo) Shutdown()                { e.c.Close(1001, "shutdown") }
func (e echo) Closed(error)             {}
func (e echo) Capture() ([]byte, error) { return nil, nil }

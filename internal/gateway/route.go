package gateway

import (
	"throng"
	"throng/internal/gateway/phoenix"
	"throng/internal/websocket"
)

// Authenticate says who a client is; false refuses the connection.
type Authenticate func(c *phoenix.Connect) (throng.ClientInfo, bool)

// Phoenix is the route of Phoenix sockets.
type Phoenix struct {
	Gateway      *phoenix.Gateway
	Authenticate Authenticate
}

// Accept implements Route.
func (p Phoenix) Accept(r *websocket.Request) (Opening, int) {
	c, ok := phoenix.ParseConnect(r)
	if !ok {
		return Opening{}, 403
	}
	who, ok := p.Authenticate(&c)
	if !ok {
		return Opening{}, 403
	}
	who.Client = throng.NewClientID()
	return Opening{Protocol: c.Protocol, Open: func(conn Conn) Protocol {
		return p.Gateway.Open(conn, c.Version, who)
	}}, 0
}

// Restore implements Route.
func (p Phoenix) Restore(state []byte) (Opening, error) {
	open, err := p.Gateway.Restore(state)
	if err != nil {
		return Opening{}, err
	}
	return Opening{Open: func(conn Conn) Protocol { return open(conn) }}, nil
}

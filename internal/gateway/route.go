package gateway

import (
	"throng"
	"throng/internal/gateway/phoenix"
	"throng/internal/websocket"
)

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
	v, pending := p.Authenticate(Credentials{c.Credential(), c.Params})
	if pending == nil {
		return p.opening(&c, v)
	}
	return Opening{Later: func(alive func() bool, done func(Opening, int)) {
		pending(alive, func(v Verdict) { done(p.opening(&c, v)) })
	}}, 0
}

func (p Phoenix) opening(c *phoenix.Connect, v Verdict) (Opening, int) {
	if v.Status != 0 {
		return Opening{}, v.Status
	}
	version, timed := c.Version, c.Time()
	return Opening{Protocol: c.Protocol, Still: v.Still, Open: func(conn Conn) Protocol { return p.open(conn, version, timed, v) }}, 0
}

func (p Phoenix) open(conn phoenix.Conn, version phoenix.Version, timed bool, v Verdict) *phoenix.Socket {
	return p.Gateway.Open(conn, version, phoenix.Client{ID: throng.NewClientID(), Identity: v.Identity, Until: v.Until, Time: timed})
}

// Restore implements Route.
func (p Phoenix) Restore(state []byte) (Opening, error) {
	open, err := p.Gateway.Restore(state)
	if err != nil {
		return Opening{}, err
	}
	return Opening{Open: func(conn Conn) Protocol { return open(conn) }}, nil
}

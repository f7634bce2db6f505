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
	o := Opening{Protocol: c.Protocol, Version: uint8(c.Version)}
	v, pending := p.Authenticate(Credentials{c.Credential(), c.Params})
	if pending == nil {
		return o.decided(v)
	}
	return Opening{Later: o.later(pending)}, 0
}

// decided is the opening for a client of whom it is known whether it may.
func (o Opening) decided(v Verdict) (Opening, int) {
	o.Who = v
	return o, v.Status
}

func (o Opening) later(pending Pending) later {
	return func(alive func() bool, done func(Opening, int)) {
		pending(alive, func(v Verdict) { done(o.decided(v)) })
	}
}

// Open implements Route.
func (p Phoenix) Open(c Conn, o Opening) Protocol {
	return p.open(c, phoenix.Version(o.Version), o.Who)
}

func (p Phoenix) open(c phoenix.Conn, version phoenix.Version, who Verdict) *phoenix.Socket {
	return p.Gateway.Open(c, version, phoenix.Client{ID: throng.NewClientID(), Identity: who.Identity, Until: who.Until})
}

// Restore implements Route.
func (p Phoenix) Restore(state []byte) (func(Conn) Protocol, error) {
	open, err := p.Gateway.Restore(state)
	if err != nil {
		return nil, err
	}
	return func(c Conn) Protocol { return open(c) }, nil
}

package gateway

import (
	"throng/internal/gateway/events"
	"throng/internal/loop"
	sessions "throng/internal/session"
)

// Carrier is a handler whose connection carries a client's session.
type Carrier interface {
	loop.Handler
	// Base returns the session; nil if there is none.
	Base() *sessions.Session
	// TransportName is what the transport is called: websocket, longpoll, events,
	// poll.
	TransportName() string
	// WireName is what the protocol and its version are called.
	WireName() string
	// Lasts reports whether the session goes on behind its next answer, so that it can
	// be subscribed to more than it asked for.
	Lasts() bool
}

var (
	_ Carrier = (*socket)(nil)
	_ Carrier = (*poll)(nil)
)

// CarrierOf returns what carries a session on a connection, nil if nothing does. It is
// for use on the connection's loop only.
func CarrierOf(c *loop.Conn) (Carrier, *sessions.Session) {
	if carrier, ok := c.Handler().(Carrier); ok {
		if s := carrier.Base(); s != nil && !s.Ended() {
			return carrier, s
		}
	}
	return nil, nil
}

// Base implements Carrier.
func (s *socket) Base() *sessions.Session { return baseOf(s.proto) }

// TransportName implements Carrier.
func (s *socket) TransportName() string { return "websocket" }

// WireName implements Carrier.
func (s *socket) WireName() string { return wireOf(s.proto) }

// Base implements Carrier.
func (p *poll) Base() *sessions.Session { return baseOf(p.proto) }

// TransportName implements Carrier.
func (p *poll) TransportName() string { return "longpoll" }

// WireName implements Carrier.
func (p *poll) WireName() string { return wireOf(p.proto) }

// Lasts implements Carrier.
func (s *socket) Lasts() bool { return true }

// Lasts implements Carrier.
func (p *poll) Lasts() bool { return true }

// Lasts implements Carrier.
func (h *held) Lasts() bool { return !h.at.Poll }

// Lasts implements Carrier.
func (f *flow) Lasts() bool { return !f.at.Poll }

func baseOf(p Protocol) *sessions.Session {
	if b, ok := p.(interface{ Base() *sessions.Session }); ok {
		return b.Base()
	}
	return nil
}

func wireOf(p Protocol) string {
	if w, ok := p.(interface{ WireName() string }); ok {
		return w.WireName()
	}
	return ""
}

var (
	_ Carrier = (*held)(nil)
	_ Carrier = (*flow)(nil)
)

// Base implements Carrier.
func (h *held) Base() *sessions.Session { return feedBase(h.feed) }

// TransportName implements Carrier.
func (h *held) TransportName() string { return h.at.transportName() }

// WireName implements Carrier.
func (h *held) WireName() string { return h.at.wireName() }

// Base implements Carrier.
func (f *flow) Base() *sessions.Session { return feedBase(f.feed) }

// TransportName implements Carrier.
func (f *flow) TransportName() string { return f.at.transportName() }

// WireName implements Carrier.
func (f *flow) WireName() string { return f.at.wireName() }

// feedBase is a feed's session; nil until it is known who asks.
func feedBase(f events.Feed) *sessions.Session {
	if f == nil {
		return nil
	}
	return f.Base()
}

func (at *feed) transportName() string {
	if at.Poll {
		return "poll"
	}
	return "events"
}

func (at *feed) wireName() string {
	if at.Poll {
		return "json"
	}
	return "event-stream"
}

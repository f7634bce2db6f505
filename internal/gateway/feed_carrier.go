package gateway

import (
	"throng/internal/gateway/events"
	sessions "throng/internal/session"
)

var (
	_ Carrier = (*held)(nil)
	_ Carrier = (*flow)(nil)
)

// Base implements Carrier.
func (h *held) Base() *sessions.Session { return baseOfFeed(h.feed) }

// TransportName implements Carrier.
func (h *held) TransportName() string { return h.at.name() }

// WireName implements Carrier.
func (h *held) WireName() string { return "json" }

// Base implements Carrier.
func (f *flow) Base() *sessions.Session { return baseOfFeed(f.feed) }

// TransportName implements Carrier.
func (f *flow) TransportName() string { return f.at.name() }

// WireName implements Carrier.
func (f *flow) WireName() string { return "json" }

// Lasts implements Carrier.
func (h *held) Lasts() bool { return !h.at.Poll }

// Lasts implements Carrier.
func (f *flow) Lasts() bool { return !f.at.Poll }

func baseOfFeed(f events.Feed) *sessions.Session {
	if f == nil {
		return nil
	}
	return f.Base()
}

// name is what the feed is called in lists of connections.
func (f *feed) name() string {
	if f.Poll {
		return "poll"
	}
	return "events"
}

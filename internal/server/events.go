package server

import (
	"throng/internal/gateway"
	"throng/internal/gateway/events"
	"throng/internal/rate"
	"throng/internal/session"
)

// composeEvents makes the plain ways out. Their limits are those of the other wires.
func (s *Server) composeEvents() {
	c := s.cfg
	s.events = events.New(events.Options{
		Node: s.node, Loops: s.engine.Loops(), Clock: s.clock, Auth: s.tokens, Users: s.users, Attendance: s.attendance(), Own: c.Users.Subscribe,
		Watcher: s.watcher(), Watching: s.patientBooks(), Rates: rate.NewRates(c.Limits.MessagesPerSecond, int(c.Limits.BytesPerSecond)),
		State:    s.shownState(),
		Limits:   session.Limits{Channels: c.Phoenix.MaxChannels, QueueBytes: int(c.Engine.QueueBytes)},
		Encoding: s.eventEncoding, Beat: c.WebSocket.PingInterval, Post: s.engine.Post,
	})
	if !c.Events.Serve {
		return
	}
	s.gateway.HandleFeed(c.Events.Path, gateway.Feed{Events: s.events, Authenticate: s.authenticate()})
	s.gateway.HandleFeed(c.Events.PollPath, gateway.Feed{Events: s.events, Authenticate: s.authenticate(), Poll: true})
}

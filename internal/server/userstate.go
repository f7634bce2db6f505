package server

import (
	"context"

	"throng"
	"throng/internal/gateway/phoenix"
	"throng/internal/userstate"
)

// composeStates makes what users' screens share.
func (s *Server) composeStates() {
	c := &s.cfg.Users
	if c.State == "off" {
		return
	}
	o := userstate.Options{
		Publish: func(channel string, p *throng.Publication, done func(error)) {
			s.node.Broadcast(context.Background(), channel, p, "", func(_ throng.PublishResult, err error) { done(err) })
		},
		Post: s.engine.Post, Here: s.hub.Active, Clock: s.clock, Log: s.log,
		Keys: c.StateKeys, ValueBytes: int(c.StateValue), UserBytes: int(c.StateBytes), Memory: int64(c.StateMemory),
		Mutations: c.Mutations, Idle: c.StateTTL,
	}
	s.states = userstate.New(o)
}

// runStates keeps them going until stop is called, when all clients are gone.
func (s *Server) runStates() (stop func()) {
	if s.states == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); s.states.Run(ctx) }()
	return func() { cancel(); <-over }
}

// shownState is what shows them to clients; nil for nothing.
func (s *Server) shownState() phoenix.State {
	if s.states == nil {
		return nil
	}
	return s.states
}

// desks are the parts of the server that answer events of clients.
func (s *Server) desks() map[string]phoenix.Backend {
	desks := make(map[string]phoenix.Backend)
	if s.states != nil {
		desks["state"] = stateDesk{s.states}
	}
	return desks
}

// stateDesk answers what clients ask of their users' maps.
type stateDesk struct{ *userstate.States }

// Event implements phoenix.Backend.
func (d stateDesk) Event(e *phoenix.Event, answer func(phoenix.Answer)) {
	asked := userstate.Event{User: e.User, Channel: e.Channel, Name: e.Name, Data: e.Data, Binary: e.Binary}
	d.States.Event(asked, func(ok bool, response []byte) {
		status := "error"
		if ok {
			status = "ok"
		}
		answer(phoenix.Answer{Status: status, Response: response, Behind: true})
	})
}

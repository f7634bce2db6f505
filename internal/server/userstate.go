package server

import (
	"context"

	"throng"
	"throng/internal/api"
	"throng/internal/bonus"
	"throng/internal/gateway/phoenix"
	"throng/internal/store"
	"throng/internal/userstate"
)

// composeStates makes what users' screens share.
func (s *Server) composeStates() error {
	c := &s.cfg.Users
	switch {
	case c.State == "off":
		return nil
	case c.State == "store" && s.store == nil:
		return &store.Error{Msg: `users.state: "store", and there is none: this throng was built without SQLite`, Hint: "take PostgreSQL (store.kind), or memory"}
	}
	o := userstate.Options{
		Publish: func(channel string, p *throng.Publication, done func(error)) {
			s.node.Broadcast(context.Background(), channel, p, "", func(_ throng.PublishResult, err error) { done(err) })
		},
		Post: s.engine.Post, Here: s.hub.Active, Clock: s.clock, Log: s.log,
		Keys: c.StateKeys, ValueBytes: int(c.StateValue), UserBytes: int(c.StateBytes), Memory: int64(c.StateMemory),
		Mutations: c.Mutations, Idle: c.StateTTL, History: c.HistoryTTL,
	}
	if c.State == "store" {
		o.Store = s.store
	}
	s.states = userstate.New(o)
	return nil
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
	desks := map[string]phoenix.Backend{bonus.Word: bonusEvents{s.bonuses}}
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

// statesOfAPI is how the API asks for users' maps.
type statesOfAPI struct{ *userstate.States }

// Change implements api.States.
func (a statesOfAPI) Change(c api.StateChange, done func(api.StateOutcome)) {
	a.Submit(userstate.Change(c), func(o userstate.Outcome) { done(api.StateOutcome(o)) })
}

// Forget implements api.States.
func (a statesOfAPI) Forget(user string, done func(*throng.Error)) {
	a.States.Forget(user, func(o userstate.Outcome) { done(o.Err) })
}

func (s *Server) collectStates(gauge emit[float64], count emit[uint64]) {
	if s.states == nil {
		return
	}
	st := s.states.Stats()
	gauge(descStates, float64(st.Users.Load()))
	gauge(descStateBytes, float64(s.states.Memory()))
	gauge(descStateMax, float64(s.cfg.Users.StateMemory))
	count(descStateWrites, st.Writes.Load(), "made")
	count(descStateWrites, st.Conflicts.Load(), "conflict")
	count(descStateWrites, st.Replays.Load(), "replayed")
	count(descStateWrites, st.Refused.Load(), "refused")
	count(descStateWrites, st.Expired.Load(), "expired")
	count(descStateShown, st.Snapshots.Load(), "one")
	count(descStateShown, st.Renewed.Load(), "all")
	count(descStateStore, st.Loads.Load(), "read")
	count(descStateStore, st.Commits.Load(), "written")
	count(descStateStore, st.Failures.Load(), "failed")
}

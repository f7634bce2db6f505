package server

import (
	"context"
	"time"

	"throng"
	"throng/internal/session"
	"throng/internal/visits"
)

// composeVisits makes the books on who is here.
func (s *Server) composeVisits() {
	c := &s.cfg.Visits
	if s.store == nil || !c.Record {
		return
	}
	s.visits = visits.New(visits.Options{
		Store: s.store, Node: nodeName(s.cfg), Clock: s.clock, Log: s.log,
		Grace: orNever(c.Grace), Beat: c.Beat, TTL: c.TTL, Occupancy: orNever(c.Occupancy),
		Buffer: int64(c.Buffer), Retention: s.retention(), Connections: s.clients,
	})
	s.records = s.visits.Records(s.store)
}

// clients is how many there are, however they are connected.
func (s *Server) clients() int {
	stats := s.gateway.Stats()
	return int(stats.WebSockets.Load() + stats.LongPolls.Load() + stats.Streams.Load() + stats.PollsWaiting.Load())
}

// retention is how long the store keeps what. A temporary file does not grow for ever.
func (s *Server) retention() throng.VisitRetention {
	c := &s.cfg.Visits
	keep := throng.VisitRetention{Visits: c.Retention, Days: c.Daily, Occupancy: c.Curve}
	if s.cfg.Store.Temporary() {
		const most = 24 * time.Hour
		for _, d := range []*time.Duration{&keep.Visits, &keep.Days, &keep.Occupancy} {
			if *d == 0 || *d > most {
				*d = most
			}
		}
	}
	return keep
}

// orNever turns a setting of which 0 is never into an option of which 0 is the default.
func orNever(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

// attendance are those who keep books on sessions that stay. A poll is nobody's presence:
// a client between two of them would leave each time.
func (s *Server) attendance() (all []session.Attendance) {
	return append(s.books(), s.presence)
}

// books are those who keep books with a grace: who is back soon was there all the time.
func (s *Server) books() (all []session.Attendance) {
	if s.visits != nil {
		all = append(all, s.visits)
	}
	return all
}

// patientBooks are those that hold a client who is between two polls.
func (s *Server) patientBooks() []session.Attendance {
	if s.cfg.Visits.Grace == 0 {
		return nil
	}
	return s.books()
}

// watcher is who keeps books on what is watched; nil for nobody.
func (s *Server) watcher() session.Watcher {
	if s.visits == nil {
		return nil
	}
	return s.visits
}

// runVisits keeps the books until stop is called, when all clients are gone.
func (s *Server) runVisits() (stop func()) {
	if s.visits == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); s.visits.Run(ctx) }()
	return func() {
		cancel()
		<-over
		if err := s.visits.Close(context.Background()); err != nil { // it has bounds of its own
			s.log.Error("not all visits were written", "error", err)
		}
	}
}

package server

import (
	"context"
	"time"

	"throng"
	"throng/internal/api"
	"throng/internal/bonus"
	"throng/internal/gateway/phoenix"
)

// composeBonuses makes the desk where bonuses are claimed. Without a store it says that
// there are none.
func (s *Server) composeBonuses() {
	c := &s.cfg.Bonus
	o := bonus.Options{
		Publisher: s.newAnnouncer(), Clock: s.clock, Log: s.log, Alone: s.cfg.Store.Kind != "postgres",
		Queue: c.Queue, Patience: c.Patience, Remembered: c.Remembered, Live: c.Live,
		// A client's queue takes it, and what is around it.
		MaxData:  int(min(c.MaxData, s.cfg.Engine.QueueBytes/2)),
		MaxList:  int(s.cfg.Engine.QueueBytes / 4),
		MaxUsers: c.MaxUsers, Retention: c.Retention,
	}
	if !o.Alone {
		o.Look = c.Look
	}
	if day := 24 * time.Hour; s.cfg.Store.Temporary() && (o.Retention == 0 || o.Retention > day) {
		o.Retention = day // a temporary file does not grow for ever
	}
	if s.store != nil {
		o.Store, o.Open = s.store, s.store.Open
	}
	if s.visits != nil {
		o.Attendance = attendance{s}
	}
	s.bonuses = bonus.New(o)
}

// runBonuses runs the desk; stop ends it.
func (s *Server) runBonuses() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); s.bonuses.Run(ctx) }()
	return func() {
		cancel()
		<-over
		last, done := context.WithTimeout(context.Background(), 2*time.Second)
		defer done()
		if err := s.bonuses.Close(last); err != nil {
			s.log.Warn("what became of some claims is not known; their users may ask again", "error", err)
		}
	}
}

// announcer is how the desk tells channels.
type announcer struct {
	*bonus.Announcer
	s *Server
}

func (s *Server) newAnnouncer() announcer {
	return announcer{bonus.NewAnnouncer(func(channel string, p *throng.Publication, done func(error)) {
		s.node.Broadcast(context.Background(), channel, p, "", func(_ throng.PublishResult, err error) { done(err) })
	}, s.log), s}
}

// Namespace implements bonus.Publisher.
func (a announcer) Namespace(channel string) *throng.Namespace { return a.s.node.Namespace(channel) }

// attendance is how the desk asks who was here. The desk's times are of the node's clock,
// and those of the books the store's.
type attendance struct{ s *Server }

// Now implements bonus.Attendance: from the ledger's memory.
func (a attendance) Now(user, channel string, at int64) bool {
	h, ok := a.s.visits.Here(user)
	at = a.s.visits.StoreTime(at)
	switch {
	case !ok:
		return false
	case channel == "":
		return h.Since <= at
	}
	for _, in := range h.Channels {
		if in.Channel == channel && in.Kind == throng.Connected && in.Since <= at {
			return true
		}
	}
	return false
}

// bonusEvents is the desk as clients ask it.
type bonusEvents struct{ *bonus.Desk }

// Event implements phoenix.Backend.
func (b bonusEvents) Event(e *phoenix.Event, answer func(phoenix.Answer)) {
	b.Desk.Event(&bonus.Event{User: e.User, Channel: e.Channel, Name: e.Name, Data: e.Data, At: e.At},
		func(ok bool, response []byte) {
			status := "ok"
			if !ok {
				status = "error"
			}
			answer(phoenix.Answer{Status: status, Response: response})
		})
}

// bonusDesk is the desk as the API asks it.
type bonusDesk struct{ *bonus.Desk }

var _ api.Bonuses = bonusDesk{}

// Claim implements api.Bonuses.
func (b bonusDesk) Claim(ctx context.Context, c throng.Claim, may func(channel string) error) (throng.Judged, error) {
	return b.Await(ctx, bonus.Claim{Bonus: c.Bonus, User: c.User, ID: c.ID, At: c.At, Trusted: true, May: may})
}

func (s *Server) collectBonuses(gauge emit[float64], count emit[uint64]) {
	if s.store == nil {
		return
	}
	live, waiting, remembered := s.bonuses.Count()
	gauge(descBonuses, float64(live))
	gauge(descClaimsWaiting, float64(waiting))
	gauge(descClaimsKept, float64(remembered))
	b := s.bonuses.Stats()
	for i, verdict := range bonus.Verdicts {
		count(descClaims, b.Verdicts[i].Load(), verdict)
	}
	count(descClaims, b.Unknown.Load(), "unknown")
	count(descClaims, b.Crowded.Load(), "crowded")
	count(descClaims, b.Away.Load(), "away")
	count(descClaimBatches, b.Batches.Load())
	count(descClaimsJudged, b.Judged.Load())
	count(descBonusErrors, b.Errors.Load())
	count(descBonusTold, b.Offered.Load(), "offer")
	count(descBonusTold, b.Ended.Load(), "end")
}

// Bonuses returns the desk of bonuses, for what runs inside the process.
func (s *Server) Bonuses() *bonus.Desk { return s.bonuses }

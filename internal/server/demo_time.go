package server

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"throng"
	"throng/internal/hub"
)

const (
	// demoTimes is what the channels begin with where the demo page's users are told
	// their own times.
	demoTimes = demoNamespace + ":you:"
	// mostDemoTimes is how many are told in a second, in turn: it is a demo.
	mostDemoTimes = 50
	demoPeriod    = 24 * time.Hour
)

// ownTime is how long a user was here of late.
type ownTime struct {
	MS     int64 `json:"ms"`
	Visits int64 `json:"visits"`
}

// publishTimes tells the demo page's users how long they were here in the last 24
// hours, as the books say: once over all tabs. It tells mostDemoTimes of them a second,
// and goes on where it was, so that everybody's turn comes whoever asks for how many.
func (s *Server) publishTimes(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	var asked []hub.Count
	for next := ""; ; {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		asked, next = s.hub.Page(next, mostDemoTimes, isDemoTime)
		for _, channel := range asked {
			s.publishTime(ctx, channel.Name)
		}
	}
}

// isDemoTime reports whether a channel is that of a user's own time. Nobody's is none:
// the books take an empty user for all.
func isDemoTime(channel string) bool {
	return len(channel) > len(demoTimes) && strings.HasPrefix(channel, demoTimes)
}

// publishTime tells one user. What the books can't say now, they say a second later.
func (s *Server) publishTime(ctx context.Context, channel string) {
	const patience = time.Second
	ask, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sums, _, err := s.records.Watched(ask, throng.WatchedQuery{
		User: strings.TrimPrefix(channel, demoTimes), From: s.clock.Now() - demoPeriod.Milliseconds(), Page: throng.Page{Limit: 1},
	})
	if err != nil {
		return
	}
	var own ownTime
	for _, sum := range sums {
		own.MS, own.Visits = own.MS+sum.Milliseconds, own.Visits+sum.Visits
	}
	data, _ := json.Marshal(own) // plain numbers
	s.node.Broadcast(ctx, channel, &throng.Publication{Event: "time", Data: data}, "", func(throng.PublishResult, error) {})
}

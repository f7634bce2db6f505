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

// ownTime is how long a user was here of late, and watched the stream.
type ownTime struct {
	MS        int64 `json:"ms"`
	Visits    int64 `json:"visits"`
	WatchedMS int64 `json:"watched_ms"`
}

// watched is who watches the stream.
type watched struct {
	Watching int64         `json:"watching"` // now
	Users    []watchedUser `json:"users"`    // today in UTC, the longest first
}

type watchedUser struct {
	User string `json:"user"`
	MS   int64  `json:"ms"`
}

// publishWatched tells the demo page every other second who watched longest today, and
// how many watch now.
func (s *Server) publishWatched(ctx context.Context) {
	const (
		every = 2 * time.Second
		most  = 50
	)
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		w := watched{Users: []watchedUser{}}
		ask, cancel := context.WithTimeout(ctx, time.Second)
		now, err := s.records.Online(ask, throng.OnlineQuery{Channel: DemoChannel, Kind: throng.Watching})
		if err == nil {
			w.Watching = now.Total
			var sums []throng.Watched
			sums, _, err = s.records.Watched(ask, throng.WatchedQuery{
				Channel: DemoChannel, Kind: throng.Watching, Order: throng.ByTime,
				From: s.clock.Now(), To: s.clock.Now() + 1, Page: throng.Page{Limit: most}, // widened to today
			})
			for _, sum := range sums {
				w.Users = append(w.Users, watchedUser{sum.User, sum.Milliseconds})
			}
		}
		cancel()
		if err != nil { // the books can't say now
			continue
		}
		data, _ := json.Marshal(w) // plain numbers, and names
		s.node.Broadcast(ctx, demoNamespace+":figures", &throng.Publication{Event: "watched", Data: data}, "", func(throng.PublishResult, error) {})
	}
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
	q := throng.WatchedQuery{
		User: strings.TrimPrefix(channel, demoTimes), From: s.clock.Now() - demoPeriod.Milliseconds(), Page: throng.Page{Limit: 1},
	}
	here, _, err := s.records.Watched(ask, q)
	if err != nil {
		return
	}
	q.Channel, q.Kind = DemoChannel, throng.Watching
	watched, _, err := s.records.Watched(ask, q)
	if err != nil {
		return
	}
	var own ownTime
	for _, sum := range here {
		own.MS, own.Visits = own.MS+sum.Milliseconds, own.Visits+sum.Visits
	}
	for _, sum := range watched {
		own.WatchedMS += sum.Milliseconds
	}
	data, _ := json.Marshal(own) // plain numbers
	s.node.Broadcast(ctx, channel, &throng.Publication{Event: "time", Data: data}, "", func(throng.PublishResult, error) {})
}

package server

import (
	"context"

	"throng"
)

// Present implements bonus.Attendance.
func (a attendance) Present(ctx context.Context, channel string, at int64, users []string) (map[string]bool, error) {
	return a.s.records.Present(ctx, throng.PresentQuery{Channel: channel, Kind: throng.Connected, At: a.s.visits.StoreTime(at), Users: users})
}

// Watched implements bonus.Attendance.
func (a attendance) Watched(ctx context.Context, channel string, since int64, users []string) (map[string]int64, error) {
	if since > 0 {
		since = a.s.visits.StoreTime(since)
	}
	q := throng.WatchedQuery{Users: users, Channel: channel, From: since, Page: throng.Page{Limit: len(users)}}
	if channel != "" {
		q.Kind = throng.Watching
	}
	spent := make(map[string]int64, len(users))
	for {
		page, next, err := a.s.records.Watched(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range page {
			spent[page[i].User] += page[i].Milliseconds
		}
		if next == "" {
			return spent, nil
		}
		q.Page.Cursor = next
	}
}

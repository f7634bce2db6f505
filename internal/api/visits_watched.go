package api

import (
	"time"

	"throng"
)

const visitsWatchedDoc = "Sums the time that users spent: over a period, by user, channel and, if you like, day. Time is counted once however many tabs, devices and nodes it was spent on. Without a user the period is rounded to whole days of UTC."

const month = 30 * 24 * time.Hour

type visitsWatchedRequest struct {
	User string `json:"user,omitempty" doc:"Only this user's. The period is then exact to the millisecond."`
	place
	span
	Days   bool `json:"days,omitempty" doc:"A sum for each day of UTC."`
	ByTime bool `json:"by_time,omitempty" doc:"The longest first; then there is one page only. Else by user, channel and day."`
	listed
}

type visitsWatchedResult struct {
	Sums []watched `json:"sums" doc:"The sums."`
	Next string    `json:"next,omitempty" doc:"Where the next page begins; not there after the last one."`
}

type watched struct {
	User    string `json:"user" doc:"The user."`
	Channel string `json:"channel" doc:"The channel; empty for the whole service."`
	Day     string `json:"day,omitempty" doc:"The day in UTC, if days were asked for."`
	MS      int64  `json:"ms" doc:"The time, in milliseconds."`
	Visits  int64  `json:"visits" doc:"In how many visits."`
}

func (c *call) visitsWatched(q *visitsWatchedRequest) (*visitsWatchedResult, *throng.Error) {
	kind, err := q.place.read(c)
	if err != nil {
		return nil, err
	}
	if err := q.whole(c); err != nil {
		return nil, err
	}
	page, err := q.page()
	if err != nil {
		return nil, err
	}
	w := throng.WatchedQuery{
		User: q.User, Channel: q.Channel, AnyChannel: q.AnyChannel, Kind: kind, Days: q.Days, Page: page,
	}
	if q.ByTime {
		w.Order = throng.ByTime
	}
	if w.From, w.To, err = q.span.read(c.opts.Clock.Now(), month); err != nil {
		return nil, err
	}
	sums, next, err := c.sums(w, "visits_watched")
	if err != nil {
		return nil, err
	}
	return &visitsWatchedResult{sums, next}, nil
}

// sums asks the books for sums.
func (c *call) sums(q throng.WatchedQuery, verb string) ([]watched, string, *throng.Error) {
	books, err := c.records()
	if err != nil {
		return nil, "", err
	}
	ctx, cancel := c.wait()
	defer cancel()
	found, next, failure := books.Watched(ctx, q)
	if failure != nil {
		return nil, "", c.bookError(failure, verb, q.Channel)
	}
	list := make([]watched, 0, len(found))
	for _, w := range found {
		list = append(list, watched{w.User, w.Channel, w.Day, w.Milliseconds, w.Visits})
	}
	return list, next, nil
}

const visitsTopDoc = "Tells who spent the most time on a day."

type visitsTopRequest struct {
	Day string `json:"day,omitempty" doc:"The day in UTC: 2026-01-31, today (the default) or yesterday."`
	place
	Limit int `json:"limit,omitempty" doc:"How many, up to 1,000; 0 is 10."`
}

type visitsTopResult struct {
	Day string    `json:"day" doc:"The day."`
	Top []watched `json:"top" doc:"The longest first."`
}

const usualTop = 10

func (c *call) visitsTop(q *visitsTopRequest) (*visitsTopResult, *throng.Error) {
	kind, err := q.place.read(c)
	if err != nil {
		return nil, err
	}
	if err := q.whole(c); err != nil {
		return nil, err
	}
	begin, ok := dayOf(q.Day, c.opts.Clock.Now())
	if !ok {
		return nil, bad("day: a day is needed, such as 2026-01-31, today or yesterday")
	}
	list := listed{Limit: q.Limit}
	page, err := list.page()
	if err != nil {
		return nil, err
	}
	if q.Limit == 0 {
		page.Limit = usualTop
	}
	top, _, err := c.sums(throng.WatchedQuery{
		Channel: q.Channel, AnyChannel: q.AnyChannel, Kind: kind, Order: throng.ByTime, Page: page,
		From: begin.UnixMilli(), To: begin.AddDate(0, 0, 1).UnixMilli(),
	}, "visits_top")
	if err != nil {
		return nil, err
	}
	return &visitsTopResult{begin.Format(time.DateOnly), top}, nil
}

// dayOf returns when a day of UTC begins.
func dayOf(name string, now int64) (time.Time, bool) {
	today := time.UnixMilli(now).UTC().Truncate(24 * time.Hour)
	switch name {
	case "", "today":
		return today, true
	case "yesterday":
		return today.AddDate(0, 0, -1), true
	}
	t, err := time.Parse(time.DateOnly, name)
	return t, err == nil && t.Unix() >= 0
}

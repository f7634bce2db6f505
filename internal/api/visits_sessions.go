package api

import "throng"

const visitsSessionsDoc = "Lists visits that match, in pages. A page may have fewer than the limit, or none, and still not be the last: that one has no next."

// visitFilter says which visits are wanted.
type visitFilter struct {
	User string `json:"user,omitempty" doc:"Only this user's."`
	place
	Node     string `json:"node,omitempty" doc:"Only on this node."`
	Reason   string `json:"reason,omitempty" doc:"Only those that ended so: left, drained, crashed, moved."`
	Open     bool   `json:"open,omitempty" doc:"Only those that have not ended."`
	Shortest int64  `json:"shortest_ms,omitempty" doc:"Only those that are at least so long, in milliseconds."`
	Longest  int64  `json:"longest_ms,omitempty" doc:"Only those that are at most so long; 0 is any."`
	span
}

type visitsSessionsRequest struct {
	visitFilter
	listed
}

type visitsSessionsResult struct {
	Visits []visit `json:"visits" doc:"The visits."`
	Next   string  `json:"next,omitempty" doc:"Where the next page begins; not there after the last one."`
}

// read turns what was asked for into the books' words. The whole past is the period
// that nobody named.
func (q *visitFilter) read(c *call) (f throng.VisitFilter, err *throng.Error) {
	kind, err := q.place.read(c)
	if err != nil {
		return f, err
	}
	f = throng.VisitFilter{
		User: q.User, Channel: q.Channel, AnyChannel: q.AnyChannel, Kind: kind, Node: q.Node,
		Reason: throng.VisitReason(q.Reason), Open: q.Open, Shortest: q.Shortest, Longest: q.Longest,
	}
	switch f.Reason {
	case throng.VisitOpen, throng.VisitLeft, throng.VisitDrained, throng.VisitCrashed, throng.VisitMoved:
	default:
		return f, bad("reason: it is left, drained, crashed or moved")
	}
	switch {
	case f.Open && f.Reason != throng.VisitOpen:
		return f, bad("open: a visit that is open has no reason yet")
	case f.Shortest < 0:
		return f, bad("shortest_ms: it is not below 0")
	case f.Longest < 0 || f.Longest > 0 && f.Longest < f.Shortest:
		return f, bad("longest_ms: it is not below shortest_ms")
	}
	now := c.opts.Clock.Now()
	if f.From, f.To, err = q.span.read(now, 0); err != nil {
		return f, err
	}
	if len(q.To) == 0 { // to the end, whatever the store's clock says
		f.To = 0
	}
	return f, nil
}

func (c *call) visitsSessions(q *visitsSessionsRequest) (*visitsSessionsResult, *throng.Error) {
	books, err := c.records()
	if err != nil {
		return nil, err
	}
	f, err := q.visitFilter.read(c)
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
	ctx, cancel := c.wait()
	defer cancel()
	found, next, failure := books.Sessions(ctx, f, page)
	if failure != nil {
		return nil, c.bookError(failure, "visits_sessions", q.Channel)
	}
	r := &visitsSessionsResult{Visits: make([]visit, 0, len(found)), Next: next}
	for i := range found {
		r.Visits = append(r.Visits, c.visit(&found[i]))
	}
	return r, nil
}

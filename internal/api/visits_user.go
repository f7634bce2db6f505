package api

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"throng"
)

const visitsUserDoc = "Tells everything of one user: whether it is here, where and since when, what it has open, and the sums of a period, by default the last 30 days, exact to the millisecond."

type visitsUserRequest struct {
	User string `json:"user" doc:"The user."`
	span
}

type visitsUserResult struct {
	User     string         `json:"user" doc:"The user."`
	Online   bool           `json:"online" doc:"Whether it is here."`
	Since    int64          `json:"since,omitempty" doc:"Since when, in milliseconds since 1970."`
	Nodes    []string       `json:"nodes" doc:"On which nodes."`
	Here     map[string]int `json:"here" doc:"With how many connections on the node that answers: {node: connections}."`
	Open     []visit        `json:"open" doc:"Its open visits, of the service and of channels, at most 1,000 of each kind."`
	From     int64          `json:"from" doc:"Where the period of the sums begins, in milliseconds since 1970."`
	To       int64          `json:"to" doc:"Where it ends."`
	MS       int64          `json:"ms" doc:"How long the user was here in the period, in milliseconds, counted once over all tabs and devices."`
	Visits   int64          `json:"visits" doc:"In how many visits."`
	Channels []channelSum   `json:"channels" doc:"The same by channel, as far as the key may know them, the longest first; at most 1,000."`
	More     bool           `json:"more,omitempty" doc:"There are more open visits or channels than are told: visits_sessions and visits_watched have pages."`
}

type channelSum struct {
	Channel        string `json:"channel" doc:"The channel."`
	MS             int64  `json:"ms" doc:"How long the user was in it, in milliseconds."`
	Visits         int64  `json:"visits" doc:"In how many visits."`
	WatchingMS     int64  `json:"watching_ms" doc:"How long its clients said that they show it, in milliseconds."`
	WatchingVisits int64  `json:"watching_visits" doc:"How often that began."`
}

func (c *call) visitsUser(q *visitsUserRequest) (*visitsUserResult, *throng.Error) {
	books, err := c.records()
	switch {
	case err != nil:
		return nil, err
	case q.User == "":
		return nil, bad("user: a user is needed")
	}
	r := &visitsUserResult{User: q.User, Nodes: []string{}, Here: map[string]int{}, Open: []visit{}}
	if r.From, r.To, err = q.span.read(c.opts.Clock.Now(), month); err != nil {
		return nil, err
	}
	ctx, cancel := c.wait()
	defer cancel()
	failure := c.openOf(ctx, books, r)
	if failure == nil {
		failure = c.sumsOf(ctx, books, r)
	}
	if failure != nil {
		return nil, c.bookError(failure, "visits_user", "")
	}
	if c.opts.Ledger != nil {
		if node, n := c.opts.Ledger.User(q.User); n > 0 {
			r.Here[node] = n
		}
	}
	return r, nil
}

// openOf finds what a user has open.
func (c *call) openOf(ctx context.Context, books throng.Records, r *visitsUserResult) error {
	for _, kind := range []throng.VisitKind{throng.Connected, throng.Watching} {
		found, next, err := books.Sessions(ctx, throng.VisitFilter{User: r.User, AnyChannel: true, Namespaces: c.namespaces(), Kind: kind, Open: true},
			throng.Page{Limit: maxEntries})
		if err != nil {
			return err
		}
		r.More = r.More || next != ""
		for i := range found {
			if c.sees(found[i].Channel) {
				r.Open = append(r.Open, c.visit(&found[i]))
			}
			if found[i].Channel == "" {
				r.arrived(&found[i])
			}
		}
	}
	slices.SortFunc(r.Open, func(a, b visit) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.StartedAt, b.StartedAt), cmp.Compare(a.Node, b.Node))
	})
	slices.Sort(r.Nodes)
	return nil
}

// arrived counts an open visit of the service.
func (r *visitsUserResult) arrived(v *throng.Visit) {
	r.Online = true
	if r.Since == 0 || v.StartedAt < r.Since {
		r.Since = v.StartedAt
	}
	if !slices.Contains(r.Nodes, v.Node) {
		r.Nodes = append(r.Nodes, v.Node)
	}
}

// sumsOf sums a user's time.
func (c *call) sumsOf(ctx context.Context, books throng.Records, r *visitsUserResult) error {
	ask := throng.WatchedQuery{User: r.User, From: r.From, To: r.To, Page: throng.Page{Limit: maxEntries}}
	whole, _, err := books.Watched(ctx, ask)
	if err != nil {
		return err
	}
	for _, w := range whole {
		r.MS, r.Visits = r.MS+w.Milliseconds, r.Visits+w.Visits
	}
	sums := make(map[string]channelSum)
	for _, kind := range []throng.VisitKind{throng.Connected, throng.Watching} {
		ask.AnyChannel, ask.Namespaces, ask.Kind = true, c.namespaces(), kind
		found, next, err := books.Watched(ctx, ask)
		if err != nil {
			return err
		}
		r.More = r.More || next != ""
		for _, w := range found {
			if w.Channel == "" || !c.mine(w.Channel) {
				continue
			}
			s := sums[w.Channel]
			s.Channel = w.Channel
			if kind == throng.Watching {
				s.WatchingMS, s.WatchingVisits = w.Milliseconds, w.Visits
			} else {
				s.MS, s.Visits = w.Milliseconds, w.Visits
			}
			sums[w.Channel] = s
		}
	}
	r.Channels = slices.SortedFunc(maps.Values(sums), func(a, b channelSum) int {
		return cmp.Or(cmp.Compare(b.MS, a.MS), cmp.Compare(a.Channel, b.Channel))
	})
	if r.Channels == nil {
		r.Channels = []channelSum{}
	}
	return nil
}

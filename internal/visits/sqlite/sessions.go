package sqlite

import (
	"context"

	"throng"
	"throng/internal/visits/store"
)

const (
	// upTo is where an open visit o of a lease l counts to.
	upTo = `iif(l.state = 0, max(o.started_at, coalesce(o.left_at, @now)), ` + until + `)`

	newestFirst = ` ORDER BY started_at DESC, node_epoch DESC, visit_no DESC LIMIT @limit`

	endedVisits = `SELECT v.user_id, v.channel, v.kind, v.node_epoch, v.started_at, v.ended_at, v.reason, v.visit_no
		FROM visit_log v WHERE `
	openVisits = `SELECT o.user_id, o.channel, o.kind, o.node_epoch, o.started_at, iif(l.state = 0, 0, ` + until + `) AS ended_at,
		iif(l.state = 0, '', l.reason) AS reason, o.visit_no FROM online o CROSS JOIN node_lease l USING (node_epoch) WHERE `
)

// Sessions lists visits.
func (s *Store) Sessions(ctx context.Context, f throng.VisitFilter, p throng.Page) (page []throng.Visit, next string, err error) {
	ended, open, err := s.sessionConditions(&f, p.Cursor)
	if err != nil {
		return nil, "", err
	}
	limit := store.Limit(p.Limit)
	if limit == 0 {
		return nil, "", nil
	}
	open.Set("limit", limit+1)
	open.Set("now", s.now())
	query := `SELECT * FROM (` + openVisits + open.String() + newestFirst + `)`
	if !f.Open {
		query += ` UNION ALL SELECT * FROM (` + endedVisits + ended.String() + newestFirst + `)`
	}
	query = `SELECT user_id, channel, kind, coalesce(node_id, ''), started_at, ended_at, reason, node_epoch, visit_no
		FROM (` + query + newestFirst + `) LEFT JOIN node_lease USING (node_epoch)
		ORDER BY 5 DESC, 8 DESC, 9 DESC`
	var last store.Cursor
	err = s.query(ctx, query, values(open), func(columns func(...any) error) error {
		var v throng.Visit
		var epoch, number int64
		if err := columns(&v.User, &v.Channel, &v.Kind, &v.Node, &v.StartedAt, &v.EndedAt, &v.Reason, &epoch, &number); err != nil {
			return err
		}
		if len(page) == limit {
			next = last.String(store.SessionsList)
			return nil
		}
		last = store.Cursor{Numbers: []int64{v.StartedAt, epoch, number}}
		v.User, v.Channel, v.Node = store.Name(v.User), store.Name(v.Channel), store.Name(v.Node)
		page = append(page, v)
		return nil
	})
	return page, next, err
}

// sessionConditions are those on the log and on open visits. They name the same
// values.
func (s *Store) sessionConditions(f *throng.VisitFilter, cursor string) (ended, open *store.Where, err error) {
	var w store.Where
	w.With("kind", f.Kind, "kind = @kind")
	if f.User != "" {
		w.With("user", store.Text(f.User), "user_id = @user")
	}
	if !f.AnyChannel {
		w.With("channel", store.Text(f.Channel), "channel = @channel")
	}
	from, to := store.Period(f.From, f.To)
	if f.To != 0 {
		w.With("to", to, "started_at < @to")
	}
	if cursor != "" {
		c, err := store.ParseCursor(cursor, store.SessionsList, 3, 0)
		if err != nil {
			return nil, nil, err
		}
		w.With("c1", c.Numbers[0], "started_at <= @c1")
		w.Set("c2", c.Numbers[1])
		w.With("c3", c.Numbers[2], "(started_at, node_epoch, visit_no) < (@c1, @c2, @c3)")
	}
	open = w.Clone()
	ended = &w
	if f.Open {
		open.And("l.state = 0")
	}
	if f.Node != "" {
		open.With("node", store.Text(f.Node), "l.node_id = @node")
		ended.And("node_epoch IN (SELECT node_epoch FROM node_lease WHERE node_id = @node)")
	}
	if f.Reason != throng.VisitOpen {
		open.With("reason", f.Reason, "l.state <> 0 AND l.reason = @reason")
		ended.And("reason = @reason")
	}
	if f.From != 0 {
		open.With("from", from, "("+upTo+" > @from OR o.started_at >= @from)")
		ended.And("started_at >= @from - (SELECT milliseconds FROM longest_visit)")
		ended.And("(ended_at > @from OR started_at >= @from)")
	}
	if f.Shortest != 0 {
		open.With("shortest", f.Shortest, upTo+" - o.started_at >= @shortest")
		ended.And("ended_at - started_at >= @shortest")
	}
	if f.Longest != 0 {
		open.With("longest", f.Longest, upTo+" - o.started_at <= @longest")
		ended.And("ended_at - started_at <= @longest")
	}
	return ended, open, nil
}

package postgres

import (
	"context"
	"time"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

const (
	// upTo is where an open visit o of a lease l counts to.
	upTo = `CASE l.state WHEN 0 THEN greatest(o.started_at, coalesce(o.left_at, ` + atAsking + `)) ELSE ` + until + ` END`

	newestFirst = ` ORDER BY started_at DESC, node_epoch DESC, visit_no DESC LIMIT @limit`

	endedVisits = `SELECT v.user_id, v.channel, v.kind, v.node_epoch, v.started_at, v.ended_at, v.reason, v.visit_no
		FROM visit_log v WHERE `
	openVisits = `SELECT o.user_id, o.channel, o.kind, o.node_epoch, o.started_at, CASE l.state WHEN 0 THEN NULL ELSE ` + until + ` END AS ended_at,
		CASE l.state WHEN 0 THEN '' ELSE l.reason END AS reason, o.visit_no FROM online o JOIN node_lease l ON l.node_epoch = o.node_epoch WHERE `
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
	open.Set("skew", s.skew())
	query := `SELECT * FROM (` + openVisits + open.String() + newestFirst + `) o`
	if !f.Open {
		query += ` UNION ALL SELECT * FROM (` + endedVisits + ended.String() + newestFirst + `) v`
	}
	query = `SELECT user_id, channel, kind, coalesce(node_id, ''), s.started_at, ended_at, s.reason, node_epoch, visit_no
		FROM (` + query + newestFirst + `) s LEFT JOIN node_lease USING (node_epoch)
		ORDER BY s.started_at DESC, node_epoch DESC, visit_no DESC`
	var last store.Cursor
	err = s.query(ctx, s.people, query, open.Values, func(rows pgx.Rows) error {
		var v throng.Visit
		var kind int16
		var started time.Time
		var ended *time.Time
		var epoch, number int64
		if err := rows.Scan(&v.User, &v.Channel, &kind, &v.Node, &started, &ended, &v.Reason, &epoch, &number); err != nil {
			return err
		}
		if len(page) == limit {
			next = last.String(store.SessionsList)
			return nil
		}
		v.Kind, v.StartedAt, v.EndedAt = throng.VisitKind(kind), started.UnixMilli(), millis(ended)
		last = store.Cursor{Numbers: []int64{v.StartedAt, epoch, number}}
		v.User, v.Channel, v.Node = store.Name(v.User), store.Name(v.Channel), store.Name(v.Node)
		page = append(page, v)
		return nil
	})
	return page, next, err
}

// sessionConditions are those on the log v and on open visits o. They name the same
// values.
func (s *Store) sessionConditions(f *throng.VisitFilter, cursor string) (ended, open *store.Where, err error) {
	open, ended = new(store.Where), new(store.Where)
	both := func(ofOpen, ofEnded string) { open.And(ofOpen); ended.And(ofEnded) }
	each := func(condition string) { both("o."+condition, "v."+condition) }
	open.Set("kind", int16(f.Kind))
	each("kind = @kind")
	if f.User != "" {
		open.Set("user", store.Text(f.User))
		each("user_id = @user")
	}
	if !f.AnyChannel {
		open.Set("channel", store.Text(f.Channel))
		each("channel = @channel")
	} else if f.Namespaces != nil {
		both(open.Within(f.Namespaces, "o.channel"), open.Within(f.Namespaces, "v.channel"))
	}
	if f.To != 0 {
		_, to := store.Period(0, f.To)
		open.Set("to", moment(to))
		each("started_at < @to")
	}
	if cursor != "" {
		c, err := store.ParseCursor(cursor, store.SessionsList, 3, 0)
		if err != nil {
			return nil, nil, err
		}
		open.Set("c1", moment(c.Numbers[0]))
		open.Set("c2", c.Numbers[1])
		open.Set("c3", c.Numbers[2])
		both("(o.started_at, o.node_epoch, o.visit_no) < (@c1, @c2, @c3)", "(v.started_at, v.node_epoch, v.visit_no) < (@c1, @c2, @c3)")
	}
	if f.Open {
		open.And("l.state = 0")
	}
	if f.Node != "" {
		open.Set("node", store.Text(f.Node))
		both("l.node_id = @node", "v.node_epoch IN (SELECT node_epoch FROM node_lease WHERE node_id = @node)")
	}
	if f.Reason != throng.VisitOpen {
		open.Set("reason", f.Reason)
		both("l.state <> 0 AND l.reason = @reason", "v.reason = @reason")
	}
	if f.From != 0 {
		from, _ := store.Period(f.From, 0)
		open.Set("from", moment(from))
		both("("+upTo+" > @from OR o.started_at >= @from)", "v.ended_at >= @from AND (v.ended_at > @from OR v.started_at >= @from)")
	}
	if f.Shortest != 0 {
		open.Set("shortest", store.Span(f.Shortest))
		both(upTo+" - o.started_at >= @shortest::interval", "v.ended_at - v.started_at >= @shortest::interval")
	}
	if f.Longest != 0 {
		open.Set("longest", store.Span(f.Longest))
		both(upTo+" - o.started_at <= @longest::interval", "v.ended_at - v.started_at <= @longest::interval")
	}
	return ended, open, nil
}

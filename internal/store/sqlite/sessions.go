package sqlite

import (
	"context"
	"fmt"

	"throng"
	"throng/internal/store"
)

const (
	// upTo is where an open visit o of a lease l counts to.
	upTo = `iif(l.state = 0, max(o.started_at, coalesce(o.left_at, @now)), ` + until + `)`

	newestFirst = ` ORDER BY started DESC, epoch DESC, number DESC LIMIT @limit`

	endedVisits = `SELECT v.user_id, v.channel, v.kind, v.started_at AS started, v.ended_at, v.reason AS why,
		v.node_epoch AS epoch, v.visit_no AS number FROM visit_log v `
	openVisits = `SELECT o.user_id, o.channel, o.kind, o.started_at AS started, iif(l.state = 0, 0, ` + until + `) AS ended_at,
		iif(l.state = 0, '', l.reason) AS why, o.node_epoch AS epoch, o.visit_no AS number
		FROM online o %s CROSS JOIN node_lease l ON l.node_epoch = o.node_epoch WHERE `
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
	indexOfOpen, indexOfEnded := sessionIndexes(&f)
	query := `SELECT * FROM (` + fmt.Sprintf(openVisits, indexOfOpen) + open.String() + newestFirst + `)`
	if !f.Open {
		query += ` UNION ALL SELECT * FROM (` + endedVisits + indexOfEnded + ` WHERE ` + ended.String() + newestFirst + `)`
	}
	query = `SELECT user_id, channel, kind, coalesce(node_id, ''), started, ended_at, why, epoch, number
		FROM (` + query + newestFirst + `) LEFT JOIN node_lease ON node_epoch = epoch ORDER BY started DESC, epoch DESC, number DESC`
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

// sessionIndexes say by which index visits are to be found. SQLite knows nothing of how
// many there are: it would rather sort all of a channel than walk in the order of an
// index.
func sessionIndexes(f *throng.VisitFilter) (open, ended string) {
	switch {
	case f.User != "":
		return "INDEXED BY online_user", "INDEXED BY visit_log_user"
	case f.AnyChannel:
		return "", "" // the log is in the order of time itself
	}
	return "INDEXED BY online_started", "INDEXED BY visit_log_channel"
}

// sessionConditions are those on the log v and on open visits o. They name the same
// values.
func (s *Store) sessionConditions(f *throng.VisitFilter, cursor string) (ended, open *store.Where, err error) {
	open, ended = new(store.Where), new(store.Where)
	both := func(ofOpen, ofEnded string) { open.And(ofOpen); ended.And(ofEnded) }
	each := func(condition string) { both("o."+condition, "v."+condition) }
	open.Set("kind", f.Kind)
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
		open.Set("to", to)
		each("started_at < @to")
	}
	if cursor != "" {
		c, err := store.ParseCursor(cursor, store.SessionsList, 3, 0)
		if err != nil {
			return nil, nil, err
		}
		open.Set("c1", c.Numbers[0])
		open.Set("c2", c.Numbers[1])
		open.Set("c3", c.Numbers[2])
		each("started_at <= @c1") // the row's comparison alone leads into no index that ends with the start
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
		open.Set("from", from)
		both("("+upTo+" > @from OR o.started_at >= @from)", "(v.ended_at > @from OR v.started_at >= @from)")
		ended.And("v.started_at >= @from - (SELECT milliseconds FROM longest_visit)")
	}
	if f.Shortest != 0 {
		open.Set("shortest", f.Shortest)
		both(upTo+" - o.started_at >= @shortest", "v.ended_at - v.started_at >= @shortest")
	}
	if f.Longest != 0 {
		open.Set("longest", f.Longest)
		both(upTo+" - o.started_at <= @longest", "v.ended_at - v.started_at <= @longest")
	}
	return ended, open, nil
}

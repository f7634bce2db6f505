package postgres

import (
	"context"
	"time"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

// Watched sums up time.
func (s *Store) Watched(ctx context.Context, q throng.WatchedQuery) (page []throng.Watched, next string, err error) {
	after, err := store.ParseSpent(q.Page.Cursor)
	if err != nil {
		return nil, "", err
	}
	limit := store.Limit(q.Page.Limit)
	var list []store.Spent
	switch {
	case q.Namespaces != nil && (q.User == "" && q.Users == nil || !q.AnyChannel):
		return nil, "", throng.ErrBadRequest
	case limit == 0:
	case q.User != "":
		list, err = s.watchedBy(ctx, &q, []string{q.User})
		list = store.Pick(list, q.Order, after)
	case q.Users != nil:
		list, err = s.watchedBy(ctx, &q, q.Users)
		list = store.Pick(list, q.Order, after)
	case q.Order == throng.ByTime:
		list, err = s.watchedMost(ctx, &q, limit)
	default:
		list, err = s.watchedByAll(ctx, &q, after, limit)
	}
	if err != nil {
		return nil, "", err
	}
	page, next = store.WatchedPage(list, q.Order, limit)
	return page, next, nil
}

// watchedBy is exact: it goes through the visits of each user.
func (s *Store) watchedBy(ctx context.Context, q *throng.WatchedQuery, users []string) (list []store.Spent, err error) {
	from, to := store.Period(q.From, q.To)
	w := store.Where{Values: map[string]any{
		"users": store.Texts(users), "kind": int16(q.Kind), "channel": store.Text(q.Channel),
		"from": moment(from), "to": moment(to), "skew": s.skew(),
	}}
	place := " AND channel = @channel"
	switch {
	case q.AnyChannel && q.Namespaces != nil:
		place = " AND " + w.Within(q.Namespaces, "channel")
	case q.AnyChannel:
		place = ""
	}
	sum := store.Islands{From: from, To: to, Days: q.Days}
	pool := s.people
	if q.User == "" {
		pool = s.claims // which wait for it
	}
	// A visit that ends where the period begins may be the beginning of one that goes on.
	err = s.query(ctx, pool, `SELECT user_id, channel, started_at, ended_at FROM visit_log
			WHERE user_id = ANY (@users) AND kind = @kind AND started_at <= @to AND ended_at >= @from`+place+`
		UNION ALL SELECT user_id, channel, o.started_at, `+upTo+` FROM online o JOIN node_lease l USING (node_epoch)
			WHERE user_id = ANY (@users) AND kind = @kind AND o.started_at <= @to`+place+`
		ORDER BY 1, 2, 3`, w.Values, func(rows pgx.Rows) error {
		var user, channel string
		var started, ended time.Time
		if err := rows.Scan(&user, &channel, &started, &ended); err != nil {
			return err
		}
		if user != sum.User {
			list = append(list, sum.Sums()...)
			sum = store.Islands{User: user, From: from, To: to, Days: q.Days}
		}
		sum.Add(channel, started.UnixMilli(), ended.UnixMilli())
		return nil
	})
	return append(list, sum.Sums()...), err
}

// watchedMost lists those with the largest sums: it goes through all users of the
// channel on these days.
func (s *Store) watchedMost(ctx context.Context, q *throng.WatchedQuery, limit int) ([]store.Spent, error) {
	var w store.Where
	w.Set("limit", limit+1)
	return s.sums(ctx, q, &w, "ORDER BY milliseconds DESC, user_id, channel, day")
}

// watchedByAll lists users in order: it finds the next ones, and then their sums.
func (s *Store) watchedByAll(ctx context.Context, q *throng.WatchedQuery, after *store.Spent, limit int) ([]store.Spent, error) {
	from, all := "", []store.Spent(nil)
	if after != nil {
		from = after.User // who may have more
	}
	for {
		users, err := s.nextUsers(ctx, q, from, limit+2)
		if err != nil || len(users) == 0 {
			return all, err
		}
		var w store.Where
		w.Set("users", users)
		w.Set("limit", limit+1-len(all))
		if after != nil {
			w.Set("after_user", after.User)
			w.Set("after_channel", after.Channel)
			w.With("after_day", after.Day, "(user_id, channel, day) > (@after_user, @after_channel, @after_day::bigint)")
		}
		some, err := s.sums(ctx, q, &w, "ORDER BY user_id, channel, day")
		all = append(all, some...)
		if err != nil || len(users) < limit+2 || len(all) > limit {
			return all, err
		}
		// Somebody was erased in between.
		if from = users[len(users)-1]; len(all) > 0 {
			after = &all[len(all)-1]
		}
	}
}

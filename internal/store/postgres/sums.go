package postgres

import (
	"context"
	"time"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

// A sum over many users is made of days, and of the parts of open visits that are on
// them: @begin..@end is the period, from midnight to midnight.
const (
	// The days that there is anything of: their number can't be large, that of those
	// asked for can.
	daysWithin = `days (day) AS (SELECT min(day) FROM watch_daily WHERE day BETWEEN @first AND @last
		UNION ALL SELECT (SELECT min(w.day) FROM watch_daily w WHERE w.day > days.day AND w.day <= @last) FROM days WHERE days.day IS NOT NULL)`

	openWithin = `o.started_at < @end AND (` + upTo + ` > @begin OR o.started_at >= @begin)`

	// An open visit is cut at midnights.
	partsOfOpen = `SELECT user_id, channel, d::date, extract(epoch FROM least(ends, d + '1 day') - greatest(begins, d)) * 1000, begins = started_at AND begins >= d
		FROM (SELECT o.user_id, o.channel, o.started_at, greatest(o.started_at, @begin) AS begins, least(` + upTo + `, @end) AS ends `
	atMidnights = `) open CROSS JOIN LATERAL generate_series(date_trunc('day', begins),
		greatest(date_trunc('day', begins), date_trunc('day', ends - '1 ms'::interval)), '1 day') AS d`
)

// period is what sums name.
func (s *Store) period(ctx context.Context, q *throng.WatchedQuery, w *store.Where) error {
	var now time.Time
	if err := s.people.QueryRow(ctx, `SELECT `+present, pgx.NamedArgs{"skew": s.skew()}).Scan(&now); err != nil {
		return s.explain(err)
	}
	first, last := store.WholeDays(q.From, q.To, now.UnixMilli())
	w.Set("skew", s.skew())
	w.Set("first", moment(first*store.Day))
	w.Set("last", moment(last*store.Day))
	w.Set("begin", moment(first*store.Day))
	w.Set("end", moment((last+1)*store.Day))
	w.Set("kind", int16(q.Kind))
	w.Set("channel", store.Text(q.Channel))
	return nil
}

// sums adds up, for all users or those of the value users, and gives as many as limit
// says.
func (s *Store) sums(ctx context.Context, q *throng.WatchedQuery, w *store.Where, order string) (list []store.Spent, err error) {
	if err := s.period(ctx, q, w); err != nil {
		return nil, err
	}
	daily := `FROM days JOIN watch_daily t ON t.day = days.day AND t.kind = @kind`
	open := `FROM online o JOIN node_lease l USING (node_epoch) WHERE o.kind = @kind`
	if _, some := w.Values["users"]; some {
		daily = `FROM watch_daily t WHERE t.user_id = ANY (@users) AND t.kind = @kind AND t.day BETWEEN @first AND @last`
		open += ` AND o.user_id = ANY (@users)`
	}
	if !q.AnyChannel {
		daily += " AND t.channel = @channel"
		open += " AND o.channel = @channel"
	}
	day := "-1"
	if q.Days {
		day = "day - '1970-01-01'::date"
	}
	query := `WITH RECURSIVE ` + daysWithin + `,
		part (user_id, channel, day, milliseconds, visits) AS (
			SELECT t.user_id, t.channel, t.day, t.milliseconds, t.visits ` + daily + `
			UNION ALL SELECT user_id, channel, day, greatest(milliseconds, 0)::bigint, CASE WHEN began THEN 1 ELSE 0 END FROM (
				` + partsOfOpen + open + ` AND ` + openWithin + atMidnights + `) cut (user_id, channel, day, milliseconds, began)),
		total AS (SELECT user_id, channel, (` + day + `)::bigint AS day, sum(milliseconds)::bigint AS milliseconds, sum(visits)::bigint AS visits
			FROM part GROUP BY 1, 2, 3)
		SELECT user_id, channel, day, milliseconds, visits FROM total WHERE ` + w.String() + ` ` + order + ` LIMIT @limit`
	err = s.query(ctx, s.people, query, w.Values, func(rows pgx.Rows) error {
		var e store.Spent
		err := rows.Scan(&e.User, &e.Channel, &e.Day, &e.Milliseconds, &e.Visits)
		list = append(list, e)
		return err
	})
	return list, err
}

// nextUsers are the first n users, from one on, who have anything in the period.
func (s *Store) nextUsers(ctx context.Context, q *throng.WatchedQuery, from string, n int) (users []string, err error) {
	var w store.Where
	if err := s.period(ctx, q, &w); err != nil {
		return nil, err
	}
	w.Set("from", from)
	w.Set("n", n)
	open := `(SELECT DISTINCT o.user_id FROM online o JOIN node_lease l USING (node_epoch)
		WHERE o.kind = @kind AND o.user_id >= @from AND ` + openWithin
	daily := `(SELECT DISTINCT user_id FROM watch_daily WHERE kind = @kind AND day BETWEEN @first AND @last
		AND user_id >= @from ORDER BY user_id LIMIT @n)`
	if !q.AnyChannel {
		open += ` AND o.channel = @channel`
		daily = `(SELECT w.user_id FROM days CROSS JOIN LATERAL (SELECT user_id FROM watch_daily t WHERE t.day = days.day
			AND channel = @channel AND kind = @kind AND user_id >= @from ORDER BY user_id LIMIT @n) w)`
	}
	err = s.query(ctx, s.people, `WITH RECURSIVE `+daysWithin+` SELECT user_id FROM (`+open+` ORDER BY o.user_id LIMIT @n) UNION `+daily+`) u
		ORDER BY user_id LIMIT @n`, w.Values, func(rows pgx.Rows) error {
		var user string
		err := rows.Scan(&user)
		users = append(users, user)
		return err
	})
	return users, err
}

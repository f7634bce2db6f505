package sqlite

import (
	"context"
	"database/sql"
	"slices"

	"throng"
	"throng/internal/store"
)

// A sum over many users is made of days, and of the parts of open visits that are on
// them: @begin..@end is the period, from midnight to midnight.
const (
	// The days that there is anything of: their number can't be large, that of those
	// asked for can.
	days = `days (day) AS (SELECT min(day) FROM watch_daily WHERE day BETWEEN @first AND @last
		UNION ALL SELECT (SELECT min(w.day) FROM watch_daily w WHERE w.day > days.day AND w.day <= @last) FROM days WHERE days.day IS NOT NULL)`

	piecesOfOpen = `piece (user_id, channel, started_at, begins, ends) AS (
		SELECT o.user_id, o.channel, o.started_at, max(o.started_at, @begin), min(` + upTo + `, @end) FROM `
	piecesOfDays = ` UNION ALL SELECT user_id, channel, started_at, (begins / 86400000 + 1) * 86400000, ends FROM piece
		WHERE (begins / 86400000 + 1) * 86400000 < ends)`

	// All users one after another, which adds up days without sorting them.
	inOrderOfUsers = `SELECT t.user_id, t.channel, -1, sum(t.milliseconds), sum(t.visits) FROM watch_daily t INDEXED BY watch_daily_user
		WHERE t.user_id > '' AND t.kind = @kind AND t.day BETWEEN @first AND @last`

	openWithin = `o.started_at < @end AND (` + upTo + ` > @begin OR o.started_at >= @begin)`
)

// period sets what sums name.
func (s *Store) period(q *throng.WatchedQuery, w *store.Where) {
	now := s.now()
	first, last := store.WholeDays(q.From, q.To, now)
	w.Set("now", now)
	w.Set("first", store.DayName(first))
	w.Set("last", store.DayName(last))
	w.Set("begin", first*store.Day)
	w.Set("end", (last+1)*store.Day)
	w.Set("kind", q.Kind)
	if !q.AnyChannel {
		w.Set("channel", store.Text(q.Channel))
	}
}

// manyDays says that it is quicker to go through all days of all users in their order
// than to sort those asked for: they are an eighth of them, and not of a channel that
// may be small.
func (s *Store) manyDays(ctx context.Context, q *throng.WatchedQuery) (many bool, err error) {
	if q.Days || q.Channel != "" && !q.AnyChannel {
		return false, nil
	}
	var oldest, newest int64
	if err := s.query(ctx, `SELECT coalesce(unixepoch((SELECT min(day) FROM watch_daily)) / 86400, -1),
			coalesce(unixepoch((SELECT max(day) FROM watch_daily)) / 86400, -1)`, nil, func(columns func(...any) error) error {
		return columns(&oldest, &newest)
	}); err != nil {
		return false, err
	}
	first, last := store.WholeDays(q.From, q.To, s.now())
	return 8*(min(last, newest)-max(first, oldest)+1) > newest-oldest, nil
}

// sums adds up, for all users or those of the value users, and gives as many as limit
// says. By user it goes through all of them one after another.
func (s *Store) sums(ctx context.Context, q *throng.WatchedQuery, w *store.Where, byUser bool, order string) (list []store.Spent, err error) {
	s.period(q, w)
	place := ""
	if !q.AnyChannel {
		place = " AND t.channel = @channel"
	}
	daily := `days CROSS JOIN watch_daily t ON t.day = days.day AND t.kind = @kind` + place
	open := `online o CROSS JOIN node_lease l USING (node_epoch) WHERE o.kind = @kind`
	if _, some := w.Values["users"]; some {
		daily = `json_each(@users) u CROSS JOIN watch_daily t ON t.user_id = u.value AND t.kind = @kind AND t.day BETWEEN @first AND @last` + place
		open = `json_each(@users) u CROSS JOIN online o ON o.user_id = u.value CROSS JOIN node_lease l USING (node_epoch) WHERE o.kind = @kind`
	}
	if !q.AnyChannel {
		open += " AND o.channel = @channel"
	}
	day, group := "-1", "user_id, channel"
	parts := `SELECT t.user_id, t.channel, -1, t.milliseconds, t.visits FROM ` + daily
	if q.Days {
		day, group = "day", group+", day"
		parts = `SELECT t.user_id, t.channel, unixepoch(t.day) / 86400, t.milliseconds, t.visits FROM ` + daily
	}
	if byUser {
		parts = inOrderOfUsers + place + ` GROUP BY t.user_id, t.channel`
	}
	query := `WITH RECURSIVE ` + days + `, ` + piecesOfOpen + open + ` AND ` + openWithin + piecesOfDays + `,
		part (user_id, channel, day, milliseconds, visits) AS (
			` + parts + `
			UNION ALL SELECT user_id, channel, begins / 86400000,
				max(0, min(ends, (begins / 86400000 + 1) * 86400000) - begins), begins = started_at FROM piece),
		total AS (SELECT user_id, channel, ` + day + ` AS day, sum(milliseconds) AS milliseconds, sum(visits) AS visits
			FROM part GROUP BY ` + group + `)
		SELECT user_id, channel, day, milliseconds, visits FROM total WHERE ` + w.String() + ` ` + order + ` LIMIT @limit`
	err = s.query(ctx, query, values(w), func(columns func(...any) error) error {
		var e store.Spent
		err := columns(&e.User, &e.Channel, &e.Day, &e.Milliseconds, &e.Visits)
		list = append(list, e)
		return err
	})
	return list, err
}

// nextUsers are the first n users, from one on, who have anything in the period.
func (s *Store) nextUsers(ctx context.Context, q *throng.WatchedQuery, from string, n int) ([]string, error) {
	var w store.Where
	s.period(q, &w)
	w.Set("from", from)
	w.Set("n", n)
	var found []string
	collect := func(columns func(...any) error) error {
		var user string
		err := columns(&user)
		found = append(found, user)
		return err
	}
	open := `SELECT DISTINCT o.user_id FROM online o CROSS JOIN node_lease l USING (node_epoch)
		WHERE o.kind = @kind AND o.user_id >= @from AND ` + openWithin
	if q.AnyChannel {
		if err := s.query(ctx, open+` ORDER BY o.user_id LIMIT @n`, values(&w), collect); err != nil {
			return nil, err
		}
		err := s.query(ctx, `SELECT DISTINCT user_id FROM watch_daily INDEXED BY watch_daily_user WHERE kind = @kind AND day BETWEEN @first AND @last
			AND user_id >= @from ORDER BY user_id LIMIT @n`, values(&w), collect)
		return first(found, n), err
	}
	if err := s.query(ctx, open+` AND o.channel = @channel ORDER BY o.user_id LIMIT @n`, values(&w), collect); err != nil {
		return nil, err
	}
	var some []string
	if err := s.query(ctx, `WITH RECURSIVE `+days+` SELECT day FROM days WHERE day IS NOT NULL`, values(&w), func(columns func(...any) error) error {
		var day string
		err := columns(&day)
		some = append(some, day)
		return err
	}); err != nil {
		return nil, err
	}
	for _, day := range some {
		args := append(values(&w), sql.Named("day", day))
		if err := s.query(ctx, `SELECT user_id FROM watch_daily WHERE day = @day AND channel = @channel AND kind = @kind
			AND user_id >= @from ORDER BY user_id LIMIT @n`, args, collect); err != nil {
			return nil, err
		}
		found = first(found, n)
	}
	return first(found, n), nil
}

// first sorts names and takes the first n, each once.
func first(names []string, n int) []string {
	slices.Sort(names)
	names = slices.Compact(names)
	return names[:min(n, len(names))]
}

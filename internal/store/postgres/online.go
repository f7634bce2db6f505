package postgres

import (
	"context"
	"time"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

// liveVisits are the open visits of leases that are live.
const liveVisits = ` FROM online o JOIN node_lease l ON l.node_epoch = o.node_epoch AND l.state = 0 WHERE `

// Online says who is here now.
func (s *Store) Online(ctx context.Context, q throng.OnlineQuery) (throng.OnlineUsers, error) {
	var all throng.OnlineUsers
	var w store.Where
	w.With("channel", store.Text(q.Channel), "o.channel = @channel")
	w.With("kind", int16(q.Kind), "o.kind = @kind")
	if q.Node != "" {
		w.With("node", store.Text(q.Node), "l.node_id = @node")
	}
	if q.Prefix != "" {
		w.With("prefix", store.Text(q.Prefix), "o.user_id >= @prefix")
		if after := store.After(store.Text(q.Prefix)); after != "" {
			w.With("after", after, "o.user_id < @after")
		}
	}
	if q.Page.Cursor == "" {
		// A lease has a user once: with one node, which is usual, nobody counts twice.
		err := s.query(ctx, s.people, `SELECT CASE WHEN (SELECT count(*) FROM node_lease WHERE state = 0) > 1 THEN
				(SELECT count(*) FROM (SELECT DISTINCT o.user_id`+liveVisits+w.String()+`) u)
			ELSE (SELECT count(*)`+liveVisits+w.String()+`) END`, w.Values, func(rows pgx.Rows) error { return rows.Scan(&all.Total) })
		if err != nil {
			return all, err
		}
	} else {
		c, err := store.ParseCursor(q.Page.Cursor, store.OnlineList, 1, 1)
		if err != nil {
			return all, err
		}
		all.Total = c.Numbers[0]
		w.With("cursor", c.Texts[0], "o.user_id > @cursor")
	}
	limit := store.Limit(q.Page.Limit)
	if limit == 0 {
		return all, nil
	}
	w.Set("limit", limit+1)
	last := ""
	err := s.query(ctx, s.people, `SELECT o.user_id, min(o.started_at), array_agg(DISTINCT l.node_id)`+liveVisits+w.String()+`
		GROUP BY o.user_id ORDER BY o.user_id LIMIT @limit`, w.Values, func(rows pgx.Rows) error {
		var user string
		var since time.Time
		var u throng.OnlineUser
		if err := rows.Scan(&user, &since, &u.Nodes); err != nil {
			return err
		}
		if len(all.Users) == limit {
			all.Next = store.Cursor{Numbers: []int64{all.Total}, Texts: []string{last}}.String(store.OnlineList)
			return nil
		}
		last, u.User, u.Since = user, store.Name(user), since.UnixMilli()
		store.SortNames(u.Nodes)
		all.Users = append(all.Users, u)
		return nil
	})
	return all, err
}

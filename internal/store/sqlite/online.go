package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"throng"
	"throng/internal/store"
)

// liveVisits are the open visits of leases that are live. The cross join says that
// users come in their order, and their lease is looked up.
const liveVisits = ` FROM online o CROSS JOIN node_lease l ON l.node_epoch = o.node_epoch AND l.state = 0 WHERE `

// Online says who is here now.
func (s *Store) Online(ctx context.Context, q throng.OnlineQuery) (throng.OnlineUsers, error) {
	var all throng.OnlineUsers
	var w store.Where
	w.With("channel", store.Text(q.Channel), "o.channel = @channel")
	w.With("kind", q.Kind, "o.kind = @kind")
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
		err := s.query(ctx, `SELECT count(DISTINCT o.user_id)`+liveVisits+w.String(), values(&w), func(columns func(...any) error) error {
			return columns(&all.Total)
		})
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
	err := s.query(ctx, `SELECT o.user_id, min(o.started_at), json_group_array(DISTINCT l.node_id)`+liveVisits+w.String()+`
		GROUP BY o.user_id ORDER BY o.user_id LIMIT @limit`, values(&w), func(columns func(...any) error) error {
		var user, nodes string
		var u throng.OnlineUser
		if err := columns(&user, &u.Since, &nodes); err != nil {
			return err
		}
		if len(all.Users) == limit {
			all.Next = store.Cursor{Numbers: []int64{all.Total}, Texts: []string{last}}.String(store.OnlineList)
			return nil
		}
		last, u.User = user, store.Name(user)
		if err := json.Unmarshal([]byte(nodes), &u.Nodes); err != nil {
			return err
		}
		store.SortNames(u.Nodes)
		all.Users = append(all.Users, u)
		return nil
	})
	return all, err
}

// values are what a statement's conditions name.
func values(w *store.Where) (args []any) {
	for name, value := range w.Values {
		args = append(args, sql.Named(name, value))
	}
	return args
}

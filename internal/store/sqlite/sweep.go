package sqlite

import (
	"context"
	"database/sql"

	"throng/internal/store"
)

// piece is how many rows a transaction of a sweep, or of Prune, changes: flushes get
// their turn between two of them.
const piece = 5000

// until is when an open visit o of a lease l that is not live ended.
const until = `max(o.started_at, min(l.beat_at, coalesce(o.left_at, l.beat_at)))`

// sweep closes what is still open by leases that are not live.
func (s *Store) sweep(ctx context.Context) (visits int64, err error) {
	for {
		n := 0
		err := s.transact(ctx, func(c *sql.Conn) (err error) {
			n, err = sweepPiece(ctx, c)
			return err
		})
		visits += int64(n)
		if err != nil || n == 0 {
			return visits, err
		}
	}
}

func sweepPiece(ctx context.Context, c *sql.Conn) (int, error) {
	rows, err := c.QueryContext(ctx, `SELECT o.node_epoch, o.user_id, o.channel, o.kind, o.started_at, `+until+`, l.reason, o.visit_no
		FROM node_lease l CROSS JOIN online o ON o.node_epoch = l.node_epoch
		WHERE l.state <> 0 ORDER BY l.node_epoch LIMIT ?`, piece)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n := 0
	ended := make(map[int64][]store.Row)
	for rows.Next() {
		var epoch int64
		var r store.Row
		if err := rows.Scan(&epoch, &r.User, &r.Channel, &r.Kind, &r.StartedAt, &r.EndedAt, &r.Reason, &r.Number); err != nil {
			return 0, err
		}
		ended[epoch] = append(ended[epoch], r)
		n++
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	for epoch, list := range ended {
		var changes store.Changes
		changes.Close(list)
		if err := finish(ctx, c, epoch, &changes); err != nil {
			return 0, err
		}
	}
	return n, nil
}

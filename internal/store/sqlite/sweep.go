package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"throng/internal/store"
)

// piece is how many rows a transaction of a sweep, or of Prune, changes: flushes get
// their turn between two of them.
const piece = 5000

// until is when an open visit o of a lease l that is not live ended.
const until = `max(o.started_at, min(l.beat_at, coalesce(o.left_at, l.beat_at)))`

// A place is where a sweep is: the key of the last row of online that it looked at.
type place struct {
	channel string
	kind    int
	user    string // none is empty: the zero place is before all
	epoch   int64
}

const (
	behind = ` FROM online WHERE (channel, kind, user_id, node_epoch) > (?, ?, ?, ?) ORDER BY channel, kind, user_id, node_epoch`

	// endOfPiece is the last row of a piece; no row if the piece is the last.
	endOfPiece  = `SELECT channel, kind, user_id, node_epoch` + behind + ` LIMIT 1 OFFSET ?`
	deadOfPiece = `SELECT o.node_epoch, o.user_id, o.channel, o.kind, o.started_at, ` + until + `, l.reason, o.visit_no
		FROM (SELECT *` + behind + ` LIMIT ?) o CROSS JOIN node_lease l ON l.node_epoch = o.node_epoch WHERE l.state <> 0`
)

// sweep closes what is still open by leases that are not live. It goes through all that
// is open, if there is such a lease that nobody has swept: that is when a process ended,
// and so seldom that an index would cost more.
func (s *Store) sweep(ctx context.Context) (visits int64, err error) {
	var dead []int64
	if err := s.transact(ctx, func(c *sql.Conn) (err error) {
		dead, err = unswept(ctx, c)
		return err
	}); err != nil || len(dead) == 0 {
		return 0, err
	}
	var at place
	for more := true; more; {
		n, next := 0, place{}
		err := s.transact(ctx, func(c *sql.Conn) (err error) {
			if next, more, err = nextPlace(ctx, c, at); err == nil {
				n, err = sweepPiece(ctx, c, at)
			}
			return err
		})
		if err != nil {
			return visits, err
		}
		visits += int64(n)
		at = next
	}
	return visits, s.transact(ctx, func(c *sql.Conn) error {
		return each(ctx, c, `UPDATE node_lease SET swept = 1 WHERE node_epoch = ?`, dead, func(b *binder, epoch *int64) { b.number(*epoch) })
	})
}

// unswept are the leases that are over, and by which something may be open.
func unswept(ctx context.Context, c *sql.Conn) (epochs []int64, err error) {
	rows, err := c.QueryContext(ctx, `SELECT node_epoch FROM node_lease WHERE state <> 0 AND swept = 0`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var epoch int64
		if err := rows.Scan(&epoch); err != nil {
			return nil, err
		}
		epochs = append(epochs, epoch)
	}
	return epochs, rows.Err()
}

// nextPlace is where the piece behind a place ends, and whether there are more.
func nextPlace(ctx context.Context, c *sql.Conn, at place) (next place, more bool, err error) {
	err = c.QueryRowContext(ctx, endOfPiece, at.channel, at.kind, at.user, at.epoch, piece-1).
		Scan(&next.channel, &next.kind, &next.user, &next.epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return at, false, nil
	}
	return next, err == nil, err
}

// sweepPiece closes what is to be closed of the piece behind a place.
func sweepPiece(ctx context.Context, c *sql.Conn, at place) (int, error) {
	rows, err := c.QueryContext(ctx, deadOfPiece, at.channel, at.kind, at.user, at.epoch, piece)
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

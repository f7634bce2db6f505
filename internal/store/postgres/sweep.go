package postgres

import (
	"context"
	"time"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

// piece is how many rows a transaction of a sweep, or of Prune, changes: flushes get
// their turn between two of them.
const piece = 5000

// until is when an open visit o of a lease l that is not live ended.
const until = `greatest(o.started_at, least(l.beat_at, o.left_at))`

// sweep closes what is still open by leases that are not live.
func (s *Store) sweep(ctx context.Context) (visits int64, err error) {
	var dead []int64
	if err := s.query(ctx, s.nodes, `SELECT node_epoch FROM node_lease l WHERE state <> 0
		AND EXISTS (SELECT 1 FROM online o WHERE o.node_epoch = l.node_epoch) ORDER BY node_epoch`, nil, func(rows pgx.Rows) error {
		var epoch int64
		err := rows.Scan(&epoch)
		dead = append(dead, epoch)
		return err
	}); err != nil {
		return 0, err
	}
	for _, epoch := range dead {
		n, err := s.sweepLease(ctx, epoch)
		if missingPartition(err) {
			s.forgetPartitions()
			var more int64
			more, err = s.sweepLease(ctx, epoch)
			n += more
		}
		visits += n
		if err != nil {
			return visits, err
		}
	}
	return visits, nil
}

func (s *Store) sweepLease(ctx context.Context, epoch int64) (visits int64, err error) {
	var days []int64
	if err := s.query(ctx, s.nodes, `SELECT DISTINCT date_trunc('day', `+until+`) FROM online o JOIN node_lease l USING (node_epoch)
		WHERE node_epoch = @epoch`, pgx.NamedArgs{"epoch": epoch}, func(rows pgx.Rows) error {
		var day time.Time
		err := rows.Scan(&day)
		days = append(days, store.DayOf(day.UnixMilli()))
		return err
	}); err != nil {
		return 0, err
	}
	for _, day := range days {
		if err := s.prepareDay(ctx, day); err != nil {
			return 0, err
		}
	}
	for {
		n := 0
		err := s.transact(ctx, s.nodes, func(tx pgx.Tx) (err error) {
			n, err = sweepPiece(ctx, tx, epoch)
			return err
		})
		if err != nil {
			return visits, err
		}
		if visits += int64(n); n < piece {
			return visits, nil
		}
	}
}

// sweepPiece closes some visits of a lease. Who does so at the same time waits.
func sweepPiece(ctx context.Context, tx pgx.Tx, epoch int64) (int, error) {
	var beat time.Time
	var reason throng.VisitReason
	if err := tx.QueryRow(ctx, `SELECT beat_at, reason FROM node_lease WHERE node_epoch = $1 FOR UPDATE`, epoch).Scan(&beat, &reason); err != nil {
		return 0, err
	}
	rows, err := tx.Query(ctx, `DELETE FROM online WHERE (channel, kind, user_id, node_epoch) IN (
			SELECT channel, kind, user_id, node_epoch FROM online WHERE node_epoch = $1 LIMIT $2)
		RETURNING user_id, channel, kind, started_at, left_at, visit_no`, epoch, piece)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var ended []store.Row
	for rows.Next() {
		r := store.Row{EndedAt: beat.UnixMilli(), Reason: reason}
		var kind int16
		var started time.Time
		var left *time.Time
		if err := rows.Scan(&r.User, &r.Channel, &kind, &started, &left, &r.Number); err != nil {
			return 0, err
		}
		r.Kind, r.StartedAt = throng.VisitKind(kind), started.UnixMilli()
		if left != nil {
			r.EndedAt = min(r.EndedAt, left.UnixMilli())
		}
		ended = append(ended, r)
	}
	if err := rows.Err(); err != nil || len(ended) == 0 {
		return 0, err
	}
	var changes store.Changes
	changes.Close(ended)
	return len(ended), tx.SendBatch(ctx, batch(throng.Lease{Epoch: epoch}, &changes)).Close()
}

package sqlite

import (
	"context"
	"database/sql"
	"time"

	"throng"
	"throng/internal/store"
)

// Prune removes what is older than the retention, piece by piece.
func (s *Store) Prune(ctx context.Context, keep throng.VisitRetention) error {
	now := s.now()
	before := func(age time.Duration) int64 { return now - age.Milliseconds() }
	if keep.Visits > 0 {
		// What ended before also began before: the key leads to it.
		if err := s.prune(ctx, `DELETE FROM visit_log WHERE (started_at, node_epoch, visit_no) IN
			(SELECT started_at, node_epoch, visit_no FROM visit_log WHERE started_at < ?1 AND ended_at < ?1 LIMIT ?2)`,
			before(keep.Visits)); err != nil {
			return err
		}
		// A lease is the name of the node of its visits.
		if err := s.prune(ctx, `DELETE FROM node_lease WHERE node_epoch IN (SELECT node_epoch FROM node_lease
			WHERE state <> 0 AND swept = 1 AND seen_at < ?1 AND beat_at < ?1 LIMIT ?2)`, before(keep.Visits)-2*store.Day); err != nil {
			return err
		}
	}
	if keep.Days > 0 {
		if err := s.prune(ctx, `DELETE FROM watch_daily WHERE (day, channel, kind, user_id) IN
			(SELECT day, channel, kind, user_id FROM watch_daily WHERE day < ?1 LIMIT ?2)`,
			store.DayName(store.DayOf(before(keep.Days)))); err != nil {
			return err
		}
	}
	if keep.Occupancy > 0 {
		for _, table := range []string{"occupancy", "occupancy_hour"} {
			if err := s.prune(ctx, `DELETE FROM `+table+` WHERE (channel, ts, node_id) IN
				(SELECT channel, ts, node_id FROM `+table+` WHERE ts < ?1 LIMIT ?2)`, before(keep.Occupancy)); err != nil {
				return err
			}
		}
	}
	return nil
}

// prune repeats a statement that removes at most a piece until there is nothing left.
func (s *Store) prune(ctx context.Context, statement string, before any) error {
	for {
		var n int64
		err := s.transact(ctx, func(c *sql.Conn) (err error) {
			n, err = affected(ctx, c, statement, before, piece)
			return err
		})
		if err != nil || n < piece {
			return err
		}
	}
}

package postgres

import (
	"context"
	"time"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

// Prune drops old days of the log, makes those to come, and removes old rows piece by
// piece.
func (s *Store) Prune(ctx context.Context, keep throng.VisitRetention) error {
	var current time.Time
	if err := s.nodes.QueryRow(ctx, `SELECT `+present, pgx.NamedArgs{"skew": s.skew()}).Scan(&current); err != nil {
		return s.explain(err)
	}
	now := current.UnixMilli()
	before := func(age time.Duration) int64 { return now - age.Milliseconds() }
	s.forgetPartitions() // another node may have dropped some
	for day := store.DayOf(now); day <= store.DayOf(now)+daysAhead; day++ {
		if err := s.prepareDay(ctx, day); err != nil {
			return err
		}
	}
	if keep.Visits > 0 {
		if err := s.dropBefore(ctx, before(keep.Visits)); err != nil {
			return err
		}
		// A lease is the name of the node of its visits, and those are dropped by days.
		if err := s.prune(ctx, `DELETE FROM node_lease WHERE node_epoch IN (SELECT node_epoch FROM node_lease l
			WHERE state <> 0 AND seen_at < $1 AND beat_at < $1 AND NOT EXISTS (SELECT 1 FROM online o WHERE o.node_epoch = l.node_epoch)
			LIMIT $2)`, moment(before(keep.Visits)-2*store.Day)); err != nil {
			return err
		}
	}
	if keep.Days > 0 {
		if err := s.prune(ctx, `DELETE FROM watch_daily WHERE (day, channel, kind, user_id) IN
			(SELECT day, channel, kind, user_id FROM watch_daily WHERE day < $1::date ORDER BY day, channel, kind, user_id LIMIT $2)`,
			moment(store.DayOf(before(keep.Days))*store.Day)); err != nil {
			return err
		}
	}
	if keep.Occupancy > 0 {
		for _, table := range []string{"occupancy", "occupancy_hour"} {
			if err := s.prune(ctx, `DELETE FROM `+table+` WHERE (channel, ts, node_id) IN
				(SELECT channel, ts, node_id FROM `+table+` WHERE ts < $1 LIMIT $2)`, moment(before(keep.Occupancy))); err != nil {
				return err
			}
		}
	}
	return nil
}

// prune repeats a statement that removes at most a piece until there is nothing left.
func (s *Store) prune(ctx context.Context, statement string, before time.Time) error {
	return s.pruneBefore(ctx, statement, before)
}

func (s *Store) pruneBefore(ctx context.Context, statement string, before any) error {
	for {
		var n int64
		err := s.transact(ctx, s.nodes, func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, statement, before, piece)
			n = tag.RowsAffected()
			return err
		})
		if err != nil || n < piece {
			return err
		}
	}
}

package postgres

import (
	"context"
	"errors"
	"time"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

// The states of a lease.
const (
	live int16 = iota
	released
	fenced
	superseded
)

// Acquire begins a lease.
func (s *Store) Acquire(ctx context.Context, nodeID string) (throng.Lease, error) {
	lease := throng.Lease{NodeID: nodeID}
	args := pgx.NamedArgs{"node": store.Text(nodeID), "state": superseded, "reason": throng.VisitCrashed, "skew": s.skew()}
	err := s.transact(ctx, s.nodes, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockLeases); err != nil { // one at a time: epochs are given in their order
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE node_lease SET state = @state, reason = @reason WHERE node_id = @node AND state = 0`, args); err != nil {
			return err
		}
		var now time.Time
		err := tx.QueryRow(ctx, `INSERT INTO node_lease (node_id, started_at, beat_at, seen_at)
			SELECT @node::text, t, t, t FROM (SELECT `+present+` AS t) AS now RETURNING node_epoch, started_at`, args).Scan(&lease.Epoch, &now)
		lease.Now = now.UnixMilli()
		return err
	})
	if err != nil {
		return throng.Lease{}, err
	}
	if _, err := s.sweep(ctx); err != nil {
		return throng.Lease{}, err
	}
	return lease, nil
}

// Release ends a lease.
func (s *Store) Release(ctx context.Context, lease throng.Lease, at int64, why throng.VisitReason) error {
	if why == throng.VisitOpen {
		why = throng.VisitDrained
	}
	args := pgx.NamedArgs{"state": released, "at": moment(at), "reason": why, "epoch": lease.Epoch, "skew": s.skew()}
	err := s.transact(ctx, s.nodes, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE node_lease SET state = @state, beat_at = @at, seen_at = `+present+`, reason = @reason
			WHERE node_epoch = @epoch AND state = 0`, args)
		if err != nil || tag.RowsAffected() > 0 {
			return err
		}
		state, _, err := leaseState(ctx, tx, lease.Epoch)
		if err != nil || state == released {
			return err // released before: the answer was lost
		}
		return lost(state)
	})
	if err == nil {
		_, err = s.sweep(ctx)
	}
	return err
}

// Reap fences the leases of nodes that seem dead. One whose last beat is yet to come
// has not beaten since the clock was set back. Of one whose flush is under way at this
// moment, the next call may say so.
func (s *Store) Reap(ctx context.Context, ttl time.Duration) (r throng.Reaped, err error) {
	args := pgx.NamedArgs{"state": fenced, "reason": throng.VisitCrashed, "ttl": ttl, "skew": s.skew()}
	err = s.transact(ctx, s.nodes, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE node_lease SET state = @state, reason = @reason WHERE node_epoch IN (
			SELECT node_epoch FROM node_lease WHERE state = 0
				AND (seen_at < `+present+` - @ttl::interval OR seen_at > `+present+` + @ttl::interval)
			ORDER BY node_epoch FOR UPDATE SKIP LOCKED)`, args)
		r.Leases = int(tag.RowsAffected())
		return err
	})
	if err == nil {
		r.Visits, err = s.sweep(ctx)
	}
	return r, err
}

// leaseState reads what became of a lease.
func leaseState(ctx context.Context, tx pgx.Tx, epoch int64) (state int16, flushed int64, err error) {
	err = tx.QueryRow(ctx, `SELECT state, flushed_seq FROM node_lease WHERE node_epoch = $1`, epoch).Scan(&state, &flushed)
	if errors.Is(err, pgx.ErrNoRows) {
		return fenced, 0, nil // so long ago that it was pruned
	}
	return state, flushed, err
}

// lost is the error of who writes by a lease that is not live.
func lost(state int16) error {
	if state == superseded {
		return throng.ErrSuperseded
	}
	return throng.ErrFenced
}

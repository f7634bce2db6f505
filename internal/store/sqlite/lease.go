package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"throng"
	"throng/internal/store"
)

// The states of a lease.
const (
	live = iota
	released
	fenced
	superseded
)

// Acquire begins a lease.
func (s *Store) Acquire(ctx context.Context, nodeID string) (throng.Lease, error) {
	lease := throng.Lease{NodeID: nodeID}
	err := s.transact(ctx, func(c *sql.Conn) error {
		lease.Now = s.now()
		if err := exec(ctx, c, `UPDATE node_lease SET state = @state, reason = @reason WHERE node_id = @node AND state = 0`,
			sql.Named("state", superseded), sql.Named("reason", throng.VisitCrashed), sql.Named("node", store.Text(nodeID))); err != nil {
			return err
		}
		return c.QueryRowContext(ctx, `INSERT INTO node_lease (node_id, started_at, beat_at, seen_at)
			VALUES (@node, @now, @now, @now) RETURNING node_epoch`,
			sql.Named("node", store.Text(nodeID)), sql.Named("now", lease.Now)).Scan(&lease.Epoch)
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
	err := s.transact(ctx, func(c *sql.Conn) error {
		n, err := affected(ctx, c, `UPDATE node_lease SET state = @state, beat_at = @at, seen_at = @now, reason = @reason
			WHERE node_epoch = @epoch AND state = 0`,
			sql.Named("state", released), sql.Named("at", store.Moment(at)), sql.Named("now", s.now()),
			sql.Named("reason", why), sql.Named("epoch", lease.Epoch))
		if err != nil || n > 0 {
			return err
		}
		state, _, err := leaseState(ctx, c, lease.Epoch)
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
// has not beaten since the clock was set back.
func (s *Store) Reap(ctx context.Context, ttl time.Duration) (r throng.Reaped, err error) {
	err = s.transact(ctx, func(c *sql.Conn) error {
		now := s.now()
		n, err := affected(ctx, c, `UPDATE node_lease SET state = @state, reason = @reason
			WHERE state = 0 AND (seen_at < @before OR seen_at > @after)`,
			sql.Named("state", fenced), sql.Named("reason", throng.VisitCrashed),
			sql.Named("before", now-ttl.Milliseconds()), sql.Named("after", now+ttl.Milliseconds()))
		r.Leases = int(n)
		return err
	})
	if err == nil {
		r.Visits, err = s.sweep(ctx)
	}
	return r, err
}

// leaseState reads what became of a lease.
func leaseState(ctx context.Context, c *sql.Conn, epoch int64) (state int, flushed int64, err error) {
	err = c.QueryRowContext(ctx, `SELECT state, flushed_seq FROM node_lease WHERE node_epoch = ?`, epoch).Scan(&state, &flushed)
	if errors.Is(err, sql.ErrNoRows) {
		return fenced, 0, nil // so long ago that it was pruned
	}
	return state, flushed, err
}

// lost is the error of who writes by a lease that is not live.
func lost(state int) error {
	if state == superseded {
		return throng.ErrSuperseded
	}
	return throng.ErrFenced
}

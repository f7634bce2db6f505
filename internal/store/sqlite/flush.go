package sqlite

import (
	"context"
	"database/sql"

	"throng"
	"throng/internal/store"
)

// Flush writes what a node has to say.
func (s *Store) Flush(ctx context.Context, lease throng.Lease, f *throng.VisitFlush) (now int64, err error) {
	changes, err := store.NewChanges(f)
	if err != nil {
		return 0, err
	}
	err = s.transact(ctx, func(c *sql.Conn) error {
		now = s.now()
		n, err := affected(ctx, c, `UPDATE node_lease SET beat_at = @at, seen_at = @now, flushed_seq = @sequence
			WHERE node_epoch = @epoch AND state = 0 AND flushed_seq < @sequence`,
			sql.Named("at", store.Moment(f.At)), sql.Named("now", now), sql.Named("sequence", f.Sequence), sql.Named("epoch", lease.Epoch))
		if err != nil {
			return err
		}
		if n == 0 {
			state, flushed, err := leaseState(ctx, c, lease.Epoch)
			if err != nil || state == live || flushed >= f.Sequence {
				return err // written before: the answer was lost
			}
			return lost(state)
		}
		return apply(ctx, c, lease, changes)
	})
	return now, err
}

const (
	// fromRows is the rows of the parameter @rows, see visits.
	fromRows = `(SELECT value ->> 0 AS user_id, value ->> 1 AS channel, value ->> 2 AS kind, value ->> 3 AS started_at,
		value ->> 4 AS ended_at, value ->> 5 AS reason, value ->> 6 AS visit_no FROM json_each(@rows)) AS r`
	// keysOfRows are their keys in online.
	keysOfRows = `(channel, kind, user_id, node_epoch) IN (SELECT value ->> 1, value ->> 2, value ->> 0, @epoch FROM json_each(@rows))`

	// Rows are written by statements that leave nothing half done if they fail, or undo
	// the whole transaction: SQLite need not keep a journal to undo each statement, which
	// took half of the time.

	// A visit that was open keeps its number.
	logClosed = `INSERT OR ROLLBACK INTO visit_log (user_id, node_epoch, channel, kind, started_at, ended_at, reason, visit_no)
		SELECT r.user_id, @epoch, r.channel, r.kind, r.started_at, r.ended_at, r.reason, coalesce(o.visit_no, r.visit_no)
		FROM ` + fromRows + ` LEFT JOIN online o ON o.channel = r.channel AND o.kind = r.kind AND o.user_id = r.user_id
			AND o.node_epoch = @epoch AND o.started_at = r.started_at`
	removeRows = `DELETE FROM online WHERE ` + keysOfRows
	addOpened  = `INSERT OR ROLLBACK INTO online (user_id, node_epoch, channel, kind, started_at, visit_no)
		SELECT r.user_id, @epoch, r.channel, r.kind, r.started_at, r.visit_no FROM ` + fromRows
	markReturned = `UPDATE OR ROLLBACK online SET left_at = NULL WHERE ` + keysOfRows
	// The plus keeps SQLite from going through all that the lease has open.
	markLeft = `UPDATE OR ROLLBACK online SET left_at = r.ended_at FROM ` + fromRows + `
		WHERE online.channel = r.channel AND online.kind = r.kind AND online.user_id = r.user_id AND +online.node_epoch = @epoch`
	addDays = `INSERT OR IGNORE INTO watch_daily (day, channel, kind, user_id, milliseconds, visits)
		SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, 0, 0 FROM json_each(@sums)`
	addSums = `UPDATE OR ROLLBACK watch_daily AS w SET milliseconds = w.milliseconds + s.milliseconds, visits = w.visits + s.visits
		FROM (SELECT value ->> 0 AS day, value ->> 1 AS channel, value ->> 2 AS kind, value ->> 3 AS user_id,
			value ->> 4 AS milliseconds, value ->> 5 AS visits FROM json_each(@sums)) AS s
		WHERE w.day = s.day AND w.channel = s.channel AND w.kind = s.kind AND w.user_id = s.user_id`
	addOccupancy = `INSERT INTO occupancy (ts, channel, node_id, connections, users)
		SELECT value ->> 0, value ->> 1, @node, value ->> 2, value ->> 3 FROM json_each(@points) WHERE true` + higher
	addHours = `INSERT INTO occupancy_hour (ts, channel, node_id, connections, users)
		SELECT (value ->> 0) / 3600000 * 3600000, value ->> 1, @node, value ->> 2, value ->> 3 FROM json_each(@points) WHERE true` + higher
	higher = ` ON CONFLICT DO UPDATE SET connections = max(connections, excluded.connections), users = max(users, excluded.users)`
)

// apply makes the changes of a flush.
func apply(ctx context.Context, c *sql.Conn, lease throng.Lease, changes *store.Changes) error {
	if err := finish(ctx, c, lease.Epoch, changes); err != nil {
		return err
	}
	for _, step := range []struct {
		statement string
		rows      []store.Row
	}{{removeRows, changes.Opened}, {addOpened, changes.Opened}, {markReturned, changes.Returned}, {markLeft, changes.Left}} {
		if len(step.rows) == 0 {
			continue
		}
		if err := exec(ctx, c, step.statement, sql.Named("epoch", lease.Epoch), sql.Named("rows", visits(step.rows))); err != nil {
			return err
		}
	}
	if len(changes.Occupancy) == 0 {
		return nil
	}
	for _, statement := range []string{addOccupancy, addHours} {
		if err := exec(ctx, c, statement, sql.Named("node", store.Text(lease.NodeID)), sql.Named("points", points(changes.Occupancy))); err != nil {
			return err
		}
	}
	return nil
}

// finish writes visits that ended, of a lease: to the log, and to the days.
func finish(ctx context.Context, c *sql.Conn, epoch int64, changes *store.Changes) error {
	if len(changes.Closed) == 0 {
		return nil
	}
	rows := visits(changes.Closed)
	if err := exec(ctx, c, logClosed, sql.Named("epoch", epoch), sql.Named("rows", rows)); err != nil {
		return err
	}
	if err := exec(ctx, c, removeRows, sql.Named("epoch", epoch), sql.Named("rows", rows)); err != nil {
		return err
	}
	var longest int64
	for i := range changes.Closed {
		longest = max(longest, changes.Closed[i].EndedAt-changes.Closed[i].StartedAt)
	}
	if err := exec(ctx, c, `UPDATE longest_visit SET milliseconds = ?1 WHERE milliseconds < ?1`, longest); err != nil {
		return err
	}
	days := sql.Named("sums", sums(changes.Sums))
	if err := exec(ctx, c, addDays, days); err != nil {
		return err
	}
	return exec(ctx, c, addSums, days)
}

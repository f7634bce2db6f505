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

// Rows are written by statements of one row each, which are prepared once a flush. A
// statement of many rows would keep a journal to undo what it did before it failed,
// because of each function in it (and json_each needs some), which took half of the
// time; one of one row fails before it changes anything.
const (
	ofKey = ` WHERE channel = ? AND kind = ? AND user_id = ? AND node_epoch = ?`

	// A visit that was open keeps its number.
	logClosed = `INSERT INTO visit_log (user_id, node_epoch, channel, kind, started_at, ended_at, reason, visit_no)
		VALUES (?, ?, ?, ?, ?, ?, ?, coalesce((SELECT visit_no FROM online` + ofKey + ` AND started_at = ?), ?))`
	removeClosed = `DELETE FROM online` + ofKey
	addOpened    = `INSERT INTO online (user_id, node_epoch, channel, kind, started_at, visit_no) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET started_at = excluded.started_at, left_at = NULL, visit_no = excluded.visit_no`
	markLeft = `UPDATE online SET left_at = ?` + ofKey
	addSum   = `INSERT INTO watch_daily (day, channel, kind, user_id, milliseconds, visits) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET milliseconds = milliseconds + excluded.milliseconds, visits = visits + excluded.visits`
	addOccupancy = `INSERT INTO occupancy (ts, channel, node_id, connections, users) VALUES (?, ?, ?, ?, ?)` + higher
	addHour      = `INSERT INTO occupancy_hour (ts, channel, node_id, connections, users) VALUES (?, ?, ?, ?, ?)` + higher
	higher       = ` ON CONFLICT DO UPDATE SET connections = max(connections, excluded.connections), users = max(users, excluded.users)`
)

// apply makes the changes of a flush.
func apply(ctx context.Context, c *sql.Conn, lease throng.Lease, changes *store.Changes) error {
	if err := finish(ctx, c, lease.Epoch, changes); err != nil {
		return err
	}
	if err := each(ctx, c, addOpened, changes.Opened, func(b *binder, r *store.Row) {
		b.text(r.User).number(lease.Epoch).text(r.Channel).number(int64(r.Kind)).number(r.StartedAt).number(r.Number)
	}); err != nil {
		return err
	}
	if err := each(ctx, c, markLeft, changes.Returned, func(b *binder, r *store.Row) {
		b.null().key(r, lease.Epoch)
	}); err != nil {
		return err
	}
	if err := each(ctx, c, markLeft, changes.Left, func(b *binder, r *store.Row) {
		b.number(r.EndedAt).key(r, lease.Epoch)
	}); err != nil {
		return err
	}
	node := store.Text(lease.NodeID)
	if err := each(ctx, c, addOccupancy, changes.Occupancy, func(b *binder, o *throng.Occupancy) {
		b.number(o.At).text(o.Channel).text(node).number(o.Connections).number(o.Users)
	}); err != nil {
		return err
	}
	return each(ctx, c, addHour, changes.Occupancy, func(b *binder, o *throng.Occupancy) {
		b.number(o.At - o.At%store.Hour).text(o.Channel).text(node).number(o.Connections).number(o.Users)
	})
}

// finish writes visits that ended, of a lease: to the log, and to the days.
func finish(ctx context.Context, c *sql.Conn, epoch int64, changes *store.Changes) error {
	if len(changes.Closed) == 0 {
		return nil
	}
	if err := each(ctx, c, logClosed, changes.Closed, func(b *binder, r *store.Row) {
		b.text(r.User).number(epoch).text(r.Channel).number(int64(r.Kind)).number(r.StartedAt).number(r.EndedAt).text(string(r.Reason))
		b.key(r, epoch).number(r.StartedAt).number(r.Number)
	}); err != nil {
		return err
	}
	if err := each(ctx, c, removeClosed, changes.Closed, func(b *binder, r *store.Row) { b.key(r, epoch) }); err != nil {
		return err
	}
	var longest int64
	for i := range changes.Closed {
		longest = max(longest, changes.Closed[i].EndedAt-changes.Closed[i].StartedAt)
	}
	if err := exec(ctx, c, `UPDATE longest_visit SET milliseconds = ?1 WHERE milliseconds < ?1`, longest); err != nil {
		return err
	}
	return each(ctx, c, addSum, changes.Sums, func(b *binder, s *store.Sum) {
		b.text(store.DayName(s.Day)).text(s.Channel).number(int64(s.Kind)).text(s.User).number(s.Milliseconds).number(s.Visits)
	})
}

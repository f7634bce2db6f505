package postgres

import (
	"context"
	"errors"
	"time"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

// Flush writes what a node has to say.
func (s *Store) Flush(ctx context.Context, lease throng.Lease, f *throng.VisitFlush) (now int64, err error) {
	changes, err := store.NewChanges(f)
	if err != nil {
		return 0, err
	}
	now, err = s.flush(ctx, lease, f, changes)
	if missingPartition(err) {
		s.forgetPartitions()
		now, err = s.flush(ctx, lease, f, changes)
	}
	return now, err
}

func (s *Store) flush(ctx context.Context, lease throng.Lease, f *throng.VisitFlush, changes *store.Changes) (now int64, err error) {
	if err := s.prepare(ctx, changes.Closed); err != nil {
		return 0, err
	}
	args := pgx.NamedArgs{"at": moment(f.At), "sequence": f.Sequence, "epoch": lease.Epoch, "skew": s.skew()}
	err = s.transact(ctx, s.nodes, func(tx pgx.Tx) error {
		var seen time.Time
		err := tx.QueryRow(ctx, `UPDATE node_lease SET beat_at = @at, seen_at = `+present+`, flushed_seq = @sequence
			WHERE node_epoch = @epoch AND state = 0 AND flushed_seq < @sequence RETURNING seen_at`, args).Scan(&seen)
		if errors.Is(err, pgx.ErrNoRows) {
			state, flushed, err := leaseState(ctx, tx, lease.Epoch)
			if err != nil {
				return err
			}
			if state != live && flushed < f.Sequence {
				return lost(state)
			}
			// It was written before, and the answer was lost.
			err = tx.QueryRow(ctx, `SELECT `+present, args).Scan(&seen)
			now = seen.UnixMilli()
			return err
		}
		now = seen.UnixMilli()
		if err != nil || changes.Empty() {
			return err
		}
		return tx.SendBatch(ctx, batch(lease, changes)).Close()
	})
	return now, err
}

const (
	closedRows = `unnest(@users::text[], @channels::text[], @kinds::smallint[], @started::timestamptz[], @ended::timestamptz[],
		@reasons::text[], @numbers::bigint[]) AS r (user_id, channel, kind, started_at, ended_at, reason, visit_no)`
	openRows = `unnest(@users::text[], @channels::text[], @kinds::smallint[], @started::timestamptz[], @ended::timestamptz[],
		@numbers::bigint[]) AS r (user_id, channel, kind, started_at, ended_at, visit_no)`
	keyOfRow = `o.channel = r.channel AND o.kind = r.kind AND o.user_id = r.user_id AND o.node_epoch = @epoch`

	// A visit that was open keeps its number.
	finishClosed = `WITH r AS MATERIALIZED (SELECT * FROM ` + closedRows + `),
		gone AS (DELETE FROM online o USING r WHERE ` + keyOfRow + ` RETURNING o.user_id, o.channel, o.kind, o.started_at, o.visit_no)
		INSERT INTO visit_log (user_id, node_epoch, channel, kind, started_at, ended_at, reason, visit_no)
		SELECT r.user_id, @epoch::bigint, r.channel, r.kind, r.started_at, r.ended_at, r.reason, coalesce(o.visit_no, r.visit_no)
		FROM r LEFT JOIN gone o USING (user_id, channel, kind, started_at)`
	addOpened = `INSERT INTO online (user_id, node_epoch, channel, kind, started_at, visit_no)
		SELECT user_id, @epoch::bigint, channel, kind, started_at, visit_no FROM ` + openRows + `
		ON CONFLICT (channel, kind, user_id, node_epoch)
		DO UPDATE SET started_at = excluded.started_at, visit_no = excluded.visit_no, left_at = NULL`
	markReturned = `UPDATE online o SET left_at = NULL FROM ` + openRows + ` WHERE ` + keyOfRow
	markLeft     = `UPDATE online o SET left_at = r.ended_at FROM ` + openRows + ` WHERE ` + keyOfRow
	addSums      = `INSERT INTO watch_daily (day, channel, kind, user_id, milliseconds, visits)
		SELECT * FROM unnest(@days::date[], @channels::text[], @kinds::smallint[], @users::text[], @milliseconds::bigint[], @visits::bigint[])
		ON CONFLICT (day, channel, kind, user_id) DO UPDATE
		SET milliseconds = watch_daily.milliseconds + excluded.milliseconds, visits = watch_daily.visits + excluded.visits`
	points = ` FROM unnest(@at::timestamptz[], @channels::text[], @connections::bigint[], @users::bigint[]) AS p (ts, channel, connections, users)
		GROUP BY 1, 2 ORDER BY 2, 1 ON CONFLICT (channel, ts, node_id) DO UPDATE
		SET connections = greatest(o.connections, excluded.connections), users = greatest(o.users, excluded.users)`
	addOccupancy = `INSERT INTO occupancy AS o (ts, channel, node_id, connections, users)
		SELECT ts, channel, @node::text, max(connections), max(users)` + points
	addHours = `INSERT INTO occupancy_hour AS o (ts, channel, node_id, connections, users)
		SELECT date_trunc('hour', ts), channel, @node::text, max(connections), max(users)` + points
)

// batch is the changes of a flush: open visits first, and days last, which is the order
// of locks.
func batch(lease throng.Lease, changes *store.Changes) *pgx.Batch {
	b := new(pgx.Batch)
	for _, step := range []struct {
		statement string
		rows      []store.Row
	}{
		{finishClosed, changes.Closed}, {addOpened, changes.Opened}, {markReturned, changes.Returned}, {markLeft, changes.Left},
	} {
		if len(step.rows) > 0 {
			b.Queue(step.statement, columns(lease.Epoch, step.rows))
		}
	}
	if len(changes.Occupancy) > 0 {
		args := curve(lease.NodeID, changes.Occupancy)
		b.Queue(addOccupancy, args)
		b.Queue(addHours, args)
	}
	if len(changes.Sums) > 0 {
		b.Queue(addSums, days(changes.Sums))
	}
	return b
}

// columns are the rows as arrays.
func columns(epoch int64, rows []store.Row) pgx.NamedArgs {
	n := len(rows)
	users, channels, reasons := make([]string, n), make([]string, n), make([]string, n)
	kinds, numbers := make([]int16, n), make([]int64, n)
	started, ended := make([]time.Time, n), make([]time.Time, n)
	for i := range rows {
		r := &rows[i]
		users[i], channels[i], reasons[i] = r.User, r.Channel, string(r.Reason)
		kinds[i], numbers[i] = int16(r.Kind), r.Number
		started[i], ended[i] = moment(r.StartedAt), moment(r.EndedAt)
	}
	return pgx.NamedArgs{
		"epoch": epoch, "users": users, "channels": channels, "kinds": kinds,
		"started": started, "ended": ended, "reasons": reasons, "numbers": numbers,
	}
}

// curve is points of the curve as arrays.
func curve(node string, list []throng.Occupancy) pgx.NamedArgs {
	n := len(list)
	at, channels := make([]time.Time, n), make([]string, n)
	connections, users := make([]int64, n), make([]int64, n)
	for i := range list {
		at[i], channels[i], connections[i], users[i] = moment(list[i].At), list[i].Channel, list[i].Connections, list[i].Users
	}
	return pgx.NamedArgs{"node": store.Text(node), "at": at, "channels": channels, "connections": connections, "users": users}
}

// days are sums as arrays.
func days(sums []store.Sum) pgx.NamedArgs {
	n := len(sums)
	users, channels, kinds := make([]string, n), make([]string, n), make([]int16, n)
	days, milliseconds, visits := make([]time.Time, n), make([]int64, n), make([]int64, n)
	for i := range sums {
		s := &sums[i]
		users[i], channels[i], kinds[i] = s.User, s.Channel, int16(s.Kind)
		days[i], milliseconds[i], visits[i] = moment(s.Day*store.Day), s.Milliseconds, s.Visits
	}
	return pgx.NamedArgs{
		"users": users, "channels": channels, "kinds": kinds,
		"days": days, "milliseconds": milliseconds, "visits": visits,
	}
}

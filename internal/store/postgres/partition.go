package postgres

import (
	"context"
	"fmt"
	"time"

	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

// daysAhead is for how many days Prune prepares, so that the first visit that ends
// after midnight does not wait for its partition.
const daysAhead = 3

// partition is the table of a day of the log.
func partition(day int64) string {
	return "visit_log_" + time.UnixMilli(day*store.Day).UTC().Format("20060102")
}

// prepare makes the partitions of the days that visits end on. It is done before the
// transaction that writes them: two that wait for each other with rows in hand would
// not end.
func (s *Store) prepare(ctx context.Context, ended []store.Row) error {
	last := int64(-1)
	for i := range ended {
		day := store.DayOf(ended[i].EndedAt)
		if day == last {
			continue
		}
		if err := s.prepareDay(ctx, day); err != nil {
			return err
		}
		last = day
	}
	return nil
}

func (s *Store) prepareDay(ctx context.Context, day int64) error {
	s.mu.Lock()
	known := s.partitions[day]
	s.mu.Unlock()
	if known {
		return nil
	}
	name := partition(day)
	err := s.transact(ctx, s.nodes, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockSchema); err != nil {
			return err
		}
		var there bool
		if err := tx.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, name).Scan(&there); err != nil || there {
			return err
		}
		// Attaching a table, unlike making it as a part, lets others write meanwhile.
		_, err := tx.Conn().PgConn().Exec(ctx, fmt.Sprintf(`CREATE TABLE %[1]s (LIKE visit_log INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
			ALTER TABLE visit_log ATTACH PARTITION %[1]s FOR VALUES FROM ('%[2]s 00:00:00+00') TO ('%[3]s 00:00:00+00')`,
			name, store.DayName(day), store.DayName(day+1))).ReadAll()
		return err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.partitions[day] = true
	return nil
}

// forgetPartitions is for when one was missing: another node dropped it.
func (s *Store) forgetPartitions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.partitions)
}

// missingPartition says that a row had no table to go to.
func missingPartition(err error) bool { return code(err) == "23514" }

// dropBefore drops the days of the log that ended before a time.
func (s *Store) dropBefore(ctx context.Context, before int64) error {
	var old []string
	if err := s.query(ctx, s.nodes, `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'visit_log'::regclass ORDER BY c.relname`, nil, func(rows pgx.Rows) error {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		day, err := time.Parse("visit_log_20060102", name)
		if err == nil && store.DayOf(day.UnixMilli()) < store.DayOf(before) {
			old = append(old, name)
		}
		return nil
	}); err != nil {
		return err
	}
	for _, name := range old {
		err := s.transact(ctx, s.nodes, func(tx pgx.Tx) error {
			// Dropping waits for those who read, and others wait behind it: not for long.
			_, err := tx.Conn().PgConn().Exec(ctx, `SET LOCAL lock_timeout = '2s'; DROP TABLE IF EXISTS `+name).ReadAll()
			return err
		})
		if code(err) == "55P03" {
			s.opts.Log.Info("store: an old day is in use and dropped later", "table", name)
			continue
		}
		if err != nil {
			return err
		}
	}
	s.forgetPartitions()
	return nil
}

package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"
)

// transact runs do in a transaction that has the write lock from its beginning. On an
// error nothing was written.
func (s *Store) transact(ctx context.Context, do func(c *sql.Conn) error) error {
	c, err := s.connect(ctx, s.write)
	if err != nil {
		return s.explain(s.barred(err))
	}
	defer c.Close()
	// The end is not to be cut short: half a commit is none.
	ending := context.WithoutCancel(ctx)
	if err = s.patiently(ctx, func() error { return s.begin(ctx, c) }); err == nil {
		if err = do(c); err == nil {
			if err = exec(ending, c, "COMMIT"); err == nil {
				return nil
			}
		}
	}
	// After some errors the transaction is over, and this one says so. A BEGIN that
	// failed may have begun one: the driver answers with the context's error also if that
	// ended too late to stop it.
	_ = exec(ending, c, "ROLLBACK")
	if fatal(err) {
		// What the connection has in memory may be what is broken.
		_ = c.Raw(func(any) error { return driver.ErrBadConn })
	}
	return s.explain(s.barred(err))
}

// begin takes the write lock, and remembers when somebody else had it.
func (s *Store) begin(ctx context.Context, c *sql.Conn) error {
	err := exec(ctx, c, "BEGIN IMMEDIATE")
	switch {
	case busy(err):
		s.locked.Store(time.Now().UnixNano())
	case err == nil || ctx.Err() == nil: // else it was not waited for long enough to know
		s.locked.Store(0)
	}
	return err
}

// barred is the error of a transaction that came to nothing: who ran out of time while the
// file was locked, be it in the queue behind another one who waited, is told of the lock.
func (s *Store) barred(err error) error {
	if since := time.Duration(time.Now().UnixNano() - s.locked.Load()); since > s.opts.Wait {
		return err // nobody has met a lock lately
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return barred{err}
	}
	return err
}

// connect takes a connection, or makes one, for which the file must not be locked.
func (s *Store) connect(ctx context.Context, db *sql.DB) (c *sql.Conn, err error) {
	err = s.patiently(ctx, func() (err error) {
		c, err = db.Conn(ctx)
		return err
	})
	return c, err
}

// patiently repeats what another process's lock on the file prevents, as long as the
// options and the context allow.
func (s *Store) patiently(ctx context.Context, try func() error) error {
	const longestPause = 20 * time.Millisecond
	deadline := time.Now().Add(s.opts.Wait)
	for pause := time.Millisecond; ; pause = min(2*pause, longestPause) {
		err := try()
		if !busy(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// reading runs do on a connection that reads beside the one that writes; each question
// that do asks sees what is written by then.
func (s *Store) reading(ctx context.Context, do func(c *sql.Conn) error) error {
	c, err := s.connect(ctx, s.read)
	if err != nil {
		return s.explain(err)
	}
	defer c.Close()
	return s.explain(s.patiently(ctx, func() error { return do(c) }))
}

// query reads: scan is called for each row, with what takes its columns.
func (s *Store) query(ctx context.Context, query string, args []any, scan func(columns func(...any) error) error) error {
	c, err := s.connect(ctx, s.read)
	if err != nil {
		return s.explain(err)
	}
	defer c.Close()
	if s.asked != nil {
		s.asked(query, args)
	}
	var rows *sql.Rows
	if err := s.patiently(ctx, func() (err error) {
		rows, err = c.QueryContext(ctx, query, args...)
		return err
	}); err != nil {
		return s.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return err
		}
	}
	return s.explain(rows.Err())
}

func exec(ctx context.Context, c *sql.Conn, statement string, args ...any) error {
	_, err := c.ExecContext(ctx, statement, args...)
	return err
}

// affected runs a statement and says how many rows it changed.
func affected(ctx context.Context, c *sql.Conn, statement string, args ...any) (int64, error) {
	result, err := c.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

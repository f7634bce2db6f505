package sqlite

import (
	"context"
	"database/sql"

	"throng/internal/visits/store"
)

// Erase removes a user. What was there is overwritten in the file too, and the
// write-ahead log is emptied as far as readers allow.
func (s *Store) Erase(ctx context.Context, user string) (visits int64, err error) {
	text := store.Text(user)
	err = s.transact(ctx, func(c *sql.Conn) error {
		visits = 0
		for _, statement := range []string{`DELETE FROM online WHERE user_id = ?`, `DELETE FROM visit_log WHERE user_id = ?`} {
			n, err := affected(ctx, c, statement, text)
			if err != nil {
				return err
			}
			visits += n
		}
		return exec(ctx, c, `DELETE FROM watch_daily WHERE user_id = ?`, text)
	})
	if err != nil {
		return 0, err
	}
	c, err := s.connect(ctx, s.write)
	if err != nil {
		return visits, nil // it is erased; the log goes at the next checkpoint
	}
	defer c.Close()
	if err := exec(ctx, c, `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		s.opts.Log.Warn("visits: the write-ahead log is not emptied yet", "file", s.opts.File, "error", err)
	}
	return visits, nil
}

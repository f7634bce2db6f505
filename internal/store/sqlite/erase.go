package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"throng/internal/store"
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
		if err := exec(ctx, c, `DELETE FROM watch_daily WHERE user_id = ?`, text); err != nil {
			return err
		}
		return forgetMap(ctx, c, text)
	})
	if err != nil {
		return 0, err
	}
	s.overwriteLog(ctx)
	return visits, nil
}

// overwriteLog empties the write-ahead log of a user's name, or says that it could not.
func (s *Store) overwriteLog(ctx context.Context) {
	if err := s.emptyLog(ctx); err != nil {
		s.opts.Log.Warn("store: a user is erased, but the write-ahead log, which may have the name, is not emptied yet: "+
			"erase the user once more when nobody reads", "file", s.opts.File, "error", err)
	}
}

// emptyLog moves all of the write-ahead log into the file, as far as readers allow. That
// they don't is not an error to SQLite, but said in the pragma's row.
func (s *Store) emptyLog(ctx context.Context) error {
	c, err := s.connect(ctx, s.write)
	if err != nil {
		return err
	}
	defer c.Close()
	var blocked, pages, moved int
	if err := c.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&blocked, &pages, &moved); err != nil {
		return err
	}
	if blocked != 0 {
		return errors.New("somebody reads the file")
	}
	return nil
}

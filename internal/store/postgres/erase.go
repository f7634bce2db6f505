package postgres

import (
	"context"

	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

// Erase removes a user. Locks are taken in the order that flushes take them in.
func (s *Store) Erase(ctx context.Context, user string) (visits int64, err error) {
	text := store.Text(user)
	err = s.transact(ctx, s.people, func(tx pgx.Tx) error {
		visits = 0
		for _, statement := range []string{
			`SELECT 1 FROM online WHERE user_id = $1 ORDER BY channel, kind, user_id, node_epoch FOR UPDATE`,
			`SELECT 1 FROM watch_daily WHERE user_id = $1 ORDER BY day, channel, kind, user_id FOR UPDATE`,
			`DELETE FROM watch_daily WHERE user_id = $1`,
		} {
			if _, err := tx.Exec(ctx, statement, text); err != nil {
				return err
			}
		}
		for _, statement := range []string{`DELETE FROM online WHERE user_id = $1`, `DELETE FROM visit_log WHERE user_id = $1`} {
			tag, err := tx.Exec(ctx, statement, text)
			if err != nil {
				return err
			}
			visits += tag.RowsAffected()
		}
		return forgetMap(ctx, tx, text)
	})
	if err != nil {
		return 0, err
	}
	return visits, nil
}

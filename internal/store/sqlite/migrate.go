package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"

	"throng/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date. Whoever opens the file at the same time waits.
func (s *Store) migrate(ctx context.Context) error {
	steps, err := store.Migrations(migrations)
	if err != nil {
		return err
	}
	return s.transact(ctx, func(c *sql.Conn) error {
		if err := exec(ctx, c, `CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL) STRICT`); err != nil {
			return err
		}
		var version int
		if err := c.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM schema_version`).Scan(&version); err != nil {
			return err
		}
		if version > len(steps) {
			return store.TooNew(s.opts.File, version, len(steps))
		}
		for ; version < len(steps); version++ {
			if err := exec(ctx, c, steps[version]); err != nil {
				return fmt.Errorf("migration %d: %w", version+1, err)
			}
			if err := exec(ctx, c, `INSERT INTO schema_version VALUES (?, datetime())`, version+1); err != nil {
				return err
			}
		}
		return nil
	})
}

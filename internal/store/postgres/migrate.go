package postgres

import (
	"context"
	"embed"
	"fmt"

	"throng/internal/store"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrations embed.FS

// The advisory locks that nodes take so as not to collide, each until its transaction
// ends. The first number is throng's.
const (
	lockSchema = `SELECT pg_advisory_xact_lock(1953002094, 1)` // schema and partitions
	lockLeases = `SELECT pg_advisory_xact_lock(1953002094, 2)` // beginning a lease
)

// migrate brings the schema up to date. Nodes that start together do it one after the
// other.
func (s *Store) migrate(ctx context.Context) error {
	steps, err := store.Migrations(migrations)
	if err != nil {
		return err
	}
	return s.transact(ctx, s.nodes, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockSchema); err != nil {
			return err
		}
		// IF NOT EXISTS would ask for the right to create even where there is nothing to.
		var there bool
		if err := tx.QueryRow(ctx, `SELECT to_regclass('schema_version') IS NOT NULL`).Scan(&there); err != nil {
			return err
		}
		if !there {
			if _, err := tx.Exec(ctx, `CREATE TABLE schema_version (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`); err != nil {
				return err
			}
		}
		var version int
		if err := tx.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM schema_version`).Scan(&version); err != nil {
			return err
		}
		if version > len(steps) {
			return store.TooNew(s.target, version, len(steps))
		}
		for ; version < len(steps); version++ {
			if _, err := tx.Conn().PgConn().Exec(ctx, steps[version]).ReadAll(); err != nil {
				return fmt.Errorf("migration %d: %w", version+1, err)
			}
			if _, err := tx.Exec(ctx, `INSERT INTO schema_version (version) VALUES ($1)`, version+1); err != nil {
				return err
			}
		}
		return nil
	})
}

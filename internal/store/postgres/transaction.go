package postgres

import (
	"context"
	"errors"
	"time"

	"throng/internal/store"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// transact runs do in a transaction, again if it lost against another one. On an error
// before the commit nothing was written; if the commit itself failed it is not known.
func (s *Store) transact(ctx context.Context, pool *pgxpool.Pool, do func(tx pgx.Tx) error) error {
	const attempts = 5
	for attempt := 1; ; attempt++ {
		err := pgx.BeginFunc(ctx, pool, do)
		if attempt == attempts || !lostRace(err) {
			return s.explain(err)
		}
	}
}

// lostRace says that the same transaction may well succeed now.
func lostRace(err error) bool {
	switch code(err) {
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return true
	}
	return false
}

// code is PostgreSQL's SQLSTATE of an error; empty if it is not PostgreSQL's.
func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// query reads: scan is called for each row.
func (s *Store) query(ctx context.Context, pool *pgxpool.Pool, query string, args pgx.NamedArgs, scan func(rows pgx.Rows) error) error {
	rows, err := pool.Query(ctx, query, args)
	if err != nil {
		return s.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return s.explain(rows.Err())
}

// moment is a time for the database.
func moment(ms int64) time.Time { return time.UnixMilli(store.Moment(ms)).UTC() }

// millis is a time from the database, 0 for NULL.
func millis(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.UnixMilli()
}

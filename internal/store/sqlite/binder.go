package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"throng/internal/store"
)

// binder collects the values of a statement, in the order of its question marks.
type binder struct{ values []driver.NamedValue }

func (b *binder) add(v driver.Value) *binder {
	b.values = append(b.values, driver.NamedValue{Ordinal: len(b.values) + 1, Value: v})
	return b
}

func (b *binder) text(s string) *binder  { return b.add(s) }
func (b *binder) number(n int64) *binder { return b.add(n) }
func (b *binder) null() *binder          { return b.add(nil) }

// key adds the key of a visit that is open, see ofKey.
func (b *binder) key(r *store.Row, epoch int64) *binder {
	return b.text(r.Channel).number(int64(r.Kind)).text(r.User).number(epoch)
}

// each runs a statement for each row, with the values that bind gives to it. It goes to
// the driver past database/sql, whose locks and conversions for each call cost as much as
// a row. The driver starts a goroutine for each call whose context can end, so it is
// looked at here.
func each[T any](ctx context.Context, c *sql.Conn, statement string, rows []T, bind func(*binder, *T)) error {
	return eachMissed(ctx, c, statement, rows, bind, func(*T) {})
}

// eachMissed is each, and tells missed of those for which no row of the table was changed.
func eachMissed[T any](ctx context.Context, c *sql.Conn, statement string, rows []T, bind func(*binder, *T), missed func(*T)) error {
	if len(rows) == 0 {
		return nil
	}
	return c.Raw(func(conn any) error {
		prepared, err := conn.(driver.ConnPrepareContext).PrepareContext(ctx, statement)
		if err != nil {
			return err
		}
		defer prepared.Close()
		run, whole := prepared.(driver.StmtExecContext), context.WithoutCancel(ctx)
		var b binder
		for i := range rows {
			if err := ctx.Err(); err != nil {
				return err
			}
			b.values = b.values[:0]
			bind(&b, &rows[i])
			result, err := run.ExecContext(whole, b.values)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			if n == 0 {
				missed(&rows[i])
			}
		}
		return nil
	})
}

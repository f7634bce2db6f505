package postgres

import (
	"context"
	"log/slog"
	"time"

	"throng/internal/store"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options says where a store is.
type Options struct {
	// DSN is the database as a URL, postgres://user:password@host:5432/name, or in
	// libpq's words. What it does not say comes from libpq's variables (PGHOST and so on).
	DSN string
	// Log is told of what the store does by itself.
	Log *slog.Logger
	// Connections is how many there are at most for what nodes write, as many again for
	// what people ask, and for bonuses; 0 means 4 or the number of processors, whichever
	// is more, or what the DSN says (pool_max_conns).
	Connections int
	// Skew is added to the database's clock; nil for nothing. Tests move time with it.
	Skew func() time.Duration
}

func (o *Options) complete() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Skew == nil {
		o.Skew = func() time.Duration { return 0 }
	}
}

// session is what each connection is set to. Plans depend on how many rows there are,
// which changes faster than they would be made anew; compiling them takes longer than
// they do. A node that stops in the middle of a transaction is not to hold its locks.
const session = `SET plan_cache_mode = force_custom_plan; SET jit = off; SET timezone = 'UTC';
	SET idle_in_transaction_session_timeout = '10s'; SET default_transaction_isolation = 'read committed'`

// question is what those are set to besides, by which people ask. Who asked has given
// up by then (the API after 10 s), and the server does not notice that.
const question = `; SET statement_timeout = '15s'`

// claiming is what those are set to besides, by which users claim: another node may hang
// with a bonus's row in hand.
const claiming = question + `; SET lock_timeout = '5s'`

func (o *Options) pool(settings string) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(o.DSN)
	if err != nil {
		return nil, &store.Error{
			Msg: "store: postgres: the DSN can't be read", // it may have a password
			Hint: "it is postgres://user:password@host:5432/database?sslmode=require, " +
				"with %-escapes for what is special in a password, or host=… user=… dbname=…",
			Err: err,
		}
	}
	if o.Connections > 0 {
		c.MaxConns = int32(o.Connections)
	}
	if _, said := c.ConnConfig.RuntimeParams["application_name"]; !said {
		c.ConnConfig.RuntimeParams["application_name"] = "throng"
	}
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.PgConn().Exec(ctx, settings).ReadAll()
		return err
	}
	return c, nil
}

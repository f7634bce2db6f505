package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// target names the database without its password.
func target(c *pgx.ConnConfig) string {
	return fmt.Sprintf("postgres %s at %s", c.Database, net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))))
}

// complaints are what operators can do something about, by SQLSTATE.
var complaints = map[string]struct{ what, hint string }{
	"28P01": {"wrong password, or no such user", "set user and password in the DSN (store.dsn), or in PGUSER and PGPASSWORD"},
	"28000": {"the server does not let this user in", "look at pg_hba.conf: user, database, address and TLS must have a line there"},
	"3D000": {"there is no such database", "make it: createdb --owner USER NAME; throng makes the tables itself"},
	"42501": {"the user may not do that", "the tables are made by throng: GRANT CREATE, USAGE ON SCHEMA public TO the user, or make it the database's owner"},
	"25006": {"the database is read-only", "this is a standby, or default_transaction_read_only is on: give the address of the primary (target_session_attrs=read-write chooses it)"},
	"53100": {"the server's disk is full", "make room, or keep visits for a shorter time; what could not be written is tried again"},
	"53300": {"the server has no connection left", "raise max_connections, or lower pool_max_conns in the DSN"},
	"57P03": {"the server is starting or stopping", "try again when it is up"},
	"57P01": {"the server was stopped", "try again when it is up"},
	"XX001": {"the database is damaged", "restore it from a backup; the server's log says which file is damaged"},
	"XX002": {"an index of the database is damaged", "REINDEX DATABASE mends it; then look for what damaged it"},
	"57014": {"the server ended a statement that took too long", "ask of a shorter time, or of one user; an index may be missing, or the server be overloaded (pg_stat_activity)"},
	"55P03": {"a table or a row is locked", "another session holds it: pg_stat_activity and pg_locks say which"},
}

// explain says what is wrong in an operator's words.
func (s *Store) explain(err error) error {
	var known *store.Error
	var told *throng.Error
	var connect *pgconn.ConnectError
	switch {
	case err == nil, errors.As(err, &known), errors.As(err, &told),
		errors.Is(err, throng.ErrFenced), errors.Is(err, throng.ErrSuperseded), errors.Is(err, throng.ErrBadVisit),
		errors.Is(err, throng.ErrStateMoved):
		return err
	case errors.Is(err, puddle.ErrClosedPool):
		return throng.ErrClosed
	}
	if c, known := complaints[code(err)]; known {
		return &store.Error{Msg: fmt.Sprintf("store: %s: %s", s.target, c.what), Hint: c.hint, Err: err}
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return &store.Error{Msg: fmt.Sprintf("store: %s: there is no such host", s.target), Hint: "set the host in the DSN (store.dsn)", Err: err}
	case errors.Is(err, context.Canceled):
	case errors.As(err, &connect):
		return &store.Error{
			Msg:  fmt.Sprintf("store: %s: no connection", s.target),
			Hint: "is the server up, and does it listen there? pg_isready --host HOST --port PORT asks it", Err: err,
		}
	}
	return fmt.Errorf("store: %s: %w", s.target, err)
}

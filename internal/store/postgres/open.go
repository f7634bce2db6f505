// Package postgres keeps the record of visits in PostgreSQL, 13 or newer:
// throng.Visits and throng.Records for any number of nodes.
//
// The store's clock is the database's. Visits that ended lie in partitions of a day,
// which are made when they are needed and dropped whole. Transactions take their locks
// in one order: lease, open visits, days, and rows by key; what deadlocks or fails to
// serialise all the same is repeated.
package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"throng"
	"throng/internal/store"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Store is the record in one database.
type Store struct {
	opts   Options
	target string // host and database, for messages

	// Nodes don't wait for a connection until people's questions are answered: one that
	// can't beat for so long is taken for dead.
	nodes, people *pgxpool.Pool

	mu         sync.Mutex
	partitions map[int64]bool // days whose partitions have been seen
}

var (
	_ throng.Visits  = (*Store)(nil)
	_ throng.Records = (*Store)(nil)
)

// Open connects, and brings the schema up to date. What an operator can mend is a
// *store.Error.
func Open(ctx context.Context, o Options) (*Store, error) {
	o.complete()
	nodes, err := o.pool(session)
	if err != nil {
		return nil, err
	}
	people, err := o.pool(session + question)
	if err != nil {
		return nil, err
	}
	s := &Store{opts: o, target: target(nodes.ConnConfig), partitions: make(map[int64]bool)}
	if s.nodes, err = pgxpool.NewWithConfig(ctx, nodes); err != nil {
		return nil, s.explain(err)
	}
	if s.people, err = pgxpool.NewWithConfig(ctx, people); err != nil {
		s.nodes.Close()
		return nil, s.explain(err)
	}
	if err = s.checkEncoding(ctx); err == nil {
		err = s.migrate(ctx)
	}
	if err != nil {
		s.people.Close()
		s.nodes.Close()
		return nil, err
	}
	return s, nil
}

// checkEncoding refuses a database that can't hold all names: one user's would keep
// whole flushes from being written, for ever.
func (s *Store) checkEncoding(ctx context.Context) error {
	var encoding string
	if err := s.nodes.QueryRow(ctx, `SHOW server_encoding`).Scan(&encoding); err != nil {
		return s.explain(err)
	}
	if encoding == "UTF8" {
		return nil
	}
	return &store.Error{
		Msg:  fmt.Sprintf("store: %s: the database's encoding is %s, which can't hold all names", s.target, encoding),
		Hint: "make another one: createdb --encoding UTF8 --template template0 --owner USER NAME",
	}
}

// Close waits for what is under way, until the context ends.
func (s *Store) Close(ctx context.Context) error {
	closed := make(chan struct{})
	go func() {
		s.people.Close()
		s.nodes.Close()
		close(closed)
	}()
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// skew is the argument of present.
func (s *Store) skew() time.Duration { return s.opts.Skew() }

// The store's time in SQL; the value skew is an interval.
const (
	present  = `date_trunc('milliseconds', clock_timestamp() + @skew::interval)`
	atAsking = `date_trunc('milliseconds', statement_timestamp() + @skew::interval)` // the same in all of a statement
)

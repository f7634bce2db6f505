// Package postgres keeps what lasts in PostgreSQL, 13 or newer: throng.Visits,
// throng.Records and throng.Bonuses for any number of nodes.
//
// The store's clock is the database's. Visits that ended lie in partitions of a day,
// which are made when they are needed and dropped whole. Transactions take their locks
// in one order: lease, open visits, days, and rows by key; a bonus, and its claims; maps,
// and what is in them. What deadlocks or fails to serialise all the same is repeated.
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

	// Nodes don't wait for a connection until people's questions are answered, or until
	// claims of the same bonus by a node that hangs are: one that can't beat for so long is
	// taken for dead. And claims don't wait for people.
	nodes, people, claims *pgxpool.Pool

	mu         sync.Mutex
	partitions map[int64]bool // days whose partitions have been seen
}

var (
	_ throng.Visits  = (*Store)(nil)
	_ throng.Records = (*Store)(nil)
	_ throng.Bonuses = (*Store)(nil)
)

// Open connects, and brings the schema up to date. What an operator can mend is a
// *store.Error.
func Open(ctx context.Context, o Options) (*Store, error) {
	o.complete()
	s := &Store{opts: o, partitions: make(map[int64]bool)}
	for _, p := range []struct {
		pool     **pgxpool.Pool
		settings string
	}{{&s.nodes, session}, {&s.people, session + question}, {&s.claims, session + claiming}} {
		c, err := o.pool(p.settings)
		if err != nil {
			return nil, err // the first one: there is nothing to close
		}
		s.target = target(c.ConnConfig)
		if *p.pool, err = pgxpool.NewWithConfig(ctx, c); err != nil {
			s.closePools()
			return nil, s.explain(err)
		}
	}
	err := s.checkEncoding(ctx)
	if err == nil {
		err = s.migrate(ctx)
	}
	if err != nil {
		s.closePools()
		return nil, err
	}
	return s, nil
}

// closePools waits for what is under way.
func (s *Store) closePools() {
	for _, p := range []*pgxpool.Pool{s.claims, s.people, s.nodes} {
		if p != nil {
			p.Close()
		}
	}
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
		s.closePools()
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

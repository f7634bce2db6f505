// Package sqlite keeps what lasts in an SQLite file: throng.Visits, throng.Records and
// throng.Bonuses for a service that one node carries, or several processes on one
// machine.
//
// The file is in WAL mode. One connection writes, in transactions that take the write
// lock at their beginning and are on the disk when they end; others read beside it.
// The store's clock is that of the system.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"throng"
	"throng/internal/store"
)

// Store is the record in one file.
type Store struct {
	opts        Options
	write, read *sql.DB
	locked      atomic.Int64 // when one who asked for the write lock found it taken last, in ns since 1970; 0 once it was free

	asked func(query string, args []any) // is told of questions; for tests
}

var (
	_ throng.Visits  = (*Store)(nil)
	_ throng.Records = (*Store)(nil)
	_ throng.Bonuses = (*Store)(nil)
)

// Open opens the file, makes it if there is none, and brings its schema up to date.
// What an operator can mend is a *store.Error.
func Open(ctx context.Context, o Options) (*Store, error) {
	if !Built {
		return nil, &store.Error{Msg: "store: this throng was built without SQLite",
			Hint: "build it without the tag nosqlite, or take PostgreSQL, or no store (store.kind)"}
	}
	o.complete()
	s := &Store{opts: o}
	var err error
	// A commit waits for the disk: it comes once a flush, and what was said to be
	// written must survive a power cut. A flush changes thousands of pages, most of them
	// those of the flush before: with a log of 64 MiB they go into the file once for many.
	if s.write, err = o.open(1, "journal_mode(wal)", "synchronous(full)", "wal_autocheckpoint(16000)",
		"cache_size(-32000)", "temp_store(memory)", "secure_delete(on)"); err != nil {
		return nil, err
	}
	if err = s.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.write.Close())
	}
	if s.read, err = o.open(o.Readers, "query_only(1)", "cache_size(-16000)", "temp_store(memory)"); err != nil {
		return nil, errors.Join(err, s.write.Close())
	}
	return s, nil
}

func (o *Options) open(connections int, pragmas ...string) (*sql.DB, error) {
	source, err := o.source(pragmas...)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// Close waits for what is under way, until the context ends.
func (s *Store) Close(ctx context.Context) error {
	closed := make(chan error, 1)
	go func() { closed <- errors.Join(s.read.Close(), s.write.Close()) }()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// now is the store's time, in milliseconds since 1970.
func (s *Store) now() int64 { return time.Now().Add(s.opts.Skew()).UnixMilli() }

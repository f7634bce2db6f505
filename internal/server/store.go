package server

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"throng/internal/store"
	"throng/internal/store/postgres"
	"throng/internal/store/sqlite"
)

// composeStore makes what keeps things that last. It is opened when the server runs: one
// that is away then keeps nobody from being served.
func (s *Server) composeStore() {
	c := &s.cfg.Store
	if c.Kind == "off" {
		return
	}
	if c.Temporary() && !sqlite.Built { // nobody asked for it
		s.log.Info("nothing is kept that lasts: this throng was built without SQLite")
		return
	}
	s.store = store.NewLater(s.openStore)
	if c.Temporary() {
		level := slog.LevelWarn
		if s.cfg.Dev {
			level = slog.LevelInfo
		}
		s.log.Log(context.Background(), level, "the store is a temporary file: visits, bonuses and who claimed them are forgotten when the server stops", "hint", "store.file names one that stays; store.kind = \"off\" keeps none")
	}
}

func (s *Server) openStore(ctx context.Context) (store.Store, error) {
	c := &s.cfg.Store
	if c.Kind == "postgres" {
		return postgres.Open(ctx, postgres.Options{DSN: c.DSN, Log: s.log})
	}
	file := c.File
	if file == "" {
		if s.scratch == nil {
			if n := sweepScratch(); n > 0 {
				s.log.Info("removed temporary stores of processes that were killed", "directories", n)
			}
			made, err := newScratch()
			if err != nil {
				return nil, err
			}
			s.scratch = made
		}
		file = filepath.Join(s.scratch.dir, "throng.db")
	}
	return sqlite.Open(ctx, sqlite.Options{File: file, Log: s.log})
}

// erase removes what the store has of a user, also where no visits are recorded any more
// and nothing else has opened it.
func (s *Server) erase(ctx context.Context, user string) (visits int64, err error) {
	if s.records != nil { // the ledger's: what it still has to write goes too
		return s.records.Erase(ctx, user)
	}
	if err := s.store.Open(ctx); err != nil {
		return 0, err
	}
	return s.store.Erase(ctx, user)
}

// together stops what writes to the store until its end, side by side. Each has bounds of its
// own, the ledger a minute and users' maps 5 seconds, and needs nothing of the other but its
// turn at the store, which in SQLite is one at a time: where visits hang, changes of maps
// that wait are written, or refused, all the same, and the stop takes no longer than the longest.
func together(stops ...func()) {
	var all sync.WaitGroup
	for _, stop := range stops {
		all.Go(stop)
	}
	all.Wait()
}

// closeStore is the end of it, when nobody uses it any more.
func (s *Server) closeStore() {
	if s.store == nil {
		return
	}
	const patience = 5 * time.Second
	last, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.store.Close(last); err != nil {
		s.log.Warn("the store was not closed", "error", err)
	}
	if s.scratch != nil {
		s.scratch.remove()
	}
}

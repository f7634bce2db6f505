// Package storetest is the behaviour that every store must show: what the contracts of
// throng.Visits, throng.Records and throng.Bonuses say, as tests. A store passes Run or it
// is not one.
//
// Each test gets a database of its own, and moves its clock instead of waiting.
package storetest

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"throng"
)

// Store is both sides of the record, and the journal of bonuses.
type Store interface {
	throng.Visits
	throng.Records
	throng.Bonuses
}

// Factory makes an empty database and returns what opens a store on it, as a node does
// for itself. The store's clock is ahead of the real one by skew. The suite closes what
// it opens.
type Factory func(t *testing.T) (open func(skew func() time.Duration) Store)

type test struct {
	name string
	run  func(w *world)
}

// Run tests the stores on the databases that newDatabase makes.
func Run(t *testing.T, newDatabase Factory) {
	for _, group := range [][]test{
		leaseTests, flushTests, reapTests, onlineTests, sessionTests, watchedTests, presentTests, curveTests, eraseTests, pruneTests,
		nameTests, concurrencyTests, modelTests, bonusTests, claimTests, claimingTests,
	} {
		for _, test := range group {
			t.Run(test.name, func(t *testing.T) { test.run(newWorld(t, newDatabase)) })
		}
	}
}

// patience is how long a test may take before its calls fail.
const patience = 60 * time.Second

// world is one test's database.
type world struct {
	*testing.T
	ctx   context.Context
	make  Factory
	open  func(skew func() time.Duration) Store
	skew  atomic.Int64 // nanoseconds
	store Store
	limit int // of pages
}

func newWorld(t *testing.T, newDatabase Factory) *world {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	w := &world{T: t, ctx: ctx, make: newDatabase, open: newDatabase(t), limit: 3}
	w.store = w.another()
	return w
}

// another opens one more store on the database.
func (w *world) another() Store {
	w.Helper()
	s := w.open(func() time.Duration { return time.Duration(w.skew.Load()) })
	w.Cleanup(func() {
		// Not the test's context: that one is over when clean-ups run.
		if err := s.Close(context.Background()); err != nil {
			w.Errorf("Close: %v", err)
		}
	})
	return s
}

// advance moves the store's clock.
func (w *world) advance(d time.Duration) { w.skew.Add(int64(d)) }

// no fails the test if something failed.
func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// sessions lists all visits that a filter finds, in pages of a few.
func (w *world) sessions(f throng.VisitFilter) []throng.Visit {
	w.Helper()
	var all []throng.Visit
	for p := (throng.Page{Limit: w.limit}); ; {
		page, next, err := w.store.Sessions(w.ctx, f, p)
		w.no(err)
		if len(page) > p.Limit {
			w.Fatalf("a page of %d has %d visits", p.Limit, len(page))
		}
		all = append(all, page...)
		if next == "" {
			return all
		}
		if len(page) == 0 {
			w.Fatal("an empty page says that there is another")
		}
		p.Cursor = next
	}
}

// visits lists all visits of a kind, oldest first.
func (w *world) visits(kind throng.VisitKind) []throng.Visit {
	w.Helper()
	all := w.sessions(throng.VisitFilter{AnyChannel: true, Kind: kind})
	slices.Reverse(all)
	return all
}

// online lists all users that a query finds, in pages of a few, and checks their
// number.
func (w *world) online(q throng.OnlineQuery) []throng.OnlineUser {
	w.Helper()
	var all []throng.OnlineUser
	q.Page.Limit = w.limit
	for {
		page, err := w.store.Online(w.ctx, q)
		w.no(err)
		all = append(all, page.Users...)
		if q.Page.Cursor = page.Next; page.Next == "" {
			if page.Total != int64(len(all)) {
				w.Errorf("%d users are online, and the pages have %d", page.Total, len(all))
			}
			return all
		}
	}
}

func names(users []throng.OnlineUser) (list []string) {
	for _, u := range users {
		list = append(list, u.User)
	}
	return list
}

// watched lists all sums that a query finds, in pages of a few.
func (w *world) watched(q throng.WatchedQuery) []throng.Watched {
	w.Helper()
	var all []throng.Watched
	q.Page.Limit = w.limit
	for {
		page, next, err := w.store.Watched(w.ctx, q)
		w.no(err)
		all = append(all, page...)
		if q.Page.Cursor = next; next == "" {
			return all
		}
	}
}

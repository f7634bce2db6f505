package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"throng"
)

var concurrencyTests = []test{
	{"Together/NodesStart", nodesStart},
	{"Together/OneNameForMany", func(w *world) {
		const claims = 8
		nodes := make([]*node, claims)
		together(claims, func(i int) {
			lease, err := w.store.Acquire(w.ctx, "a")
			if err != nil {
				w.Error(err)
			}
			nodes[i] = &node{world: w, store: w.store, lease: lease}
		})
		last := int64(0)
		for _, n := range nodes {
			last = max(last, n.lease.Epoch)
		}
		for _, n := range nodes {
			if n.lease.Epoch == last {
				n.flush(throng.VisitFlush{})
			} else {
				n.refused(throng.ErrSuperseded)
			}
		}
	}},
	{"Together/EverybodyAtOnce", everybodyAtOnce},
}

// together runs n calls at once and waits for all.
func together(n int, call func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { call(i) })
	}
	all.Wait()
}

func manyUsers(n int) (users []string) {
	for i := range n {
		users = append(users, fmt.Sprintf("user%04d", i))
	}
	return users
}

// afterSome cancels at once, or after a time that grows with i.
func afterSome(i int, cancel context.CancelFunc) (stop func()) {
	if i%5 == 0 {
		cancel()
		return func() {}
	}
	timer := time.AfterFunc(time.Duration(i)*100*time.Microsecond, cancel)
	return func() {
		timer.Stop()
		cancel()
	}
}

// nodesStart opens stores on one empty database at a time.
func nodesStart(w *world) {
	const nodes = 4
	w.open = w.make(w.T)
	together(nodes, func(i int) {
		s := w.open(func() time.Duration { return 0 })
		defer s.Close(context.Background())
		lease, err := s.Acquire(w.ctx, fmt.Sprintf("node%d", i))
		if err != nil {
			w.Error(err)
			return
		}
		f := throng.VisitFlush{Sequence: 1, At: lease.Now, Closed: []throng.Visit{visit("ann", lease.Now, lease.Now+1)}}
		if _, err := s.Flush(w.ctx, lease, &f); err != nil {
			w.Error(err)
		}
	})
	w.store = w.another()
	if got := w.visits(throng.Connected); len(got) != nodes {
		w.Errorf("%d visits, want %d", len(got), nodes)
	}
}

// everybodyAtOnce lets nodes write visits of the same users, on days that they share,
// while others ask, erase, reap and prune. Nothing fails, and the sums are right.
func everybodyAtOnce(w *world) {
	const nodes, rounds = 3, 25
	users := manyUsers(60)
	base := w.node("base")
	m := midnight(base)
	var closed [nodes]int64
	var done atomic.Bool
	var asking sync.WaitGroup
	for _, ask := range []func(s Store) error{
		func(s Store) error {
			_, err := s.Online(w.ctx, throng.OnlineQuery{Page: throng.Page{Limit: 10}})
			return err
		},
		func(s Store) error {
			_, _, err := s.Watched(w.ctx, throng.WatchedQuery{Page: throng.Page{Limit: 10}})
			return err
		},
		func(s Store) error { _, err := s.Erase(w.ctx, "stranger"); return err },
		func(s Store) error { _, err := s.Reap(w.ctx, time.Hour); return err },
		func(s Store) error { return s.Prune(w.ctx, throng.VisitRetention{Visits: 1000 * time.Hour}) },
	} {
		asking.Go(func() {
			for !done.Load() {
				if err := ask(w.store); err != nil {
					w.Error(err)
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	together(nodes, func(i int) {
		s := w.another()
		random := rand.New(rand.NewPCG(uint64(i), 1))
		lease, err := s.Acquire(w.ctx, fmt.Sprintf("node%d", i))
		if err != nil {
			w.Error(err)
			return
		}
		for round := range rounds {
			f := throng.VisitFlush{Sequence: int64(round + 1), At: lease.Now}
			for _, k := range random.Perm(len(users)) {
				at := m + int64(round)*hour
				f.Closed = append(f.Closed, visit(users[k], at, at+minute), visit("stranger", at+int64(k), at+int64(k)))
				f.Opened = append(f.Opened, visit(users[k], lease.Now+int64(round)))
				f.Left = append(f.Left, ended(visit(users[k], lease.Now+int64(round)), lease.Now+int64(round), ""))
				closed[i]++
			}
			if _, err := s.Flush(w.ctx, lease, &f); err != nil {
				w.Error(err)
				return
			}
		}
		if err := s.Release(w.ctx, lease, lease.Now, throng.VisitDrained); err != nil && !errors.Is(err, throng.ErrFenced) {
			w.Error(err)
		}
	})
	done.Store(true)
	asking.Wait()
	total := int64(0)
	for _, sum := range w.watched(throng.WatchedQuery{}) {
		if sum.User != "stranger" {
			total += sum.Milliseconds
		}
	}
	if want := (closed[0] + closed[1] + closed[2]) * minute; total != want {
		w.Errorf("the days have %d ms, want %d", total, want)
	}
}

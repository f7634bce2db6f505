//go:build !nosqlite

package bonus_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"throng"
	"throng/internal/bonus"
	"throng/internal/store"
	"throng/internal/store/postgres"
	"throng/internal/store/sqlite"
	server "throng/test/postgres"
)

// TestTwoNodes: two nodes on one store, everybody claims at both of them at once: there
// are as many winners as the quota, each once, and everybody is told what the journal
// says.
func TestTwoNodes(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "throng.db")
		twoNodes(t, func() (store.Store, error) { return sqlite.Open(t.Context(), sqlite.Options{File: file}) })
	})
	t.Run("postgres", func(t *testing.T) {
		db := server.Start(t)
		dsn := db.Schema(t, db.Database(t))
		twoNodes(t, func() (store.Store, error) { return postgres.Open(t.Context(), postgres.Options{DSN: dsn}) })
	})
}

func twoNodes(t *testing.T, open func() (store.Store, error)) {
	const users, quota = 3000, 1000
	clock := throng.NewClock()
	var nodes [2]*bonus.Desk
	var s store.Store
	for i := range nodes {
		var err error
		if s, err = open(); err != nil {
			t.Fatal(err)
		}
		nodes[i] = startDesk(t, s, clock)
	}
	if _, err := nodes[0].Create(t.Context(), throng.Bonus{ID: "b", Quota: quota, Deadline: clock.Now() + 600_000}); err != nil {
		t.Fatal(err)
	}
	told := claimAtBoth(t, nodes, users, clock)
	rows := 0
	for cursor := ""; ; {
		page, next, err := s.ListClaims(t.Context(), throng.ClaimFilter{Bonus: "b"}, throng.Page{Cursor: cursor, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page {
			if rows++; c.Place != int64(rows) || told[c.User] != c.Place {
				t.Errorf("row %d: %+v, who was told %d", rows, c, told[c.User])
			}
		}
		if cursor = next; next == "" {
			break
		}
	}
	if rows != quota || len(told) != users {
		t.Errorf("%d rows, %d users were told", rows, len(told))
	}
}

// claimAtBoth has users claim "b", each three times, at two nodes at once. It returns
// their places, -1 for none.
func claimAtBoth(t *testing.T, nodes [2]*bonus.Desk, users int, clock *throng.Clock) map[string]int64 {
	var mu sync.Mutex
	var all sync.WaitGroup
	told := make(map[string]int64)
	for i := range users * 3 {
		user := fmt.Sprintf("user%d", i/3)
		all.Add(1)
		c := bonus.Claim{Bonus: "b", User: user, ID: fmt.Sprint("c", i%3), At: clock.Now()}
		nodes[(i+i/3)%2].Claim(c, func(j throng.Judged, err error) {
			defer all.Done()
			mu.Lock()
			defer mu.Unlock()
			place := int64(-1)
			switch {
			case err != nil:
				t.Errorf("%s: %v", user, err)
				return
			case j.Verdict == throng.Won || j.Verdict == throng.Already:
				place = j.Claim.Place
			case j.Verdict != throng.Exhausted:
				t.Errorf("%s: %v", user, bonus.Verdicts[j.Verdict])
			}
			if was, known := told[user]; known && was != place {
				t.Errorf("%s was told place %d, and %d", user, was, place)
			}
			told[user] = place
		})
	}
	all.Wait()
	return told
}

// startDesk runs a desk on a store until the test ends.
func startDesk(t testing.TB, s store.Store, clock *throng.Clock) *bonus.Desk {
	// With more patience than a busy machine needs.
	d := bonus.New(bonus.Options{Store: s, Publisher: new(channels), Clock: clock, Look: time.Second, Patience: time.Minute})
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); d.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-over
		_ = d.Close(context.Background())
		_ = s.Close(context.Background())
	})
	return d
}

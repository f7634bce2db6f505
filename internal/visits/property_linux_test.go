package visits_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"throng/internal/store"
	"throng/internal/store/postgres"
	server "throng/test/postgres"
)

// TestBooksAreTrueInPostgreSQL is the same in a real PostgreSQL. While it answers no
// time passes for the nodes, and some for its own clock.
func TestBooksAreTrueInPostgreSQL(t *testing.T) {
	seeds := 2
	if testing.Short() {
		seeds = 1
	}
	db := server.Start(t)
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			dsn := db.Database(t)
			open := func(_ testing.TB, skew func() time.Duration) (store.Store, error) {
				return postgres.Open(context.Background(), postgres.Options{DSN: dsn, Skew: func() time.Duration {
					return time.Duration(time.Now().UnixNano()-outside(t)) + skew()
				}})
			}
			bubbleIn(t, open, func(t *testing.T, w *world) { newModel(t, w, uint64(seed), 100).play() })
		})
	}
}

// outside is the time outside of the bubble, in nanoseconds since 1970.
func outside(t testing.TB) int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &now); err != nil {
		t.Fatal(err)
	}
	return now.Nano()
}

package visits_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"throng/internal/store"
	"throng/internal/store/postgres"
	server "throng/test/postgres"
)

// TestBooksAreTrueInPostgreSQL is the same in a real PostgreSQL. While it answers no
// time passes for the nodes, nor for it: its clock stands still, and all that it says of
// the time is what the skew adds. Else a machine that is slow would be a clock that is set.
func TestBooksAreTrueInPostgreSQL(t *testing.T) {
	seeds := 2
	if testing.Short() {
		seeds = 1
	}
	db := server.Start(t)
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			dsn := db.Database(t)
			db.Query(t, dsn, `CREATE SCHEMA still; CREATE FUNCTION still.clock_timestamp() RETURNS timestamptz
				LANGUAGE sql AS $$ SELECT '2000-01-01 00:00:00+00'::timestamptz $$`)
			dsn += "&search_path=still,pg_catalog"
			open := func(_ testing.TB, skew func() time.Duration) (store.Store, error) {
				return postgres.Open(context.Background(), postgres.Options{DSN: dsn, Skew: func() time.Duration {
					return time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) + skew()
				}})
			}
			bubbleIn(t, open, func(t *testing.T, w *world) { newModel(t, w, uint64(seed), 5).play() })
		})
	}
}

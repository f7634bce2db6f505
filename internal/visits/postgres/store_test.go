package postgres_test

import (
	"testing"
	"time"

	"throng/internal/visits/postgres"
	"throng/internal/visits/visitstest"
	server "throng/test/postgres"
)

func TestStore(t *testing.T) {
	db := server.Start(t)
	visitstest.Run(t, func(t *testing.T) func(skew func() time.Duration) visitstest.Store {
		dsn := db.Database(t)
		return func(skew func() time.Duration) visitstest.Store {
			s, err := postgres.Open(t.Context(), postgres.Options{DSN: dsn, Skew: skew})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	})
}

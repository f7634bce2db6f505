package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"throng/internal/visits/sqlite"
	"throng/internal/visits/visitstest"
)

func TestStore(t *testing.T) {
	visitstest.Run(t, func(t *testing.T) func(skew func() time.Duration) visitstest.Store {
		file := filepath.Join(t.TempDir(), "visits 100% ?#.db")
		return func(skew func() time.Duration) visitstest.Store {
			s, err := sqlite.Open(t.Context(), sqlite.Options{File: file, Skew: skew})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	})
}

package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"throng/internal/store/sqlite"
	"throng/internal/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func(skew func() time.Duration) storetest.Store {
		file := filepath.Join(t.TempDir(), "visits 100% ?#.db")
		return func(skew func() time.Duration) storetest.Store {
			// Many write at once here, and the machine may be busy.
			s, err := sqlite.Open(t.Context(), sqlite.Options{File: file, Skew: skew, Wait: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	})
}

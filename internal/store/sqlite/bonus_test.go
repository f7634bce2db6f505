package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"throng/internal/store/sqlite"
	"throng/internal/store/storetest"
)

// openStore opens a file, for a process that claims.
func openStore(ctx context.Context, file string) (storetest.Store, error) {
	return sqlite.Open(ctx, sqlite.Options{File: file})
}

func TestKilledClaiming(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bonus.db")
	storetest.Killed(t, file, open(t, sqlite.Options{File: file}))
}

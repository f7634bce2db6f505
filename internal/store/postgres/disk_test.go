package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"throng"
	server "throng/test/postgres"
)

// testDiskFull fills the disk that the tables are on, makes room, and counts what is
// written.
func testDiskFull(t *testing.T, db *server.Server) {
	dsn := db.Database(t)
	dir := db.SmallDisk(t, 6<<20)
	db.Query(t, "postgres", `CREATE TABLESPACE small LOCATION '`+dir+`'`)
	db.Query(t, dsn, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_tablespace = small', current_database()); END $$`)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dsn)
	lease, err := s.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	f := throng.VisitFlush{At: lease.Now}
	written := 0
	for err == nil {
		if f.Sequence++; f.Sequence > 1000 {
			t.Fatal("the disk does not fill")
		}
		f.Closed = f.Closed[:0]
		for i := range 200 {
			f.Closed = append(f.Closed, throng.Visit{User: fmt.Sprintf("user %d of flush %d", i, f.Sequence), StartedAt: lease.Now, EndedAt: lease.Now + 1})
		}
		if _, err = s.Flush(t.Context(), lease, &f); err == nil {
			written += len(f.Closed)
		}
	}
	complaint(t, err, "disk is full")
	t.Logf("after %d visits", written)
	if _, err := s.Online(t.Context(), throng.OnlineQuery{}); err != nil {
		t.Errorf("asking on a full disk: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Flush(t.Context(), lease, &f); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	written += len(f.Closed)
	if got := db.Query(t, dsn, `SELECT count(*) FROM visit_log`); got != fmt.Sprint(written) {
		t.Errorf("%s visits, want %d", got, written)
	}
}

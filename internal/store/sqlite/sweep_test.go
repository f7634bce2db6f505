package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"throng"
	"throng/internal/store/sqlite"
)

// TestSweepInPieces lets one of two nodes die whose users are the same, more than a
// transaction goes through: what the dead one had open is closed, and nothing else.
func TestSweepInPieces(t *testing.T) {
	const users = 3000
	skew := time.Duration(0)
	s := open(t, sqlite.Options{File: filepath.Join(t.TempDir(), "visits.db"), Skew: func() time.Duration { return skew }})
	var leases []throng.Lease
	for _, node := range []string{"dead", "alive"} {
		lease, err := s.Acquire(t.Context(), node)
		if err != nil {
			t.Fatal(err)
		}
		f := throng.VisitFlush{Sequence: 1, At: lease.Now}
		for i := range users {
			f.Opened = append(f.Opened, throng.Visit{User: fmt.Sprint(i), Channel: fmt.Sprint(i % 3), StartedAt: lease.Now})
		}
		if _, err := s.Flush(t.Context(), lease, &f); err != nil {
			t.Fatal(err)
		}
		leases = append(leases, lease)
	}
	skew = time.Minute
	if _, err := s.Flush(t.Context(), leases[1], &throng.VisitFlush{Sequence: 2, At: leases[1].Now}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []throng.Reaped{{Leases: 1, Visits: users}, {}} {
		if r, err := s.Reap(t.Context(), 30*time.Second); r != want || err != nil {
			t.Errorf("%+v, %v, want %+v", r, err, want)
		}
	}
	total := 0
	for channel := range 3 {
		online, err := s.Online(t.Context(), throng.OnlineQuery{Channel: fmt.Sprint(channel), Node: "alive"})
		if err != nil {
			t.Fatal(err)
		}
		total += int(online.Total)
	}
	if total != users {
		t.Errorf("%d users are here on the node that lives, want %d", total, users)
	}
}

// TestOlderFile opens a file that an earlier version left with visits open by a lease
// that is over: they are closed, and the lease goes with its visits.
func TestOlderFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "visits.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	run := func(statements string) {
		t.Helper()
		if _, err := db.Exec(statements); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"0001_visits", "0002_occupancy_hour"} {
		step, err := os.ReadFile("migrations/" + name + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		run(string(step))
	}
	run(`CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL) STRICT;
		INSERT INTO schema_version VALUES (1, ''), (2, '');
		INSERT INTO node_lease (node_id, started_at, beat_at, seen_at, state, reason) VALUES ('old', 1, 5, 5, 2, 'crashed');
		INSERT INTO online VALUES ('ann', 1, '', 0, 2, NULL, 1);`)
	s := open(t, sqlite.Options{File: file})
	if _, err := s.Acquire(t.Context(), "new"); err != nil {
		t.Fatal(err)
	}
	page, _, err := s.Sessions(t.Context(), throng.VisitFilter{User: "ann"}, throng.Page{Limit: 2})
	want := throng.Visit{User: "ann", Node: "old", StartedAt: 2, EndedAt: 5, Reason: throng.VisitCrashed}
	if err != nil || len(page) != 1 || page[0] != want {
		t.Errorf("%+v, %v, want %+v", page, err, want)
	}
	if err := s.Prune(t.Context(), throng.VisitRetention{Visits: time.Hour}); err != nil {
		t.Fatal(err)
	}
	var leases int
	if err := db.QueryRow(`SELECT count(*) FROM node_lease`).Scan(&leases); err != nil || leases != 1 {
		t.Errorf("%d leases, %v, want the new one", leases, err)
	}
}

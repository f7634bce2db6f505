package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"throng"
	"throng/internal/store/sqlite"
)

// TestOlderChanges opens a file that has users' changes by their names only, as version 5
// of the schema did.
func TestOlderChanges(t *testing.T) {
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
	run(`CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL) STRICT`)
	for i, name := range []string{"0001_visits", "0002_occupancy_hour", "0003_fewer_trees", "0004_bonuses", "0005_state"} {
		step, err := os.ReadFile("migrations/" + name + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		run(string(step))
		run(fmt.Sprintf(`INSERT INTO schema_version VALUES (%d, '')`, i+1))
	}
	run(`INSERT INTO user_state VALUES ('ann', 'e', 9, 9);
		INSERT INTO user_state_mutation VALUES ('ann', 'x:3', 'k', 7, 7), ('ann', 'x:2', 'k', 8, 8), ('ann', 'left over', 'k', 8, 8), ('bob', 'x:1', 'k', 7, 7)`)
	s := open(t, sqlite.Options{File: file})
	st, made, err := s.LoadState(t.Context(), "ann", 0, 0, 10)
	if err != nil || st.Version != 9 || len(made) != 2 {
		t.Errorf("%+v, %+v, %v", st, made, err)
	}
	c := throng.StateChange{User: "ann", Epoch: "e", Entry: throng.StateEntry{Key: "k", Version: 10}, Mutation: "x:3", MutatedAt: 10, Remembered: 8}
	if err := s.SaveStates(t.Context(), []throng.StateChange{c}); err != nil {
		t.Fatal(err)
	}
	if _, made, err := s.LoadState(t.Context(), "ann", 0, 0, 10); err != nil || len(made) != 2 || made[0].Version+made[1].Version != 18 {
		t.Errorf("%+v, %v", made, err)
	}
}

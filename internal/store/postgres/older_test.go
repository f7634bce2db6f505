package postgres_test

import (
	"fmt"
	"os"
	"testing"

	server "throng/test/postgres"
)

// testOlderChanges opens a database that has users' changes by their names, as version 4 of
// the schema did.
func testOlderChanges(t *testing.T, db *server.Server) {
	dsn := db.Database(t)
	statements := `CREATE TABLE schema_version (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());`
	for i, name := range []string{"0001_visits", "0002_occupancy_hour", "0003_bonuses", "0004_state"} {
		step, err := os.ReadFile("migrations/" + name + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		statements += string(step) + fmt.Sprintf(`INSERT INTO schema_version VALUES (%d);`, i+1)
	}
	db.Query(t, dsn, statements+`INSERT INTO user_state VALUES ('ann', 'e', 9, 9); INSERT INTO user_state_mutation VALUES
		('ann', 'x:3', 'k', 7, 7), ('ann', 'x:2', 'k', 8, 8), ('ann', 'left over', 'k', 8, 8), ('bob', 'x:1', 'k', 7, 7)`)
	s := open(t, dsn)
	if st, made, err := s.LoadState(t.Context(), "ann", 0, 0, 10); err != nil || st.Version != 9 || len(made) != 2 {
		t.Errorf("%+v, %+v, %v", st, made, err)
	}
	c := change("ann", "e", 10, "k", "1")
	c.Mutation, c.MutatedAt, c.Remembered = "x:3", 10, 8
	if err := s.SaveStates(t.Context(), changes(c)); err != nil {
		t.Fatal(err)
	}
	if _, made, err := s.LoadState(t.Context(), "ann", 0, 0, 10); err != nil || len(made) != 2 || made[0].Version+made[1].Version != 18 {
		t.Errorf("%+v, %v", made, err)
	}
}

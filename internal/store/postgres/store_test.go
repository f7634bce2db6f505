package postgres_test

import (
	"testing"
	"time"

	"throng/internal/store/postgres"
	"throng/internal/store/storetest"
	server "throng/test/postgres"
)

// TestPostgres shares one server among tests: making one takes seconds.
func TestPostgres(t *testing.T) {
	db := server.Start(t)
	for _, test := range []struct {
		name string
		run  func(t *testing.T, db *server.Server)
	}{
		{"Store", testStore},
		{"TablesForPeople", testTablesForPeople},
		{"BonusTablesForPeople", testBonusTablesForPeople},
		{"NothingScans", testNothingScans},
		{"OpenSaysWhatIsWrong", testOpenSaysWhatIsWrong},
		{"ReadOnlyLater", testReadOnlyLater},
		{"LostAnswer", testLostAnswer},
		{"LostVerdict", testLostVerdict},
		{"LateCommit", testLateCommit},
		{"OlderChanges", testOlderChanges},
		{"KilledClaiming", testKilledClaiming},
		{"QuestionsDontStarveNodes", testQuestionsDontStarveNodes},
		{"ClaimsDontStarveNodes", testClaimsDontStarveNodes},
		{"Paused", testPaused},
		{"ServerComesAndGoes", testServerComesAndGoes},
		{"DiskFull", testDiskFull}, // last: it takes a tablespace away
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, db) })
	}
}

func testStore(t *testing.T, db *server.Server) {
	all := db.Database(t)
	storetest.Run(t, func(t *testing.T) func(skew func() time.Duration) storetest.Store {
		dsn := db.Schema(t, all)
		return func(skew func() time.Duration) storetest.Store {
			s, err := postgres.Open(t.Context(), postgres.Options{DSN: dsn, Skew: skew})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	})
}

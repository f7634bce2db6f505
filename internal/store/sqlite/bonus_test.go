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

// TestBonusTablesForPeople looks at the documented tables and the view with sqlite3.
func TestBonusTablesForPeople(t *testing.T) {
	file := filepath.Join(t.TempDir(), "throng.db")
	storetest.BonusesForPeople(t, open(t, sqlite.Options{File: file}))
	for statement, want := range map[string]string{
		storetest.QuickestWinners:                     storetest.QuickestWinnersRows,
		"SELECT * FROM bonus_journal WHERE place = 2": `evening|2|bob|2026-01-31 20:00:01.200|1200||room:1|{"text":"€"}`,
		"SELECT bonus_id, created_at, quota, claimed, ended_at, end_reason, users, tolerance, closes_at - deadline FROM bonus ORDER BY 1": "" +
			`evening|1769882400000|2|2|1769889601200|exhausted|["anna","bob"]|250|250` + "\nmorning|1769839200000|0|1||||0|0",
		"SELECT * FROM bonus_claim WHERE bonus_id = 'morning'": "morning|1|anna|tab:1|1769846401000",
	} {
		if got := shell(t, file, statement); got != want {
			t.Errorf("%s:\n got %s\nwant %s", statement, got, want)
		}
	}
}

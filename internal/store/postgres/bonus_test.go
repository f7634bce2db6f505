package postgres_test

import (
	"context"
	"net/url"
	"sync/atomic"
	"testing"

	"throng"
	"throng/internal/store/postgres"
	"throng/internal/store/storetest"
	server "throng/test/postgres"
)

// openStore opens a database, for a process that claims.
func openStore(ctx context.Context, dsn string) (storetest.Store, error) {
	return postgres.Open(ctx, postgres.Options{DSN: dsn})
}

func testKilledClaiming(t *testing.T, db *server.Server) {
	dsn := db.Database(t)
	storetest.Killed(t, dsn, open(t, dsn))
}

// testLostVerdict cuts the connection at the commit of claims, before and after the
// server has seen it. Asked again, it has granted them once.
func testLostVerdict(t *testing.T, db *server.Server) {
	dsn, err := url.Parse(db.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	direct := dsn.String()
	p := newProxy(t, db.Addr())
	dsn.Host = p.listen.Addr().String()
	s := open(t, dsn.String())
	if _, err := s.CreateBonus(t.Context(), &throng.Bonus{ID: "b", Quota: 2, Deadline: 100}); err != nil {
		t.Fatal(err)
	}
	for i, cut := range []struct {
		arm     *atomic.Bool
		written string
	}{{&p.after, "1|1"}, {&p.before, "1|1"}} {
		user := []string{"ann", "bob"}[i]
		claims := []throng.Claim{{User: user, ID: "1", At: 5}, {User: user, ID: "2", At: 5}}
		cut.arm.Store(true)
		if _, _, err := s.Claims(t.Context(), "b", claims); err == nil {
			t.Fatalf("cut %d: the claims succeeded", i)
		}
		if got := db.Query(t, direct, `SELECT count(*), (SELECT claimed FROM bonus) FROM bonus_claim`); got != cut.written {
			t.Errorf("cut %d: %s claims are written, want %s", i, got, cut.written)
		}
		want := throng.Claim{Bonus: "b", User: user, ID: "1", At: 5, Place: int64(i + 1)}
		for range 2 {
			judged, b, err := s.Claims(t.Context(), "b", claims)
			if err != nil || judged[0] != (throng.Judged{Claim: want}) || judged[1] != (throng.Judged{Verdict: throng.Already, Claim: want}) || b.Claimed != want.Place {
				t.Errorf("cut %d: again: %+v, %+v, %v", i, judged, b, err)
			}
		}
	}
	if p.cuts.Load() != 2 {
		t.Errorf("%d cuts, want 2", p.cuts.Load())
	}
}

// askAboutBonuses makes each statement that is about bonuses.
func askAboutBonuses(t *testing.T, s *postgres.Store) {
	t.Helper()
	no := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"a", "b", "c"} {
		_, err := s.CreateBonus(t.Context(), &throng.Bonus{ID: id, Deadline: 100, Audience: throng.Audience{Channel: "c", Users: []string{"ann"}}})
		no(err)
		for range 2 {
			_, _, err = s.Claims(t.Context(), id, []throng.Claim{{User: "ann"}, {User: "bob"}})
			no(err)
		}
		_, err = s.EndBonus(t.Context(), id, 50, throng.BonusWithdrawn)
		no(err)
		_, _, err = s.Claims(t.Context(), id, []throng.Claim{{User: "ann"}})
		no(err)
	}
	for _, f := range []throng.BonusFilter{{}, {Channel: "c"}, {Live: true, Now: 5}, {Live: true, Now: 5, Channel: "c"}, {Live: true, Now: 5, Brief: true}} {
		_, next, err := s.ListBonuses(t.Context(), f, throng.Page{Limit: 1})
		no(err)
		_, _, err = s.ListBonuses(t.Context(), f, throng.Page{Limit: 1, Cursor: next})
		no(err)
	}
	for _, f := range []throng.ClaimFilter{{}, {Bonus: "b"}, {User: "ann"}, {Bonus: "b", User: "ann"}} {
		_, next, err := s.ListClaims(t.Context(), f, throng.Page{Limit: 1})
		no(err)
		_, _, err = s.ListClaims(t.Context(), f, throng.Page{Limit: 1, Cursor: next})
		no(err)
	}
	_, err := s.ForgetClaims(t.Context(), "ann")
	no(err)
	no(s.PruneBonuses(t.Context(), 1000))
}

// testBonusTablesForPeople looks at the documented tables and the view with psql.
func testBonusTablesForPeople(t *testing.T, db *server.Server) {
	dsn := db.Database(t)
	storetest.BonusesForPeople(t, open(t, dsn))
	const utc = "SET timezone = 'UTC'; "
	for statement, want := range map[string]string{
		utc + storetest.QuickestWinners:                     storetest.QuickestWinnersRows,
		utc + "SELECT * FROM bonus_journal WHERE place = 2": `evening|2|bob|2026-01-31 20:00:01.2+00|1200||room:1|{"text":"€"}`,
		utc + "SELECT bonus_id, created_at, quota, claimed, ended_at, end_reason, users, tolerance, closes_at - deadline FROM bonus ORDER BY 1": "" +
			`evening|2026-01-31 18:00:00+00|2|2|2026-01-31 20:00:01.2+00|exhausted|{anna,bob}|250|00:00:00.25` +
			"\nmorning|2026-01-31 06:00:00+00|0|1||||0|00:00:00",
		utc + "SELECT * FROM bonus_claim WHERE bonus_id = 'morning'": "morning|1|anna|tab:1|2026-01-31 08:00:01+00",
	} {
		if got := db.Query(t, dsn, statement); got != want {
			t.Errorf("%s:\n got %s\nwant %s", statement, got, want)
		}
	}
}

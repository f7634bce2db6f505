package postgres_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"throng"
	"throng/internal/store/postgres"
	server "throng/test/postgres"

	"github.com/jackc/pgx/v5"
)

// testQuestionsDontStarveNodes holds a table so that all questions hang: a node beats
// and begins visits meanwhile, and the server ends the questions by itself.
func testQuestionsDontStarveNodes(t *testing.T, db *server.Server) {
	dsn := db.Database(t)
	const connections, questions = 2, 8
	s, err := postgres.Open(t.Context(), postgres.Options{DSN: dsn, Connections: connections})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	lease, err := s.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	holder, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(context.Background())
	if _, err := holder.Exec(t.Context(), `BEGIN; LOCK TABLE occupancy`); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	var asking sync.WaitGroup
	answers := make(chan error, questions)
	for range questions {
		asking.Go(func() {
			_, err := s.Curve(ctx, throng.CurveQuery{Points: 10})
			answers <- err
		})
	}
	defer asking.Wait()
	for db.Query(t, dsn, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`) != "2" {
		if ctx.Err() != nil {
			t.Fatal("the questions don't hang")
		}
		time.Sleep(10 * time.Millisecond)
	}
	for i := range 5 {
		unhindered(t, "a flush", func() int { return len(answers) }, func() error {
			_, err := s.Flush(t.Context(), lease, &throng.VisitFlush{Sequence: int64(i + 1), At: lease.Now,
				Opened: []throng.Visit{{User: "ann", StartedAt: lease.Now}}})
			return err
		})
	}
	complaint(t, <-answers, "took too long")
	cancel()
}

// unhindered wants a call to be done while others hang, and not when one of them has ended.
// That one ends meanwhile by itself happens, but not each time.
func unhindered(t *testing.T, what string, ended func() int, call func() error) {
	t.Helper()
	for range 3 {
		before := ended()
		if err := call(); err != nil {
			t.Fatalf("%s while others hang: %v", what, err)
		}
		if ended() == before {
			return
		}
	}
	t.Errorf("%s is done when one of those has ended that hang", what)
}

// testClaimsDontStarveNodes holds a bonus's row, as a node does that hangs: claims wait for
// it, in vain at last, while a node beats and people ask.
func testClaimsDontStarveNodes(t *testing.T, db *server.Server) {
	dsn := db.Database(t)
	const connections, claims = 2, 6
	s, err := postgres.Open(t.Context(), postgres.Options{DSN: dsn, Connections: connections})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	lease, err := s.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateBonus(t.Context(), &throng.Bonus{ID: "b", Quota: 1, Deadline: 100}); err != nil {
		t.Fatal(err)
	}
	holder, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(context.Background())
	if _, err := holder.Exec(t.Context(), `BEGIN; SELECT 1 FROM bonus FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	var claiming sync.WaitGroup
	var ended atomic.Int32
	var over atomic.Bool
	for range claims {
		claiming.Go(func() {
			for !over.Load() {
				if _, _, err := s.Claims(t.Context(), "b", []throng.Claim{{User: "ann", ID: "1", At: 5}}); err != nil {
					complaint(t, err, "locked")
				}
				ended.Add(1)
			}
		})
	}
	defer claiming.Wait()
	defer over.Store(true)
	for db.Query(t, dsn, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`) != "2" {
		time.Sleep(10 * time.Millisecond)
	}
	hung := func() int { return int(ended.Load()) }
	unhindered(t, "a beat", hung, func() error {
		_, err := s.Flush(t.Context(), lease, &throng.VisitFlush{Sequence: 1, At: lease.Now})
		return err
	})
	unhindered(t, "a question", hung, func() error {
		_, _, err := s.ListBonuses(t.Context(), throng.BonusFilter{}, throng.Page{Limit: 1})
		return err
	})
	over.Store(true)
	if _, err := holder.Exec(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	claiming.Wait()
	judged, b, err := s.Claims(t.Context(), "b", []throng.Claim{{User: "ann", ID: "1", At: 5}, {User: "bob", ID: "1", At: 5}})
	if err != nil || judged[0].Verdict != throng.Won || judged[1].Verdict != throng.Exhausted || b.Claimed != 1 {
		t.Errorf("afterwards: %+v, %+v, %v", judged, b, err)
	}
}

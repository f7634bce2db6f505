package postgres_test

import (
	"context"
	"sync"
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
		flush, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		_, err := s.Flush(flush, lease, &throng.VisitFlush{Sequence: int64(i + 1), At: lease.Now,
			Opened: []throng.Visit{{User: "ann", StartedAt: lease.Now}}})
		cancel()
		if err != nil {
			t.Fatalf("a flush while questions hang: %v", err)
		}
	}
	complaint(t, <-answers, "took too long")
	cancel()
}

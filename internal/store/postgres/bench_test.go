package postgres_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"throng/internal/store/postgres"
	"throng/internal/store/storetest"
	server "throng/test/postgres"

	"github.com/jackc/pgx/v5/pgxpool"
)

// BenchmarkOpensAndCloses writes 100,000 visits in flushes of 1,000, and beside it the
// same comings and goings with one statement each, on eight connections. The server
// does not sync to the disk, which would cost the single statements more.
func BenchmarkOpensAndCloses(b *testing.B) {
	visits := 100_000
	if testing.Short() {
		visits = 10_000
	}
	db := server.Start(b)
	report := func(b *testing.B, took, cpu time.Duration) {
		b.ReportMetric(float64(2*visits*b.N)/took.Seconds(), "rows/s")
		b.ReportMetric(cpu.Seconds()*100_000/float64(2*visits*b.N), "db-cpu-s/100krows")
		b.ReportMetric(0, "ns/op")
	}
	b.Run("flushes", func(b *testing.B) {
		var took, cpu time.Duration
		for range b.N {
			s := openBench(b, db.Database(b))
			before := db.CPU(b)
			took += storetest.BenchmarkFlushes(b, s, visits)
			cpu += db.CPU(b) - before
		}
		report(b, took, cpu)
	})
	b.Run("upserts", func(b *testing.B) {
		var took, cpu time.Duration
		for range b.N {
			pool, err := pgxpool.New(b.Context(), db.Database(b)+"&pool_max_conns=8")
			if err != nil {
				b.Fatal(err)
			}
			before := db.CPU(b)
			took += upserts(b, pool, visits)
			cpu += db.CPU(b) - before
			pool.Close()
		}
		report(b, took, cpu)
	})
}

func openBench(b *testing.B, dsn string) *postgres.Store {
	b.Helper()
	s, err := postgres.Open(b.Context(), postgres.Options{DSN: dsn})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

// upserts is the usual way: a row for each user with its connections by node, written
// at each coming, and moved to another table at each going.
func upserts(b *testing.B, pool *pgxpool.Pool, visits int) time.Duration {
	b.Helper()
	if _, err := pool.Exec(b.Context(), `
		CREATE TABLE users_online (user_id text PRIMARY KEY, nodes jsonb NOT NULL, started_at timestamptz NOT NULL);
		CREATE TABLE user_times (user_id text NOT NULL, started_at timestamptz NOT NULL, ended_at timestamptz NOT NULL);
		CREATE INDEX ON user_times (user_id, started_at); CREATE INDEX ON user_times (started_at)`); err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	for _, statement := range []string{
		`INSERT INTO users_online VALUES ($1, jsonb_build_object($2::text, 1), clock_timestamp())
			ON CONFLICT (user_id) DO UPDATE SET nodes = jsonb_set(users_online.nodes, ARRAY[$2::text],
				to_jsonb(coalesce((users_online.nodes ->> $2)::int, 0) + 1))`,
		`WITH gone AS (DELETE FROM users_online WHERE user_id = $1 AND nodes ? $2::text RETURNING *)
			INSERT INTO user_times SELECT user_id, started_at, clock_timestamp() FROM gone`,
	} {
		var next atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for i := next.Add(1) - 1; i < int64(visits); i = next.Add(1) - 1 {
					if _, err := pool.Exec(b.Context(), statement, storetest.UserNumber(int(i)), "bench"); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
	}
	return time.Since(begin)
}

// BenchmarkQueries asks everything at two million visits of 100,000 users in a month.
func BenchmarkQueries(b *testing.B) {
	visits := 2_000_000
	if testing.Short() {
		visits = 10_000
	}
	db := server.Start(b, "max_wal_size=4GB")
	dsn := db.Database(b)
	s := openBench(b, dsn)
	begin := time.Now()
	now := generate(b, dsn, visits)
	b.Logf("%d visits were made in %v", visits, time.Since(begin))
	storetest.BenchmarkQueries(b, s, now)
}

// generate makes the record in SQL.
func generate(b *testing.B, dsn string, visits int) (now int64) {
	b.Helper()
	pool, err := pgxpool.New(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	for _, statement := range []string{
		`INSERT INTO node_lease (node_id, started_at, beat_at, seen_at, state)
			SELECT 'node' || n, now() - '40 days'::interval, now(), now(), 0 FROM generate_series(1, 3) n`,
		`DO $$ DECLARE d date; BEGIN
			FOR d IN SELECT generate_series(current_date - 32, current_date + 1, '1 day')::date LOOP
				EXECUTE format('CREATE TABLE visit_log_%s PARTITION OF visit_log FOR VALUES FROM (%L) TO (%L)',
					to_char(d, 'YYYYMMDD'), d::text || ' 00:00:00+00', (d + 1)::text || ' 00:00:00+00');
			END LOOP; END $$`,
		`INSERT INTO visit_log SELECT 'user-' || lpad(to_hex((i % 100000) * 2654435761 % 4294967296), 8, '0'), 1 + i % 3,
				CASE i % 5 WHEN 0 THEN 'chat' ELSE '' END, 0, t, t + random() * '1 hour'::interval,
				CASE i % 1000 WHEN 0 THEN 'crashed' ELSE 'left' END, i
			FROM (SELECT i, date_trunc('milliseconds', now() - '1 hour'::interval - random() * '30 days'::interval) AS t
				FROM generate_series(1, $1) i) v`,
		`INSERT INTO watch_daily SELECT user_id, channel, kind, (started_at AT TIME ZONE 'UTC')::date,
				sum(extract(epoch FROM ended_at - started_at) * 1000), count(*) FROM visit_log GROUP BY 1, 2, 3, 4`,
		`INSERT INTO online SELECT 'user-' || lpad(to_hex((i % 100000) * 2654435761 % 4294967296), 8, '0'), 1 + i % 3,
				CASE i % 5 WHEN 0 THEN 'chat' ELSE '' END, 0, date_trunc('milliseconds', now() - random() * '1 hour'::interval), NULL, i
			FROM generate_series($1 + 1, $1 + $1 / 40) i`,
		`INSERT INTO occupancy SELECT date_trunc('milliseconds', now()) - n * '30 seconds'::interval, '', 'node' || k, n, n
			FROM generate_series(1, 2 * 60 * 24 * 30) n, generate_series(1, 3) k`,
		`INSERT INTO occupancy_hour SELECT date_trunc('hour', ts, 'UTC'), channel, node_id, max(connections), max(users)
			FROM occupancy GROUP BY 1, 2, 3`,
		`VACUUM ANALYZE`,
	} {
		args := []any{visits}
		if !strings.Contains(statement, "$1") {
			args = nil
		}
		if _, err := pool.Exec(b.Context(), statement, args...); err != nil {
			b.Fatalf("%s: %v", statement, err)
		}
	}
	return time.Now().UnixMilli()
}

// BenchmarkClaims has a crowd claim a bonus, and beside it the same with one transaction
// for each claim: the row of the bonus counts, as it must for a quota. The server syncs
// to the disk, as it does for others.
func BenchmarkClaims(b *testing.B) {
	db := server.Start(b, "fsync=on", "synchronous_commit=on")
	storetest.BenchmarkClaims(b, openBench(b, db.Database(b)))
	b.Run("singles", func(b *testing.B) {
		pool, err := pgxpool.New(b.Context(), db.Database(b)+"&pool_max_conns=8")
		if err != nil {
			b.Fatal(err)
		}
		defer pool.Close()
		if _, err := pool.Exec(b.Context(), `CREATE TABLE winners (bonus_id text, user_id text, claimed_at bigint, PRIMARY KEY (bonus_id, user_id));
			CREATE TABLE offers (bonus_id text PRIMARY KEY, room bigint NOT NULL); INSERT INTO offers VALUES ('b', 1000000000)`); err != nil {
			b.Fatal(err)
		}
		storetest.BenchmarkSingles(b, func(user string) error {
			_, err := pool.Exec(b.Context(), `WITH taken AS (UPDATE offers SET room = room - 1 WHERE bonus_id = 'b' AND room > 0 RETURNING bonus_id)
				INSERT INTO winners SELECT bonus_id, $1, 1 FROM taken`, user)
			return err
		})
	})
}

// BenchmarkAudience asks who of 1,000 users was here at a moment, and how long each
// watched since, at two million visits.
func BenchmarkAudience(b *testing.B) {
	visits := 2_000_000
	if testing.Short() {
		visits = 10_000
	}
	db := server.Start(b, "max_wal_size=4GB")
	dsn := db.Database(b)
	s := openBench(b, dsn)
	storetest.BenchmarkAudience(b, s, generate(b, dsn, visits))
}

// BenchmarkLook is what a node asks every bonus.look.
func BenchmarkLook(b *testing.B) {
	db := server.Start(b)
	storetest.BenchmarkLook(b, openBench(b, db.Database(b)))
}

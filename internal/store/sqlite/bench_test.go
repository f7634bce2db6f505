package sqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"throng/internal/store/sqlite"
	"throng/internal/store/storetest"
)

// BenchmarkOpensAndCloses writes 100,000 visits in flushes of 1,000, and beside it the
// same comings and goings with one statement each (fewer of them, or it would take
// long). Both are on the disk when they are said to be.
func BenchmarkOpensAndCloses(b *testing.B) {
	visits := 100_000
	if testing.Short() {
		visits = 10_000
	}
	b.Run("flushes", func(b *testing.B) {
		var took time.Duration
		for range b.N {
			s := openBench(b, filepath.Join(b.TempDir(), "visits.db"))
			took += storetest.BenchmarkFlushes(b, s, visits)
		}
		b.ReportMetric(float64(2*visits*b.N)/took.Seconds(), "rows/s")
		b.ReportMetric(0, "ns/op")
	})
	b.Run("upserts", func(b *testing.B) {
		some := visits / 20
		var took time.Duration
		for range b.N {
			took += upserts(b, filepath.Join(b.TempDir(), "visits.db"), some)
		}
		b.ReportMetric(float64(2*some*b.N)/took.Seconds(), "rows/s")
		b.ReportMetric(0, "ns/op")
	})
}

func openBench(b *testing.B, file string) *sqlite.Store {
	b.Helper()
	s, err := sqlite.Open(b.Context(), sqlite.Options{File: file})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

// upserts is the usual way: a row for each user, written at each coming, and moved to
// another table at each going.
func upserts(b *testing.B, file string, visits int) time.Duration {
	b.Helper()
	db := database(b, file)
	defer db.Close()
	if _, err := db.Exec(`CREATE TABLE users_online (user_id TEXT PRIMARY KEY, nodes TEXT NOT NULL, started_at INTEGER NOT NULL);
		CREATE TABLE user_times (user_id TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL);
		CREATE INDEX user_times_user ON user_times (user_id, started_at); CREATE INDEX user_times_started ON user_times (started_at)`); err != nil {
		b.Fatal(err)
	}
	coming, err := db.Prepare(`INSERT INTO users_online VALUES (?1, json_object(?2, 1), ?3) ON CONFLICT DO UPDATE
		SET nodes = json_set(nodes, '$.' || ?2, coalesce(nodes ->> ('$.' || ?2), 0) + 1)`)
	if err != nil {
		b.Fatal(err)
	}
	defer coming.Close()
	begin := time.Now()
	for i := range visits {
		if _, err := coming.Exec(storetest.UserNumber(i), "bench", i); err != nil {
			b.Fatal(err)
		}
	}
	for i := range visits {
		tx, err := db.Begin()
		if err != nil {
			b.Fatal(err)
		}
		user := storetest.UserNumber(i)
		if _, err := tx.Exec(`INSERT INTO user_times SELECT user_id, started_at, ? FROM users_online WHERE user_id = ?`, visits+i, user); err != nil {
			b.Fatal(err)
		}
		if _, err := tx.Exec(`DELETE FROM users_online WHERE user_id = ?`, user); err != nil {
			b.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(begin)
}

func database(b *testing.B, file string) *sql.DB {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=cache_size(-32000)")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

// BenchmarkQueries asks everything at two million visits of 100,000 users in a month.
func BenchmarkQueries(b *testing.B) {
	visits := 2_000_000
	if testing.Short() {
		visits = 10_000
	}
	file := filepath.Join(b.TempDir(), "visits.db")
	s := openBench(b, file)
	begin := time.Now()
	now := generate(b, file, visits)
	b.Logf("%d visits were made in %v", visits, time.Since(begin))
	storetest.BenchmarkQueries(b, s, now)
}

// generate makes the record in SQL.
func generate(b *testing.B, file string, visits int) (now int64) {
	b.Helper()
	db := database(b, file)
	defer db.Close()
	now = time.Now().UnixMilli()
	const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @visits) `
	const user = `printf('user-%08x', (i % 100000) * 2654435761 % 4294967296), 1 + i % 3, iif(i % 5 = 0, 'chat', ''), 0`
	for _, statement := range []string{
		`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3)
			INSERT INTO node_lease (node_id, started_at, beat_at, seen_at) SELECT 'node' || i, @now - 40 * 86400000, @now, @now FROM n`,
		`CREATE TEMP TABLE made AS ` + numbers + `SELECT i, @now - 3600000 - abs(random() % (30 * 86400000)) AS t FROM n`,
		`INSERT INTO visit_log SELECT ` + user + `, t, t + abs(random() % 3600000), iif(i % 1000 = 0, 'crashed', 'left'), i
			FROM made ORDER BY t`,
		`INSERT INTO watch_daily SELECT user_id, channel, kind, date(started_at / 1000, 'unixepoch'), sum(ended_at - started_at), count(*)
			FROM visit_log GROUP BY 4, 2, 3, 1`,
		`UPDATE longest_visit SET milliseconds = 3600000`,
		`INSERT INTO online SELECT ` + user + `, @now - abs(random() % 3600000), NULL, @visits + i FROM made WHERE i <= @visits / 40`,
		`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2 * 60 * 24 * 30)
			INSERT INTO occupancy SELECT @now - i * 30000, '', 'node' || k.value, i, i FROM n, json_each('[1,2,3]') k`,
		`INSERT INTO occupancy_hour SELECT ts / 3600000 * 3600000, channel, node_id, max(connections), max(users) FROM occupancy GROUP BY 1, 2, 3`,
	} {
		if _, err := db.Exec(statement, sql.Named("now", now), sql.Named("visits", visits)); err != nil {
			b.Fatalf("%s: %v", statement, err)
		}
	}
	return now
}

// BenchmarkClaims has a crowd claim a bonus, and beside it the same with one transaction
// for each claim. Both are on the disk when they are answered.
func BenchmarkClaims(b *testing.B) {
	storetest.BenchmarkClaims(b, openBench(b, filepath.Join(b.TempDir(), "bonus.db")))
	b.Run("singles", func(b *testing.B) {
		db := database(b, filepath.Join(b.TempDir(), "singles.db"))
		defer db.Close()
		if _, err := db.Exec(`CREATE TABLE winners (bonus_id TEXT, user_id TEXT, claimed_at INTEGER, PRIMARY KEY (bonus_id, user_id));
			CREATE TABLE offers (bonus_id TEXT PRIMARY KEY, room INTEGER NOT NULL); INSERT INTO offers VALUES ('b', 1000000000)`); err != nil {
			b.Fatal(err)
		}
		storetest.BenchmarkSingles(b, func(user string) error {
			tx, err := db.Begin()
			if err != nil {
				return err
			}
			defer tx.Rollback()
			if _, err := tx.Exec(`UPDATE offers SET room = room - 1 WHERE bonus_id = 'b' AND room > 0`); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO winners VALUES ('b', ?, 1)`, user); err != nil {
				return err
			}
			return tx.Commit()
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
	file := filepath.Join(b.TempDir(), "visits.db")
	s := openBench(b, file)
	storetest.BenchmarkAudience(b, s, generate(b, file, visits))
}

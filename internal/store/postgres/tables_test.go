package postgres_test

import (
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/store/storetest"
	server "throng/test/postgres"
)

// testTablesForPeople looks at the documented tables and the view with psql.
func testTablesForPeople(t *testing.T, db *server.Server) {
	storetest.SameDay()
	dsn := db.Database(t)
	s := open(t, dsn)
	lease, err := s.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 26, 23, 59, 59, 500e6, time.UTC).UnixMilli()
	f := throng.VisitFlush{Sequence: 1, At: lease.Now,
		Opened: []throng.Visit{{User: "ann", StartedAt: lease.Now}},
		Closed: []throng.Visit{{User: "ann", Channel: "chat", Kind: throng.Watching, StartedAt: at, EndedAt: at + 2000, Reason: throng.VisitLeft}}}
	for _, v := range []throng.Visit{{User: "anna", EndedAt: 60_000}, {User: "anna", StartedAt: 60_000, EndedAt: 90_500}, {User: "bob", EndedAt: 30_000}} {
		v.Channel, v.Reason = "room:1", throng.VisitLeft
		v.StartedAt += lease.Now
		v.EndedAt += lease.Now
		f.Closed = append(f.Closed, v)
	}
	// The one of docs/visits.md.
	longest := `SELECT user_id, sum(seconds) AS seconds, count(*) AS visits FROM watching_times
    WHERE channel = 'room:1' AND kind = 'connected' AND started_at >= current_date GROUP BY user_id ORDER BY 2 DESC LIMIT 10`
	if _, err := s.Flush(t.Context(), lease, &f); err != nil {
		t.Fatal(err)
	}
	for statement, want := range map[string]string{
		longest: "anna|90.500|2\nbob|30.000|1",
		"SET timezone = 'UTC'; SELECT * FROM watching_times WHERE channel = 'chat'":                               "ann|chat|watching|a|2026-11-26 23:59:59.5+00|2026-11-27 00:00:01.5+00|2.000|left",
		"SELECT user_id, kind, node_id, ended_at FROM watching_times WHERE channel = ''":                          "ann|connected|a|",
		"SELECT day, user_id, channel, milliseconds, visits FROM watch_daily WHERE channel = 'chat' ORDER BY day": "2026-11-26|ann|chat|500|1\n2026-11-27|ann|chat|1500|0",
		"SELECT node_id, flushed_seq, state FROM node_lease":                                                      "a|1|0",
		"SELECT user_id, channel, left_at FROM online":                                                            "ann||",
		"SELECT tableoid::regclass, user_id FROM visit_log WHERE channel = 'chat'":                                "visit_log_20261127|ann",
		"SELECT count(*) FROM occupancy":                                                                          "0",
		"SELECT max(version) FROM schema_version":                                                                 "5",
		"SELECT seconds >= 0 FROM watching_times WHERE channel = ''":                                              "t",
		"SELECT now() - started_at < '1 minute' FROM online":                                                      "t",
	} {
		if got := db.Query(t, dsn, statement); got != want {
			t.Errorf("%s:\n got %s\nwant %s", statement, got, want)
		}
	}
}

// testNothingScans lets the server explain each plan in its log, with scans forbidden:
// one that is left is of a table that no index leads into.
func testNothingScans(t *testing.T, db *server.Server) {
	dsn := db.Database(t)
	for _, setting := range []string{
		"session_preload_libraries = auto_explain", "auto_explain.log_min_duration = 0", "auto_explain.log_nested_statements = on", "enable_seqscan = off",
	} {
		db.Query(t, dsn, `LOAD 'auto_explain'; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET `+setting+`', current_database()); END $$`)
	}
	s := open(t, dsn)
	before := len(db.Log()) // what made the tables may scan them
	lease, err := s.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	v := throng.Visit{User: "ann", StartedAt: lease.Now}
	w := throng.Visit{User: "bob", StartedAt: lease.Now}
	x := throng.Visit{User: "ann", StartedAt: lease.Now, EndedAt: lease.Now + 1}
	for i, f := range []throng.VisitFlush{
		{Opened: []throng.Visit{v, w}, Occupancy: []throng.Occupancy{{At: lease.Now}}}, {Left: []throng.Visit{x}}, {Returned: []throng.Visit{v}}, {Closed: []throng.Visit{x}},
	} {
		f.Sequence, f.At = int64(i+1), lease.Now
		if _, err := s.Flush(t.Context(), lease, &f); err != nil {
			t.Fatal(err)
		}
	}
	page := throng.Page{Limit: 10}
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Online(t.Context(), throng.OnlineQuery{Page: page, Prefix: "a"}))
	for _, f := range []throng.VisitFilter{
		{}, {User: "ann"}, {User: "ann", AnyChannel: true}, {Node: "a", From: 1, To: lease.Now, Shortest: 1, Longest: 5, Reason: throng.VisitLeft}, {Open: true},
	} {
		_, next, err := s.Sessions(t.Context(), f, throng.Page{Limit: 1})
		must(nil, err)
		if next != "" {
			_, _, err := s.Sessions(t.Context(), f, throng.Page{Limit: 1, Cursor: next})
			must(nil, err)
		}
	}
	for _, q := range []throng.WatchedQuery{
		{}, {Days: true}, {AnyChannel: true}, {Order: throng.ByTime}, {User: "ann"}, {User: "ann", AnyChannel: true},
	} {
		q.Page = page
		_, _, err := s.Watched(t.Context(), q)
		must(nil, err)
	}
	_, _, err = s.Watched(t.Context(), throng.WatchedQuery{Users: []string{"ann", "bob"}, From: 5, Page: page})
	must(nil, err)
	must(s.Present(t.Context(), throng.PresentQuery{At: lease.Now, Users: []string{"ann", "bob"}}))
	askAboutBonuses(t, s)
	must(s.Curve(t.Context(), throng.CurveQuery{Points: 10}))
	must(s.Erase(t.Context(), "ann"))
	must(s.Reap(t.Context(), time.Hour))
	must(nil, s.Release(t.Context(), lease, lease.Now, throng.VisitDrained))
	plans := db.Log()[before:]
	for _, table := range []string{"online", "visit_log", "watch_daily", "occupancy", "node_lease", "bonus", "bonus_claim"} {
		if !strings.Contains(plans, "Scan using "+table) && !strings.Contains(plans, "Scan on "+table) {
			t.Errorf("no plan with %s was logged", table)
		}
		for line := range strings.Lines(plans) {
			if strings.Contains(line, "Seq Scan on "+table) {
				t.Errorf("a plan: %s", line)
			}
		}
	}
	if t.Failed() {
		t.Log(plans)
	}
}

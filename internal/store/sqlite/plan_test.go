package sqlite_test

import (
	"path/filepath"
	"strings"
	"testing"

	"throng"
	"throng/internal/store/sqlite"
)

// TestNothingScans reads the plan of each question: by which index it finds its rows,
// and that no large table is gone through without one.
func TestNothingScans(t *testing.T) {
	s := open(t, sqlite.Options{File: filepath.Join(t.TempDir(), "visits.db")})
	fill(t, s, 10)
	var plan []string
	s.Plans(t, func(_, line string) { plan = append(plan, line) })
	page := throng.Page{Limit: 1}
	online := func(q throng.OnlineQuery) func() error {
		q.Page = page
		return func() error { _, err := s.Online(t.Context(), q); return err }
	}
	sessions := func(f throng.VisitFilter) func() error {
		return func() error {
			_, next, err := s.Sessions(t.Context(), f, page)
			if next != "" {
				_, _, err = s.Sessions(t.Context(), f, throng.Page{Limit: 1, Cursor: next})
			}
			return err
		}
	}
	watched := func(q throng.WatchedQuery) func() error {
		q.Page = page
		return func() error { _, _, err := s.Watched(t.Context(), q); return err }
	}
	for name, c := range map[string]struct {
		ask  func() error
		want []string
	}{
		"online":       {online(throng.OnlineQuery{}), []string{"o USING PRIMARY KEY (channel=? AND kind=?)"}},
		"prefix":       {online(throng.OnlineQuery{Prefix: "a"}), []string{"o USING PRIMARY KEY (channel=? AND kind=? AND user_id>? AND user_id<?)"}},
		"sessions":     {sessions(throng.VisitFilter{}), []string{"o USING INDEX online_started", "v USING INDEX visit_log_channel"}},
		"of a time":    {sessions(throng.VisitFilter{From: 5, To: 9}), []string{"v USING INDEX visit_log_channel (channel=? AND kind=? AND started_at>? AND started_at<?)"}},
		"of a user":    {sessions(throng.VisitFilter{User: "ann"}), []string{"o USING INDEX online_user (user_id=?", "v USING INDEX visit_log_user (user_id=?"}},
		"open":         {sessions(throng.VisitFilter{Open: true}), []string{"o USING INDEX online_started"}},
		"one user":     {watched(throng.WatchedQuery{User: "ann"}), []string{"visit_log USING INDEX visit_log_user (user_id=?", "o USING INDEX online_user (user_id=?"}},
		"all users":    {watched(throng.WatchedQuery{}), []string{"watch_daily USING PRIMARY KEY (day=? AND channel=? AND kind=? AND user_id>?)", "t USING COVERING INDEX watch_daily_user (user_id=?"}},
		"all of all":   {watched(throng.WatchedQuery{AnyChannel: true}), []string{"watch_daily USING COVERING INDEX watch_daily_user (user_id>?)"}},
		"the longest":  {watched(throng.WatchedQuery{Order: throng.ByTime}), []string{"t USING COVERING INDEX watch_daily_user (user_id>?)"}},
		"of a day":     {watched(throng.WatchedQuery{Order: throng.ByTime, From: 1, To: 2}), []string{"t USING PRIMARY KEY (day=? AND channel=? AND kind=?)"}},
		"of a channel": {watched(throng.WatchedQuery{Order: throng.ByTime, Channel: "room"}), []string{"t USING PRIMARY KEY (day=? AND channel=? AND kind=?)"}},
		"the curve": {func() error { _, err := s.Curve(t.Context(), throng.CurveQuery{Points: 10}); return err },
			[]string{"occupancy USING PRIMARY KEY (channel=?"}},
	} {
		plan = nil
		if err := c.ask(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		all := strings.Join(plan, "\n")
		for _, want := range c.want {
			if !strings.Contains(all, "SEARCH "+want) {
				t.Errorf("%s: no search of %s in\n%s", name, want, all)
			}
		}
		for _, line := range plan {
			for _, table := range []string{"o", "v", "t", "online", "visit_log", "watch_daily", "occupancy"} {
				if line == "SCAN "+table || strings.HasPrefix(line, "SCAN "+table+" ") {
					t.Errorf("%s: %s", name, line)
				}
			}
		}
	}
}

// TestFlushesDontScan: what a flush costs depends on its rows, not on those there are.
func TestFlushesDontScan(t *testing.T) {
	s := open(t, sqlite.Options{File: filepath.Join(t.TempDir(), "visits.db")})
	searches := 0
	s.PlanWrites(t, func(query, line string) {
		switch {
		case strings.HasPrefix(line, "SCAN "):
			t.Errorf("%s in %s", line, query)
		case strings.HasPrefix(line, "SEARCH o") && strings.Contains(line, "user_id=? "):
			searches++
		}
	})
	if searches != 3 {
		t.Errorf("%d searches by user, want 3: for what ends (twice), and what is left or returns", searches)
	}
}

// TestSweepGoesOn: a piece of a sweep begins where the one before ended.
func TestSweepGoesOn(t *testing.T) {
	s := open(t, sqlite.Options{File: filepath.Join(t.TempDir(), "visits.db")})
	found := 0
	s.PlanSweep(t, func(line string) {
		if strings.HasPrefix(line, "SCAN online") || strings.Contains(line, "TEMP B-TREE") {
			t.Error(line)
		}
		if line == "SEARCH online USING PRIMARY KEY ((channel,kind,user_id,node_epoch)>(?,?,?,?))" {
			found++
		}
	})
	if found != 2 {
		t.Errorf("%d queries find their place, want 2", found)
	}
}

package sqlite_test

import (
	"path/filepath"
	"strconv"
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
	for i := range 3 {
		id, at := strconv.Itoa(i), int64(i)
		if _, err := s.CreateBonus(t.Context(), &throng.Bonus{ID: id, CreatedAt: at, Deadline: 100}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Claims(t.Context(), id, []throng.Claim{{User: "ann"}, {User: "bob"}}); err != nil {
			t.Fatal(err)
		}
	}
	bonuses := func(f throng.BonusFilter) func() error {
		return func() error {
			_, next, err := s.ListBonuses(t.Context(), f, page)
			if next != "" {
				_, _, err = s.ListBonuses(t.Context(), f, throng.Page{Limit: 1, Cursor: next})
			}
			return err
		}
	}
	claims := func(f throng.ClaimFilter) func() error {
		return func() error {
			_, next, err := s.ListClaims(t.Context(), f, page)
			if next != "" {
				_, _, err = s.ListClaims(t.Context(), f, throng.Page{Limit: 1, Cursor: next})
			}
			return err
		}
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
		"some users":   {watched(throng.WatchedQuery{Users: []string{"ann", "bob"}, From: 5}), []string{"visit_log USING INDEX visit_log_user (user_id=? AND started_at>? AND started_at<?)", "o USING INDEX online_user (user_id=?"}},
		"present": {func() error {
			_, err := s.Present(t.Context(), throng.PresentQuery{At: 5, Users: []string{"ann"}})
			return err
		},
			[]string{"o USING INDEX online_user (user_id=? AND channel=? AND kind=?)", "v USING INDEX visit_log_user (user_id=? AND started_at>? AND started_at<?)"}},
		"bonuses":              {bonuses(throng.BonusFilter{}), []string{"bonus USING INDEX bonus_created ((created_at,bonus_id)<(?,?))"}},
		"bonuses of a channel": {bonuses(throng.BonusFilter{Channel: "c"}), []string{"bonus USING INDEX bonus_channel (channel=?"}},
		"live":                 {bonuses(throng.BonusFilter{Live: true, Now: 5}), []string{"bonus USING INDEX bonus_closes (closes_at>?)"}},
		"claims":               {claims(throng.ClaimFilter{}), []string{"bonus_claim USING PRIMARY KEY ((bonus_id,place)>(?,?))"}},
		"claims of a bonus":    {claims(throng.ClaimFilter{Bonus: "b"}), []string{"bonus_claim USING PRIMARY KEY (bonus_id=?"}},
		"claims of a user":     {claims(throng.ClaimFilter{User: "ann"}), []string{"bonus_claim USING INDEX bonus_claim_user (user_id=?"}},
		"claims of some users": {claims(throng.ClaimFilter{Bonus: "b", Users: []string{"ann", "bob"}}), []string{"bonus_claim USING INDEX bonus_claim_user (user_id=? AND bonus_id=?)"}},
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
		if name == "bonuses" || name == "claims" {
			continue // a page of all goes along the key, as far as the page goes
		}
		for _, line := range plan {
			for _, table := range []string{"o", "v", "t", "online", "visit_log", "watch_daily", "occupancy", "bonus", "bonus_claim"} {
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
		case strings.Contains(line, "bonus_named"): // is all of those with named users
		case strings.HasPrefix(line, "SCAN ") && !strings.HasPrefix(line, "SCAN u ") && !strings.HasPrefix(line, "SCAN json_each "):
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

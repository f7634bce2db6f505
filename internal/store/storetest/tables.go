package storetest

import (
	"testing"
	"time"

	"throng"
)

// QuickestWinners is the question of docs/bonuses.md to the tables, and its rows those
// after BonusesForPeople, as the databases' shells write them.
const (
	QuickestWinners = `SELECT user_id, count(*) AS bonuses, min(ms) AS quickest FROM bonus_journal
    WHERE claimed_at >= '2026-01-31' AND claimed_at < '2026-02-01' GROUP BY user_id ORDER BY 3 LIMIT 10`
	QuickestWinnersRows = "anna|2|850\nbob|1|1200"
)

// BonusesForPeople writes bonuses that people look at.
func BonusesForPeople(t *testing.T, s throng.Bonuses) {
	t.Helper()
	at := func(hour int) int64 { return time.Date(2026, 1, 31, hour, 0, 0, 0, time.UTC).UnixMilli() }
	for _, b := range []throng.Bonus{
		{ID: "evening", CreatedAt: at(18), StartsAt: at(20), Deadline: at(21), Tolerance: 250, Quota: 2, Data: []byte(`{"text":"€"}`),
			Audience: throng.Audience{Channel: "room:1", Users: []string{"anna", "bob"}}},
		{ID: "morning", CreatedAt: at(6), StartsAt: at(8), Deadline: at(9)},
	} {
		if _, err := s.CreateBonus(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
	}
	for bonus, claims := range map[string][]throng.Claim{
		"evening": {{User: "anna", At: at(20) + 850}, {User: "bob", At: at(20) + 1200}, {User: "cid", At: at(20) + 1300}},
		"morning": {{User: "anna", ID: "tab:1", At: at(8) + 1000}},
	} {
		if _, _, err := s.Claims(t.Context(), bonus, claims); err != nil {
			t.Fatal(err)
		}
	}
}

// SameDay waits for midnight where it is near: what is written now is then asked for as
// today's.
func SameDay() {
	const day, enough = 24 * time.Hour, 20 * time.Second
	now := time.Now()
	if left := now.Truncate(day).Add(day).Sub(now); left < enough {
		time.Sleep(left)
	}
}

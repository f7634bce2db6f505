package clients

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"throng"
	"throng/internal/api"
	"throng/internal/dashboard"
	"throng/internal/store/sqlite"
)

// TestOperatorPage looks at the operator's page with a browser, over books of a month.
func TestOperatorPage(t *testing.T) {
	t.Parallel()
	requireTools(t)
	const key = "a-key-for-this-test"
	books := filledBooks(t)
	a, all := api.New(api.Options{Records: books, Clock: throng.NewClock(), MaxBody: 1 << 20}), []string{api.Any}
	a.SetKeys(api.NewKeys(api.Key{Name: "of the test", Sum: api.Sum(key), Methods: all, Namespaces: all}))
	mux := http.NewServeMux()
	mux.Handle("/api/", a)
	mux.Handle("/dashboard/", http.StripPrefix("/dashboard", dashboard.Operator()))
	s := httptest.NewServer(mux)
	defer s.Close()
	runScript(t, "operator.mjs", s.URL+"/dashboard/", key)
}

// filledBooks has visits of the last month, names that are markup among them.
func filledBooks(t *testing.T) *sqlite.Store {
	t.Helper()
	books, err := sqlite.Open(t.Context(), sqlite.Options{File: filepath.Join(t.TempDir(), "visits.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = books.Close(context.Background()) })
	lease, err := books.Acquire(t.Context(), "node-a")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{
		"anna", "bob", "cid", "dora", `<img src=x onerror="document.title='owned'">`, `"><script>document.title='owned'</script>`,
		"'; drop table visits", "👩‍🚀 Zoë", "\u202eright to left", "a-user-with-a-name-that-is-far-too-long-for-a-column-of-a-table-and-goes-on-and-on",
	}
	f := throng.VisitFlush{Sequence: 1, At: lease.Now}
	reasons := []throng.VisitReason{throng.VisitLeft, throng.VisitLeft, throng.VisitLeft, throng.VisitCrashed, throng.VisitDrained}
	for day := range int64(30) {
		for i, user := range names {
			begin := lease.Now - (day+1)*86_400_000 + int64(i)*3_600_000
			v := throng.Visit{User: user, StartedAt: begin, EndedAt: begin + int64(i+1)*420_000, Reason: reasons[(int(day)+i)%len(reasons)]}
			f.Closed = append(f.Closed, v)
			v.Channel = fmt.Sprintf("room:%d", i%3)
			f.Closed = append(f.Closed, v)
		}
	}
	for i, user := range names[:6] {
		begin := lease.Now - int64(i+1)*600_000
		f.Opened = append(f.Opened, throng.Visit{User: user, StartedAt: begin}, throng.Visit{User: user, Channel: "room:1", StartedAt: begin})
	}
	f.Occupancy = tide(lease.Now)
	if _, err := books.Flush(t.Context(), lease, &f); err != nil {
		t.Fatal(err)
	}
	return books
}

// tide is a week of people who come and go with the day, and a night without a server.
func tide(now int64) (curve []throng.Occupancy) {
	const every = 5 * time.Minute
	for back := 7 * 24 * time.Hour; back > 0; back -= every {
		if back > 30*time.Hour && back < 36*time.Hour {
			continue
		}
		hour := (24*7 - int64(back.Hours())) % 24
		users := 20 + 15*min(hour, 24-hour) + int64(back.Minutes())%7
		curve = append(curve, throng.Occupancy{At: now - back.Milliseconds(), Users: users, Connections: users + users/4})
	}
	return curve
}

package cli_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"throng"
	"throng/internal/api"
	"throng/internal/store/sqlite"
)

// books VARIABLE serves the API over books with visits of the last of January 2026,
// and sets a variable to its address.
func books(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: books VARIABLE")
	}
	ctx := context.Background()
	s, err := sqlite.Open(ctx, sqlite.Options{File: ts.MkAbs("visits.db")})
	ts.Check(err)
	ts.Defer(func() { _ = s.Close(ctx) })
	lease, err := s.Acquire(ctx, "node-a")
	ts.Check(err)
	_, err = s.Flush(ctx, lease, januaryVisits(lease))
	ts.Check(err)
	a, all := api.New(api.Options{Records: s, Erase: s.Erase, Node: emptyChannels{}, Clock: throng.NewClock(), MaxBody: 1 << 20}), []string{api.Any}
	a.SetKeys(api.NewKeys(api.Key{Name: "dev", Sum: api.Sum("dev"), Methods: all, Namespaces: all}))
	server := httptest.NewServer(a)
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
}

// emptyChannels is a node of which no channel kept anything.
type emptyChannels struct{ api.Node }

func (emptyChannels) RemoveHistory(_ context.Context, _ string, done func(error)) { done(nil) }

func januaryVisits(lease throng.Lease) *throng.VisitFlush {
	day := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC).UnixMilli()
	at := func(hour, minute int64) int64 { return day + (hour*60+minute)*60_000 }
	left := throng.VisitLeft
	f := &throng.VisitFlush{
		Sequence: 1, At: lease.Now,
		Closed: []throng.Visit{
			{User: "anna", StartedAt: at(10, 0), EndedAt: at(11, 0), Reason: left},
			{User: "anna", Channel: "room:1", StartedAt: at(10, 0), EndedAt: at(10, 45), Reason: left},
			{User: "anna", Channel: "room:1", Kind: throng.Watching, StartedAt: at(10, 5), EndedAt: at(10, 35), Reason: left},
			{User: "bob", StartedAt: at(10, 30), EndedAt: at(12, 42), Reason: throng.VisitCrashed},
			{User: "\x1b[31mred\t", StartedAt: at(13, 0), EndedAt: at(13, 0) + 1500, Reason: left},
			{User: "=1+1", StartedAt: at(14, 0), EndedAt: at(14, 1), Reason: left},
		},
		Opened: []throng.Visit{{User: "anna", StartedAt: lease.Now}, {User: "bob", StartedAt: lease.Now}, {User: "bob", Channel: "room:1", StartedAt: lease.Now}},
	}
	for minute := range int64(180) {
		f.Occupancy = append(f.Occupancy, throng.Occupancy{At: at(10, minute), Users: 1 + minute%60, Connections: 100})
	}
	for i := range 30 {
		f.Closed = append(f.Closed, throng.Visit{
			User: fmt.Sprintf("guest-%02d", i), Channel: "lobby:1", StartedAt: at(15, int64(i)), EndedAt: at(15, int64(i)) + 20_000, Reason: left,
		})
	}
	return f
}

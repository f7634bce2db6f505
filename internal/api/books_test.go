package api_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"throng"
	"throng/internal/store/sqlite"
)

const (
	second = int64(1000)
	minute = 60 * second
	hour   = 60 * minute
)

// books are a real store with visits in it, written as a node writes them.
type books struct {
	*sqlite.Store
	lease    throng.Lease
	sequence int64
	// day is when yesterday began, in UTC.
	day int64
}

func emptyBooks(t *testing.T) *books {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{File: filepath.Join(t.TempDir(), "visits.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	b := &books{Store: s}
	if b.lease, err = s.Acquire(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	b.day = time.UnixMilli(b.lease.Now).UTC().Truncate(24*time.Hour).UnixMilli() - 24*hour
	return b
}

func (b *books) write(t *testing.T, f throng.VisitFlush) {
	t.Helper()
	b.sequence++
	f.Sequence, f.At = b.sequence, b.lease.Now
	if _, err := b.Flush(t.Context(), b.lease, &f); err != nil {
		t.Fatal(err)
	}
}

// visited is a visit of yesterday, by its minutes.
func (b *books) visited(user, channel string, kind throng.VisitKind, from, to int64, why throng.VisitReason) throng.Visit {
	return throng.Visit{
		User: user, Channel: channel, Kind: kind, StartedAt: b.day + from*minute, EndedAt: b.day + to*minute, Reason: why,
	}
}

// someBooks: yesterday anna was here from 10:00 to 11:00, half an hour of it in room:x,
// of which she watched 15 minutes, and bob from 10:30 to 12:30, until 12:00 in other:y.
// Now anna is here, in room:x.
func someBooks(t *testing.T) *books {
	t.Helper()
	b := emptyBooks(t)
	b.write(t, throng.VisitFlush{
		Closed: []throng.Visit{
			b.visited("anna", "", throng.Connected, 600, 660, throng.VisitLeft),
			b.visited("anna", "room:x", throng.Connected, 600, 630, throng.VisitLeft),
			b.visited("anna", "room:x", throng.Watching, 605, 620, throng.VisitLeft),
			b.visited("bob", "", throng.Connected, 630, 750, throng.VisitCrashed),
			b.visited("bob", "other:y", throng.Connected, 630, 720, throng.VisitCrashed),
		},
		Opened: []throng.Visit{
			{User: "anna", StartedAt: b.lease.Now},
			{User: "anna", Channel: "room:x", StartedAt: b.lease.Now},
		},
		Occupancy: []throng.Occupancy{
			{At: b.day + 615*minute, Connections: 3, Users: 1},
			{At: b.day + 640*minute, Connections: 5, Users: 2},
			{At: b.day + 640*minute, Channel: "room:x", Connections: 1, Users: 1},
			{At: b.day + 740*minute, Connections: 1, Users: 1},
		},
	})
	return b
}

package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"throng"
)

// perFlush is how many visits a flush of a busy node has.
const perFlush = 1000

// BenchmarkFlushes opens and closes so many visits in flushes, and returns how long it
// took. Each visit is two rows: it comes into online, and goes to the log.
func BenchmarkFlushes(b *testing.B, s throng.Visits, visits int) time.Duration {
	b.Helper()
	ctx := context.Background()
	lease, err := s.Acquire(ctx, "bench")
	if err != nil {
		b.Fatal(err)
	}
	sequence := int64(0)
	flush := func(f *throng.VisitFlush) {
		sequence++
		f.Sequence, f.At = sequence, lease.Now
		if _, err := s.Flush(ctx, lease, f); err != nil {
			b.Fatal(err)
		}
	}
	begin := time.Now()
	for _, closing := range []bool{false, true} {
		for first := 0; first < visits; first += perFlush {
			var f throng.VisitFlush
			for i := first; i < min(first+perFlush, visits); i++ {
				v := throng.Visit{User: UserNumber(i), StartedAt: lease.Now + int64(i)}
				if closing {
					v.EndedAt, v.Reason = v.StartedAt+minute, throng.VisitLeft
					f.Closed = append(f.Closed, v)
				} else {
					f.Opened = append(f.Opened, v)
				}
			}
			flush(&f)
		}
	}
	return time.Since(begin)
}

// UserNumber is a name like those that applications have, in no order.
func UserNumber(i int) string { return fmt.Sprintf("user-%08x", uint32(i)*2654435761) }

// BenchmarkQueries asks each question that people have. The record is of visits until
// now of users with names of UserNumber, for a month, in the service and in the channel
// "chat".
func BenchmarkQueries(b *testing.B, s throng.Records, now int64) {
	ctx := context.Background()
	page := throng.Page{Limit: 100}
	user := UserNumber(7 * 1234)
	today := now / day * day
	sessions := func(f throng.VisitFilter) func() (int, error) {
		return func() (int, error) {
			list, _, err := s.Sessions(ctx, f, page)
			return len(list), err
		}
	}
	watched := func(q throng.WatchedQuery) func() (int, error) {
		q.Page = page
		return func() (int, error) {
			list, _, err := s.Watched(ctx, q)
			return len(list), err
		}
	}
	online := func(q throng.OnlineQuery) func() (int, error) {
		return func() (int, error) {
			list, err := s.Online(ctx, q)
			return len(list.Users) + int(min(list.Total, 1)), err
		}
	}
	for _, c := range []struct {
		name string
		ask  func() (int, error)
	}{
		{"online/count", online(throng.OnlineQuery{})},
		{"online/page", online(throng.OnlineQuery{Page: page})},
		{"online/prefix", online(throng.OnlineQuery{Prefix: "user-8", Page: page})},
		{"sessions/newest", sessions(throng.VisitFilter{})},
		{"sessions/everywhere", sessions(throng.VisitFilter{AnyChannel: true})},
		{"sessions/user", sessions(throng.VisitFilter{User: user, AnyChannel: true})},
		{"sessions/channel", sessions(throng.VisitFilter{Channel: "chat"})},
		{"sessions/node", sessions(throng.VisitFilter{Node: "node2"})},
		{"sessions/crashed", sessions(throng.VisitFilter{Reason: throng.VisitCrashed, AnyChannel: true})},
		{"sessions/long", sessions(throng.VisitFilter{Shortest: 59 * minute})},
		{"sessions/lastweek", sessions(throng.VisitFilter{From: today - 7*day, To: today - 6*day})},
		{"sessions/user+day", sessions(throng.VisitFilter{User: user, From: today - 7*day, To: today - 6*day})},
		{"watched/user", watched(throng.WatchedQuery{User: user})},
		{"watched/user+days", watched(throng.WatchedQuery{User: user, AnyChannel: true, Days: true})},
		{"watched/day", watched(throng.WatchedQuery{From: today, To: today + 1})},
		{"watched/month", watched(throng.WatchedQuery{})},
		{"watched/month+channels", watched(throng.WatchedQuery{AnyChannel: true})},
		{"watched/top+day", watched(throng.WatchedQuery{From: today - day, To: today, Order: throng.ByTime})},
		{"watched/top+month", watched(throng.WatchedQuery{Order: throng.ByTime})},
		{"curve/day", func() (int, error) {
			list, err := s.Curve(ctx, throng.CurveQuery{From: now - day, Points: 200})
			return len(list), err
		}},
		{"curve/month", func() (int, error) {
			list, err := s.Curve(ctx, throng.CurveQuery{From: now - 30*day, Points: 200})
			return len(list), err
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := c.ask(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

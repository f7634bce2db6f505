package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"throng"
)

// claimers is how many users claim in the benchmarks.
const claimers = 10_000

// BenchmarkClaims has 10,000 users claim a bonus at once, in batches of one owner, of
// which the first 10 or all have it.
func BenchmarkClaims(b *testing.B, s throng.Bonuses) {
	n := 0
	for _, quota := range []int64{10, claimers} {
		for _, size := range []int{1, 100, 1000} {
			b.Run(fmt.Sprintf("quota=%d/batch=%d", quota, size), func(b *testing.B) {
				some := claimers
				if testing.Short() || size == 1 {
					some /= 10
				}
				b.ReportAllocs()
				var took time.Duration
				for range b.N {
					n++
					took += claimAll(b, s, fmt.Sprint("bench", n), quota, some, size)
				}
				report(b, some, took)
			})
		}
	}
}

// report gives claims, not runs.
func report(b *testing.B, claims int, took time.Duration) {
	b.ReportMetric(float64(claims*b.N)/took.Seconds(), "claims/s")
	b.ReportMetric(0, "ns/op")
}

func claimAll(b *testing.B, s throng.Bonuses, id string, quota int64, users, size int) time.Duration {
	b.Helper()
	if _, err := s.CreateBonus(context.Background(), &throng.Bonus{ID: id, Quota: quota, Deadline: 1 << 40}); err != nil {
		b.Fatal(err)
	}
	batches := make([][]throng.Claim, 0, users/size)
	for first := 0; first < users; first += size {
		batch := make([]throng.Claim, size)
		for i := range batch {
			batch[i] = throng.Claim{User: UserNumber(first + i), ID: "tab:1", At: 1}
		}
		batches = append(batches, batch)
	}
	begin := time.Now()
	for _, batch := range batches {
		if _, _, err := s.Claims(context.Background(), id, batch); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(begin)
}

// BenchmarkSingles is the usual way: one transaction for each claim, from eight goroutines.
func BenchmarkSingles(b *testing.B, claim func(user string) error) {
	some := claimers / 10
	var took time.Duration
	n := 0
	for range b.N {
		var next atomic.Int64
		var all sync.WaitGroup
		begin := time.Now()
		for range 8 {
			all.Go(func() {
				for i := next.Add(1); i <= int64(some); i = next.Add(1) {
					if err := claim(UserNumber(n + int(i))); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		took += time.Since(begin)
		n += some
	}
	report(b, some, took)
}

// BenchmarkAudience asks what a bonus for those who were here, or who watched for long
// enough, needs to know of a batch of claims. The record is that of BenchmarkQueries.
func BenchmarkAudience(b *testing.B, s throng.Records, now int64) {
	ctx := context.Background()
	var users []string
	for i := range 1000 {
		users = append(users, UserNumber(i*97))
	}
	ask := func(name string, query func() (found int, err error)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			found := 0
			for b.Loop() {
				var err error
				if found, err = query(); err != nil {
					b.Fatal(err)
				}
			}
			if found == 0 && !testing.Short() { // then it would be the time of not finding anybody
				b.Error("nobody was found")
			}
			b.ReportMetric(float64(found), "found")
		})
	}
	present := func(at int64) func() (int, error) {
		return func() (int, error) {
			found, err := s.Present(ctx, throng.PresentQuery{At: at, Users: users})
			return len(found), err
		}
	}
	ask("present/now", present(now))
	ask("present/lastweek", present(now-7*day))
	watched := func(since int64) func() (int, error) {
		return func() (int, error) {
			found, _, err := s.Watched(ctx, throng.WatchedQuery{Users: users, From: since, Page: throng.Page{Limit: len(users)}})
			return len(found), err
		}
	}
	ask("watched/hour", watched(now-hour))
	ask("watched/ever", watched(0)) // of an offer that does not say since when
}

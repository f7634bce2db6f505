//go:build !nosqlite

package bonus_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"throng"
	"throng/internal/bonus"
	"throng/internal/store/sqlite"
)

// BenchmarkClaims are claims of 10,000 users at once, from the call to the answer, in
// a file of SQLite: with a quota of 10, of 10,000, and none.
func BenchmarkClaims(b *testing.B) {
	const users = 10_000
	names := make([]string, users)
	for i := range names {
		names[i] = fmt.Sprintf("user-%06d", i)
	}
	for _, quota := range []int64{10, users, 0} {
		b.Run(fmt.Sprintf("quota=%d", quota), func(b *testing.B) {
			s, err := sqlite.Open(b.Context(), sqlite.Options{File: filepath.Join(b.TempDir(), "throng.db")})
			if err != nil {
				b.Fatal(err)
			}
			clock := throng.NewClock()
			d := startDesk(b, s, clock)
			b.ReportAllocs()
			round := 0
			for b.Loop() {
				round++
				id := fmt.Sprint("b", round)
				if _, err := d.Create(b.Context(), throng.Bonus{ID: id, Quota: quota, Deadline: clock.Now() + 600_000}); err != nil {
					b.Fatal(err)
				}
				var all sync.WaitGroup
				all.Add(users)
				for _, user := range names {
					d.Claim(bonus.Claim{Bonus: id, User: user, ID: "c", At: clock.Now()}, func(throng.Judged, error) { all.Done() })
				}
				all.Wait()
			}
			b.ReportMetric(float64(users*round)/b.Elapsed().Seconds(), "claims/s")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(users*round), "ns/claim")
		})
	}
}

// BenchmarkAgain is a claim of somebody who has the bonus, and of somebody who is too
// late, as the event of a client: what is left of a million of them.
func BenchmarkAgain(b *testing.B) {
	for _, user := range []string{"first", "second"} {
		b.Run(user, func(b *testing.B) {
			clock := throng.NewClock()
			s, err := sqlite.Open(b.Context(), sqlite.Options{File: filepath.Join(b.TempDir(), "throng.db")})
			if err != nil {
				b.Fatal(err)
			}
			d := startDesk(b, s, clock)
			if _, err := d.Create(b.Context(), throng.Bonus{ID: "b", Quota: 1, Deadline: clock.Now() + 600_000}); err != nil {
				b.Fatal(err)
			}
			for _, u := range []string{"first", "second"} {
				if _, err := d.Await(b.Context(), bonus.Claim{Bonus: "b", User: u, At: clock.Now()}); err != nil {
					b.Fatal(err)
				}
			}
			e := &bonus.Event{User: user, Channel: "room:1", Name: "bonus_claim", Data: []byte(`{"id":"b","claim_id":"0123456789abcdef"}`), At: clock.Now()}
			answered := 0
			b.ReportAllocs()
			for b.Loop() {
				d.Event(e, func(bool, []byte) { answered++ })
			}
			if answered < b.N {
				b.Errorf("%d of %d were answered from memory", answered, b.N)
			}
		})
	}
}

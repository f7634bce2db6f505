package store_test

import (
	"cmp"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"throng/internal/store"
)

// TestIslands compares with counting every minute.
func TestIslands(t *testing.T) {
	const minutes, unit = 4000, int64(60_000)
	type visit struct {
		channel        string
		started, ended int64
	}
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		var visits []visit
		for range random.IntN(12) {
			begin := random.IntN(minutes)
			end := min(begin+random.IntN(500), minutes)
			visits = append(visits, visit{[]string{"", "chat"}[random.IntN(2)], int64(begin) * unit, int64(end) * unit})
		}
		slices.SortFunc(visits, func(a, b visit) int {
			return cmp.Or(cmp.Compare(a.channel, b.channel), cmp.Compare(a.started, b.started))
		})
		from, to := random.IntN(minutes), random.IntN(minutes)
		from, to = min(from, to), max(from, to)
		sum := store.Islands{User: "ann", From: int64(from) * unit, To: int64(to) * unit, Days: seed%2 == 0}
		for _, v := range visits {
			sum.Add(v.channel, v.started, v.ended)
		}
		got := make(map[string]map[int64]int64)
		for _, s := range sum.Sums() {
			if s.Milliseconds == 0 {
				continue // a visit without a length
			}
			if got[s.Channel] == nil {
				got[s.Channel] = make(map[int64]int64)
			}
			got[s.Channel][s.Day] += s.Milliseconds
		}
		want := make(map[string]map[int64]int64)
		for _, channel := range []string{"", "chat"} {
			for m := from; m < to; m++ {
				at := int64(m) * unit
				if slices.ContainsFunc(visits, func(v visit) bool { return v.channel == channel && v.started <= at && at < v.ended }) {
					day := int64(-1)
					if sum.Days {
						day = at / store.Day
					}
					if want[channel] == nil {
						want[channel] = make(map[int64]int64)
					}
					want[channel][day] += unit
				}
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: %d..%d of %+v:\n got %v\nwant %v", seed, from, to, visits, got, want)
		}
	}
}

func TestIslandsCountWhereTheyBegin(t *testing.T) {
	sum := store.Islands{From: 100, To: 1000}
	sum.Add("", 0, 100)    // goes on as the next
	sum.Add("", 100, 200)  // so this is no beginning
	sum.Add("", 300, 300)  // has no length
	sum.Add("", 900, 2000) // goes on behind the period
	sum.Add("", 3000, 4000)
	want := []store.Spent{{Day: -1, Milliseconds: 200, Visits: 2}}
	if got := sum.Sums(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

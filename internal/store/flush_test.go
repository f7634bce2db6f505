package store_test

import (
	"reflect"
	"slices"
	"testing"

	"throng"
	"throng/internal/store"
)

// TestChangesAreSorted: nodes that write the same rows take their locks in one order.
func TestChangesAreSorted(t *testing.T) {
	f := throng.VisitFlush{Sequence: 3}
	for _, user := range []string{"c", "a", "b"} {
		for _, channel := range []string{"y", "", "x"} {
			for _, kind := range []throng.VisitKind{throng.Watching, throng.Connected} {
				f.Closed = append(f.Closed, throng.Visit{User: user, Channel: channel, Kind: kind, StartedAt: 5, EndedAt: 2*store.Day + 5})
			}
		}
	}
	c, err := store.NewChanges(&f)
	if err != nil {
		t.Fatal(err)
	}
	last := store.Sum{Day: -1}
	for _, s := range c.Sums {
		key := func(s store.Sum) []any { return []any{s.Day, s.Channel, s.Kind, s.User} }
		if !(last.Day < s.Day || last.Day == s.Day && (last.Channel < s.Channel || last.Channel == s.Channel &&
			(last.Kind < s.Kind || last.Kind == s.Kind && last.User < s.User))) {
			t.Errorf("%v comes after %v", key(s), key(last))
		}
		last = s
	}
	if len(c.Sums) != 3*len(f.Closed) {
		t.Errorf("%d sums, want %d", len(c.Sums), 3*len(f.Closed))
	}
	numbers := make(map[int64]bool)
	for _, r := range c.Closed {
		numbers[r.Number] = true
	}
	if len(numbers) != len(f.Closed) {
		t.Error("two visits have one number")
	}
	slices.Reverse(f.Closed)
	again, err := store.NewChanges(&f)
	if err != nil || !reflect.DeepEqual(again, c) {
		t.Error("the order of a flush matters")
	}
}

package load

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"throng/internal/bench/report"
)

// arrivals are numbers 1 to n as a bad network brings them: some lost, some twice,
// all within less than a window of where they belong.
func arrivals(r *rand.Rand, n int) (seqs []uint32) {
	type one struct {
		seq uint32
		key int
	}
	var all []one
	loss, twice, spread := r.Float64()/2, r.Float64()/2, 1+r.IntN(window/2-2)
	for i := range n {
		if r.Float64() < loss {
			continue
		}
		all = append(all, one{uint32(i + 1), i + r.IntN(spread)})
		for r.Float64() < twice {
			all = append(all, one{uint32(i + 1), i + r.IntN(spread)})
		}
	}
	slices.SortStableFunc(all, func(a, b one) int { return cmp.Compare(a.key, b.key) })
	for _, a := range all {
		seqs = append(seqs, a.seq)
	}
	return seqs
}

// model says what a tracker has to find, from all that came.
func model(seqs []uint32, whole bool) (c report.Checks) {
	came := map[uint32]bool{}
	first, highest := uint32(1), uint32(0)
	for i, seq := range seqs {
		if i == 0 && !whole {
			first = seq
		}
		switch {
		case came[seq]:
			c.Duplicates++
		case seq < highest:
			c.Reordered++
		}
		came[seq] = true
		highest = max(highest, seq)
	}
	for seq := first; seq <= highest; seq++ {
		if !came[seq] {
			c.Gaps++
		}
	}
	return c
}

func TestTrackerIsLikeTheModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 0))
		seqs, whole := arrivals(r, 1+r.IntN(300)), seed%2 == 0
		var got report.Checks
		var tr tracker
		fresh := map[uint32]bool{}
		for i, seq := range seqs {
			if is := tr.take(seq, whole, &got); is == fresh[seq] {
				t.Fatalf("seed %d: number %d of %v: new %v", seed, i, seqs, is)
			}
			fresh[seq] = true
		}
		if want := model(seqs, whole); got != want {
			t.Fatalf("seed %d, whole %v: got %+v, want %+v: %v", seed, whole, got, want, seqs)
		}
	}
}

// What is older than the window counts as a repetition, and its gap stays.
func TestTrackerBeyondTheWindow(t *testing.T) {
	t.Parallel()
	var tr tracker
	var c report.Checks
	for _, seq := range []uint32{1, 2 + window, 2} {
		tr.take(seq, true, &c)
	}
	if want := (report.Checks{Gaps: window, Duplicates: 1}); c != want {
		t.Errorf("got %+v, want %+v", c, want)
	}
}

// A subscriber tells senders apart, however many there are.
func TestTrackersOfSenders(t *testing.T) {
	t.Parallel()
	s := sub{whole: true}
	var c report.Checks
	for seq := uint32(1); seq <= 3; seq++ {
		for user := range uint32(5) {
			if !s.take(mark{user: user, seq: seq}, &c) {
				t.Errorf("user %d, number %d: not new", user, seq)
			}
		}
	}
	if s.take(mark{user: 4, seq: 3}, &c) || s.take(mark{user: 0, seq: 1}, &c) {
		t.Error("a repetition is new")
	}
	if want := (report.Checks{Duplicates: 2}); c != want {
		t.Errorf("got %+v, want %+v", c, want)
	}
	s.forget()
	if s.take(mark{user: 1, seq: 90}, &c); c.Gaps > 0 {
		t.Error("who comes anew has a gap")
	}
}

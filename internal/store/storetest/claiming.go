package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"throng"
)

var claimingTests = []test{
	{"Claiming/Model/1", func(w *world) { claimModel(w, 1) }},
	{"Claiming/Model/2", func(w *world) { claimModel(w, 2) }},
	{"Claiming/DuplicatesOfOne", func(w *world) { claimAtOnce(w, 1, 1) }},
	{"Claiming/TheFirstTen", func(w *world) { claimAtOnce(w, 10, 2500) }},
	{"Claiming/EverybodyOnce", func(w *world) { claimAtOnce(w, 0, 2500) }},
	{"Claiming/WithdrawnMeanwhile", func(w *world) {
		w.bonus(throng.Bonus{ID: "b", Deadline: 1 << 40})
		told := newTold()
		together(4, func(i int) {
			for k := range 20 {
				if i == 0 && k == 10 {
					_, err := w.store.EndBonus(w.ctx, "b", 7, throng.BonusWithdrawn)
					if err != nil {
						w.Error(err)
					}
				}
				told.claim(w, w.store, "b", []throng.Claim{claim(fmt.Sprint(i, k), "", 5), claim(fmt.Sprint("both ", k), fmt.Sprint(i), 5)})
			}
		})
		if told.count(throng.Expired) == 0 || told.count(throng.Won) == 0 {
			w.Errorf("%d won, %d came too late", told.count(throng.Won), told.count(throng.Expired))
		}
		told.check(w, "b", 0)
	}},
}

// expected is a bonus as it should be: its journal, and how claims are judged.
type expected struct {
	quota   int64
	journal []throng.Claim
	end     throng.BonusEnd
}

func (m *expected) judge(bonus string, c throng.Claim) throng.Judged {
	i := slices.IndexFunc(m.journal, func(had throng.Claim) bool { return had.User == c.User })
	switch {
	case i >= 0 && c.ID != "" && m.journal[i].ID == c.ID:
		return throng.Judged{Verdict: throng.Won, Claim: m.journal[i]}
	case i >= 0:
		return throng.Judged{Verdict: throng.Already, Claim: m.journal[i]}
	case m.quota > 0 && int64(len(m.journal)) == m.quota:
		return throng.Judged{Verdict: throng.Exhausted}
	case m.end != throng.BonusOpen:
		return throng.Judged{Verdict: throng.Expired}
	}
	c.Bonus, c.Place = bonus, int64(len(m.journal)+1)
	m.journal = append(m.journal, c)
	return throng.Judged{Verdict: throng.Won, Claim: c}
}

// claimModel gives batches, as chance has it, to two stores on a database, some of
// them again after their answer was lost or with a context that ends on the way, and
// compares the answers with what they should be.
func claimModel(w *world, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 0))
	stores := []Store{w.store, w.another()}
	all := map[string]*expected{"none": {}, "one": {quota: 1}, "ten": {quota: 10}, "withdrawn": {quota: 10}}
	names := []string{"none", "one", "ten", "withdrawn"}
	for id, m := range all {
		w.bonus(throng.Bonus{ID: id, Quota: m.quota, Deadline: 1 << 40})
	}
	for step := range 60 {
		id := names[random.IntN(len(names))]
		m, s := all[id], stores[random.IntN(2)]
		if id == "withdrawn" && len(m.journal) >= 5 && m.end == throng.BonusOpen {
			_, err := s.EndBonus(w.ctx, id, 9, throng.BonusWithdrawn)
			w.no(err)
			m.end = throng.BonusWithdrawn
		}
		var claims []throng.Claim
		for range 1 + random.IntN(6) {
			claims = append(claims, claim(fmt.Sprint("user", random.IntN(40)), []string{"", "x", "y"}[random.IntN(3)], int64(step+1)))
		}
		var want []throng.Judged
		unknown := random.IntN(4) == 0
		if unknown { // the outcome is not known: all of it is written, or nothing
			ctx, cancel := context.WithCancel(w.ctx)
			stop := afterSome(random.IntN(20), cancel)
			_, _, _ = s.Claims(ctx, id, claims)
			stop()
		}
		for _, c := range claims {
			want = append(want, m.judge(id, c))
		}
		got, b, err := s.Claims(w.ctx, id, claims)
		w.no(err)
		for i := range got {
			// Who repeats a claim without an ID hears that it is there already.
			if unknown && claims[i].ID == "" && got[i].Verdict == throng.Already && got[i].Claim == want[i].Claim {
				got[i].Verdict = want[i].Verdict
			}
		}
		same(w, fmt.Sprintf("seed %d, step %d, %s: %+v", seed, step, id, claims), got, want)
		if b.Claimed != int64(len(m.journal)) || (b.End == throng.BonusExhausted) != (m.quota > 0 && b.Claimed == m.quota) {
			w.Errorf("%+v, want %d claims", b, len(m.journal))
		}
		if w.Failed() {
			w.FailNow()
		}
	}
	w.limit = 50
	for id, m := range all {
		same(w, "the journal of "+id, w.journal(throng.ClaimFilter{Bonus: id}), m.journal)
	}
}

// claimAtOnce has 10,000 claims of so many users come from eight goroutines on two
// stores, each user's several times.
func claimAtOnce(w *world, quota int64, users int) {
	const claims, goroutines = 10_000, 8
	w.limit = 1000
	w.bonus(throng.Bonus{ID: "b", Quota: quota, Deadline: 1 << 40})
	stores := []Store{w.store, w.another()}
	told := newTold()
	var next atomic.Int64
	together(goroutines, func(g int) {
		for {
			end := next.Add(100)
			if end > claims {
				return
			}
			var batch []throng.Claim
			for i := end - 100; i < end; i++ {
				batch = append(batch, claim(fmt.Sprintf("user%05d", int(i)%users), []string{"", "x", "y", "x"}[i*4/claims], i+1))
			}
			told.claim(w, stores[g%2], "b", batch)
		}
	})
	total := 0
	for v := throng.Won; v <= throng.NotYet; v++ {
		total += told.count(v)
	}
	if want := int(quota); total != claims || quota > 0 && len(told.granted) != want || quota == 0 && len(told.granted) != users {
		w.Errorf("%d claims were answered, %d users have it", total, len(told.granted))
	}
	told.check(w, "b", quota)
}

// told is what users were told.
type told struct {
	mu       sync.Mutex
	granted  map[string]throng.Claim // by user
	verdicts map[throng.Verdict]int
	wrong    []string
}

func newTold() *told {
	return &told{granted: make(map[string]throng.Claim), verdicts: make(map[throng.Verdict]int)}
}

// claim has claims judged, and notes what is answered.
func (t *told) claim(w *world, s throng.Bonuses, bonus string, claims []throng.Claim) {
	judged, _, err := s.Claims(w.ctx, bonus, claims)
	if err != nil {
		w.Error(err)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, j := range judged {
		t.verdicts[j.Verdict]++
		if j.Verdict > throng.Already {
			continue
		}
		if had, has := t.granted[j.Claim.User]; j.Claim.User != claims[i].User || has && had != j.Claim {
			t.wrong = append(t.wrong, fmt.Sprintf("%+v, and before %+v", j.Claim, had))
		}
		t.granted[j.Claim.User] = j.Claim
	}
}

func (t *told) count(v throng.Verdict) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.verdicts[v]
}

// check holds the journal against what was told: the same, in places without a hole, as
// many as there may be.
func (t *told) check(w *world, bonus string, quota int64) {
	w.Helper()
	for _, wrong := range t.wrong {
		w.Errorf("told: %s", wrong)
	}
	w.limit = 1000
	journal := w.journal(throng.ClaimFilter{Bonus: bonus})
	for i, c := range journal {
		if c.Place != int64(i+1) {
			w.Fatalf("place %d is %+v", i+1, c)
		}
		if t.granted[c.User] != c {
			w.Fatalf("the journal has %+v, told was %+v", c, t.granted[c.User])
		}
	}
	b, err := w.store.Bonus(w.ctx, bonus)
	w.no(err)
	if len(journal) != len(t.granted) || b.Claimed != int64(len(journal)) || quota > 0 && b.Claimed > quota {
		w.Errorf("the journal has %d claims, the bonus %d of %d, %d were told", len(journal), b.Claimed, quota, len(t.granted))
	}
}

package bonus_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/bonus"
)

// books is what users were told.
type books struct {
	mu      sync.Mutex
	places  map[string]string // by bonus and user
	refused map[string]bool
	faults  []string
}

// told notes an answer to a claim; what was said before holds.
func (b *books) told(id, user, answer string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := id + " " + user
	switch verdict, place, has := strings.Cut(answer, " "); {
	case has:
		if was, ok := b.places[key]; ok && was != place {
			b.faults = append(b.faults, fmt.Sprintf("%s has place %s, and %s", key, was, place))
		}
		b.places[key] = place
	case verdict == "exhausted" || verdict == "expired":
		b.refused[key] = true
	}
}

// TestProperty: whatever users do, operators do, the store does, and however often the
// desk is started anew: the rows are what users were told, one for each user, no more
// than the quota, and places have no holes; and the screens of who got one since the last
// start were told.
func TestProperty(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bubbleOf(t, bonus.Options{Queue: 200, Remembered: 40, Patience: 2 * time.Second}, func(w *world) {
				r := &random{world: w, rand: rand.New(rand.NewPCG(seed, 1)), books: &books{places: make(map[string]string), refused: make(map[string]bool)}}
				for range 150 {
					r.step()
				}
				w.journal.set(works)
				time.Sleep(20 * time.Second)
				synctest.Wait()
				r.check()
			})
		})
	}
}

// random does this and that.
type random struct {
	*world
	rand  *rand.Rand
	books *books
	ids   []string
	since int64 // the last start
}

func (r *random) step() {
	switch n := r.rand.IntN(100); {
	case n < 6 || len(r.ids) == 0:
		r.create()
	case n < 60:
		for range 1 + r.rand.IntN(30) {
			r.claims()
		}
	case n < 63:
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		_, _ = r.End(ctx, r.ids[r.rand.IntN(len(r.ids))])
		cancel()
	case n < 75:
		r.journal.set([]trouble{works, works, refuses, forgets, hangs}[r.rand.IntN(5)])
	case n < 78:
		r.end()
		r.start()
		r.since = r.clock.Now()
	default:
		time.Sleep(time.Duration(r.rand.IntN(3000)) * time.Millisecond)
	}
}

func (r *random) create() {
	now := r.clock.Now()
	b := throng.Bonus{ID: fmt.Sprintf("b%03d", len(r.ids)), Quota: int64(r.rand.IntN(20)), Deadline: now + 1 + int64(r.rand.IntN(20_000)), Tolerance: int64(r.rand.IntN(2)) * 100, Audience: throng.Audience{Channel: "room:1"}}
	if r.rand.IntN(3) == 0 {
		b.StartsAt = now + int64(r.rand.IntN(int(b.Deadline-now)))
	}
	if r.rand.IntN(4) == 0 {
		b.Audience.Users = []string{"user1", "user2", "user3", "user4"}
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	_, _ = r.Create(ctx, b) // it may have come to be all the same
	r.ids = append(r.ids, b.ID)
}

func (r *random) claims() {
	id, user := r.ids[max(0, len(r.ids)-1-r.rand.IntN(4))], fmt.Sprintf("user%d", r.rand.IntN(40))
	c := bonus.Claim{Bonus: id, User: user, ID: []string{"", "c1", "c2"}[r.rand.IntN(3)], At: r.clock.Now(), Channel: "room:1"}
	books := r.books
	r.Claim(c, func(j throng.Judged, err error) { books.told(id, user, textOf(j, err)) })
}

// check compares the journal with what users were told.
func (r *random) check() {
	s := r.journal
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := make(map[string]string)
	for id, b := range s.bonuses {
		list := s.claims[id]
		if b.Quota > 0 && int64(len(list)) > b.Quota || int64(len(list)) != b.Claimed {
			r.Errorf("%s: %d rows of %d, counted %d", id, len(list), b.Quota, b.Claimed)
		}
		for i, c := range list {
			if int(c.Place) != i+1 || c.At >= b.Deadline+b.Tolerance || c.At < b.StartsAt {
				r.Errorf("%s: row %d: %+v", id, i, c)
			}
			if b.Audience.Users != nil && !slices.Contains(b.Audience.Users, c.User) {
				r.Errorf("%s: it was not for %s", id, c.User)
			}
			key := id + " " + c.User
			if rows[key] != "" {
				r.Errorf("%s has it twice", key)
			}
			rows[key] = fmt.Sprint(c.Place)
			if told := r.channels.won[key]; told != rows[key] && c.At >= r.since {
				r.Errorf("the screens of %s, which has place %d, were told %q", key, c.Place, told)
			}
			if r.books.refused[key] {
				r.Errorf("%s was told that it has not got it", key)
			}
		}
	}
	for key, place := range r.books.places {
		if rows[key] != place {
			r.Errorf("%s was told place %s, the journal says %q", key, place, rows[key])
		}
	}
	for _, fault := range r.books.faults {
		r.Error(fault)
	}
	if _, waiting, remembered := r.Count(); waiting != 0 || remembered > 40 {
		r.Errorf("%d claims wait, %d are remembered", waiting, remembered)
	}
}

package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"throng"
)

var bonusTests = []test{
	{"Bonus/IsKeptAsItIs", func(w *world) {
		for i, b := range []throng.Bonus{
			{},
			{Data: []byte(`{"text":"100 € '\\x\" \u0000"}`), Quota: 10, Tolerance: 200},
			{Audience: throng.Audience{Channel: "room:1", PresentAt: 5, MinWatched: 60_000, WatchedSince: 7}},
			{Audience: throng.Audience{Users: []string{}}},
			{Audience: throng.Audience{Users: []string{"bob", "ann", "\x00", `\x00`, "😀", `"`, ""}}},
			{Data: []byte("\xff no JSON \x00"), StartsAt: 1, Deadline: 2},
		} {
			b.ID = fmt.Sprintf("bonus %d", i)
			b.CreatedAt = 1000 + int64(i)
			if b.Deadline == 0 {
				b.StartsAt, b.Deadline = 2000, 3000
			}
			w.bonus(b)
			got, err := w.store.Bonus(w.ctx, b.ID)
			w.no(err)
			same(w, "a bonus", []throng.Bonus{got}, []throng.Bonus{b})
			again := b
			again.CreatedAt, again.Claimed, again.End, again.EndedAt = 9, 9, throng.BonusWithdrawn, 9 // not content
			got, err = w.store.CreateBonus(w.ctx, &again)
			w.no(err)
			same(w, "the same once more", []throng.Bonus{got}, []throng.Bonus{b})
		}
	}},
	{"Bonus/AnotherOfTheSameID", func(w *world) {
		first := w.bonus(throng.Bonus{ID: "b", Quota: 2, StartsAt: 5, Deadline: 9, Audience: throng.Audience{Users: []string{"ann", "bob"}}})
		for what, edit := range map[string]func(b *throng.Bonus){
			"data":        func(b *throng.Bonus) { b.Data = []byte(`{}`) },
			"quota":       func(b *throng.Bonus) { b.Quota++ },
			"start":       func(b *throng.Bonus) { b.StartsAt++ },
			"deadline":    func(b *throng.Bonus) { b.Deadline++ },
			"tolerance":   func(b *throng.Bonus) { b.Tolerance++ },
			"channel":     func(b *throng.Bonus) { b.Audience.Channel = "room:1" },
			"presence":    func(b *throng.Bonus) { b.Audience.PresentAt++ },
			"watched":     func(b *throng.Bonus) { b.Audience.MinWatched++ },
			"since":       func(b *throng.Bonus) { b.Audience.WatchedSince++ },
			"users":       func(b *throng.Bonus) { b.Audience.Users = []string{"ann", "cid"} },
			"fewer":       func(b *throng.Bonus) { b.Audience.Users = []string{"ann"} },
			"none":        func(b *throng.Bonus) { b.Audience.Users = []string{} },
			"everybody":   func(b *throng.Bonus) { b.Audience.Users = nil },
			"other order": func(b *throng.Bonus) { b.Audience.Users = []string{"bob", "ann"} },
		} {
			other := first
			edit(&other)
			if _, err := w.store.CreateBonus(w.ctx, &other); !errors.Is(err, throng.ErrBonusExists) {
				w.Errorf("another %s: %v", what, err)
			}
		}
		got, err := w.store.Bonus(w.ctx, "b")
		w.no(err)
		same(w, "the first", []throng.Bonus{got}, []throng.Bonus{first})
	}},
	{"Bonus/ThatCantBe", func(w *world) {
		for _, b := range []throng.Bonus{
			{}, {ID: strings.Repeat("b", throng.MaxBonusIDBytes+1)},
			{ID: "b", Audience: throng.Audience{Channel: strings.Repeat("c", throng.MaxChannelBytes+1)}},
		} {
			if _, err := w.store.CreateBonus(w.ctx, &b); !errors.Is(err, throng.ErrBadBonus) {
				w.Errorf("a bonus of %d bytes: %v", len(b.ID), err)
			}
		}
		// Times and numbers that no database holds are brought into its years.
		const far = int64(1<<63 - 1)
		got := w.bonus(throng.Bonus{ID: "far", Quota: -1, StartsAt: -far, Deadline: far, Tolerance: far, CreatedAt: far,
			Audience: throng.Audience{PresentAt: far, MinWatched: far, WatchedSince: -5}})
		again, err := w.store.Bonus(w.ctx, "far")
		w.no(err)
		same(w, "the far one", []throng.Bonus{again}, []throng.Bonus{got})
		if got.Quota != 0 || got.StartsAt != 0 || got.Deadline < 1<<47 || got.Audience.MinWatched != far {
			w.Errorf("the far one: %+v", got)
		}
	}},
	{"Bonus/Lists", bonusLists},
	{"Bonus/Briefly", func(w *world) {
		var want []throng.Bonus
		for i, users := range [][]string{nil, {}, {"ann", "bob"}} {
			b := w.bonus(throng.Bonus{ID: fmt.Sprint(i), Data: []byte(`{"a":1}`), Quota: 2, CreatedAt: int64(9 - i), StartsAt: 5, Deadline: 100, Tolerance: 10,
				Audience: throng.Audience{Channel: "room:1", Users: users, PresentAt: 6, MinWatched: 7, WatchedSince: 8}})
			w.claims(b.ID, claim("ann", "", 7))
			b.Claimed, b.Data, b.Audience.Users = 1, nil, nil
			want = append(want, b)
		}
		same(w, "all", w.bonuses(throng.BonusFilter{Brief: true}), want)
		w.bonus(throng.Bonus{ID: "elsewhere", CreatedAt: 50, Deadline: 100})
		same(w, "live in a channel", w.bonuses(throng.BonusFilter{Brief: true, Live: true, Now: 109, Channel: "room:1"}), want)
		same(w, "later", w.bonuses(throng.BonusFilter{Brief: true, Live: true, Now: 110}), nil)
	}},
	{"Bonus/Ends", func(w *world) {
		w.bonus(throng.Bonus{ID: "b", Deadline: 100, Tolerance: 10})
		end := func(id string, at int64, want throng.BonusEnd, wantAt int64) {
			w.Helper()
			b, err := w.store.EndBonus(w.ctx, id, at, throng.BonusWithdrawn)
			w.no(err)
			if b.ID != id || b.End != want || b.EndedAt != wantAt {
				w.Errorf("%s, ended at %d: %+v", id, at, b)
			}
		}
		end("b", 110, throng.BonusOpen, 0) // it was over
		end("b", 109, throng.BonusWithdrawn, 109)
		end("b", 50, throng.BonusWithdrawn, 109)
		w.bonus(throng.Bonus{ID: "one", Quota: 1, Deadline: 100})
		w.claims("one", throng.Claim{User: "ann", At: 7})
		end("one", 50, throng.BonusExhausted, 7)
	}},
	{"Bonus/Prune", func(w *world) {
		for i := range 5 {
			id := fmt.Sprint("b", i)
			w.bonus(throng.Bonus{ID: id, CreatedAt: int64(i), Deadline: int64(100 * i), Tolerance: 50})
			w.claims(id, throng.Claim{User: "ann", At: 1}, throng.Claim{User: "bob", At: 1})
		}
		w.no(w.store.PruneBonuses(w.ctx, 0))
		w.no(w.store.PruneBonuses(w.ctx, -5))
		same(w, "all", ids(w.bonuses(throng.BonusFilter{})), []string{"b4", "b3", "b2", "b1", "b0"})
		w.no(w.store.PruneBonuses(w.ctx, 250)) // when b2 could still be claimed a moment before
		same(w, "those that are left", ids(w.bonuses(throng.BonusFilter{})), []string{"b4", "b3", "b2"})
		if got := w.journal(throng.ClaimFilter{}); len(got) != 6 {
			w.Errorf("%d claims are left, want 6: %+v", len(got), got)
		}
		// More than a transaction removes, by two nodes at once: what they leave to each other
		// goes with the next call.
		w.bonus(throng.Bonus{ID: "many", Deadline: 1})
		var crowd []throng.Claim
		for _, user := range manyUsers(6000) {
			crowd = append(crowd, claim(user, "", 0))
		}
		w.claims("many", crowd...)
		stores := []Store{w.store, w.another()}
		together(len(stores), func(i int) {
			if err := stores[i].PruneBonuses(w.ctx, time.Now().UnixMilli()); err != nil {
				w.Error(err)
			}
		})
		w.no(w.store.PruneBonuses(w.ctx, time.Now().UnixMilli()))
		same(w, "none", w.bonuses(throng.BonusFilter{}), nil)
		same(w, "no claims", w.journal(throng.ClaimFilter{}), nil)
	}},
}

func bonusLists(w *world) {
	var want []string
	for i := range 7 {
		id := fmt.Sprint("b", i)
		w.bonus(throng.Bonus{ID: id, CreatedAt: int64(i / 2), Deadline: 100 + int64(i), Tolerance: 10, Quota: 1,
			Audience: throng.Audience{Channel: []string{"", "room:1"}[i%2]}})
		want = append(want, id)
	}
	slices.Reverse(want)
	same(w, "all", ids(w.bonuses(throng.BonusFilter{})), want)
	same(w, "of a channel", ids(w.bonuses(throng.BonusFilter{Channel: "room:1"})), []string{"b5", "b3", "b1"})
	same(w, "of no channel", w.bonuses(throng.BonusFilter{Channel: "room"}), nil)
	w.claims("b3", throng.Claim{User: "ann", At: 1})
	_, err := w.store.EndBonus(w.ctx, "b4", 1, throng.BonusWithdrawn)
	w.no(err)
	same(w, "live", ids(w.bonuses(throng.BonusFilter{Live: true, Now: 111})), []string{"b6", "b5", "b2"})
	same(w, "live in a channel", ids(w.bonuses(throng.BonusFilter{Live: true, Now: 111, Channel: "room:1"})), []string{"b5"})
	page, next, err := w.store.ListBonuses(w.ctx, throng.BonusFilter{}, throng.Page{})
	if len(page) != 0 || next != "" || err != nil {
		w.Errorf("a page of none: %+v, %q, %v", page, next, err)
	}
	// What comes between two pages does not move the others.
	page, next, err = w.store.ListBonuses(w.ctx, throng.BonusFilter{}, throng.Page{Limit: 3})
	w.no(err)
	same(w, "the first page", ids(page), want[:3])
	w.bonus(throng.Bonus{ID: "late", CreatedAt: 50})
	page, _, err = w.store.ListBonuses(w.ctx, throng.BonusFilter{}, throng.Page{Limit: 3, Cursor: next})
	w.no(err)
	same(w, "the second page", ids(page), want[3:6])
	for _, cursor := range []string{"x", next + "A", next[1:]} {
		if _, _, err := w.store.ListBonuses(w.ctx, throng.BonusFilter{}, throng.Page{Limit: 3, Cursor: cursor}); !errors.Is(err, throng.ErrBadCursor) {
			w.Errorf("bonuses behind %q: %v", cursor, err)
		}
	}
	if _, _, err := w.store.ListClaims(w.ctx, throng.ClaimFilter{}, throng.Page{Limit: 3, Cursor: next}); !errors.Is(err, throng.ErrBadCursor) {
		w.Errorf("claims behind a cursor of bonuses: %v", err)
	}
}

// bonus creates a bonus, which must be possible.
func (w *world) bonus(b throng.Bonus) throng.Bonus {
	w.Helper()
	got, err := w.store.CreateBonus(w.ctx, &b)
	w.no(err)
	return got
}

// bonuses lists all that a filter finds, in pages of a few.
func (w *world) bonuses(f throng.BonusFilter) []throng.Bonus {
	w.Helper()
	var all []throng.Bonus
	for p := (throng.Page{Limit: w.limit}); ; {
		page, next, err := w.store.ListBonuses(w.ctx, f, p)
		w.no(err)
		all = append(all, page...)
		if p.Cursor = next; next == "" {
			return all
		}
	}
}

func ids(bonuses []throng.Bonus) (list []string) {
	for i := range bonuses {
		list = append(list, bonuses[i].ID)
	}
	return list
}

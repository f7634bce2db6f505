package storetest

import (
	"errors"
	"slices"
	"strings"

	"throng"
)

var claimTests = []test{
	{"Claims/Verdicts", func(w *world) {
		w.bonus(throng.Bonus{ID: "b", Quota: 3, Deadline: 100})
		ann, bob := granted("b", "ann", "a1", 5, 1), granted("b", "bob", "", 6, 2)
		same(w, "the first", w.claims("b", claim("ann", "a1", 5), claim("ann", "a1", 5), claim("ann", "a2", 6), claim("bob", "", 6), claim("bob", "", 7)),
			[]throng.Judged{{Claim: ann}, {Claim: ann}, {Verdict: throng.Already, Claim: ann}, {Claim: bob}, {Verdict: throng.Already, Claim: bob}})
		cid := granted("b", "cid", "c1", 8, 3)
		same(w, "until it is exhausted", w.claims("b", claim("ann", "", 7), claim("cid", "c1", 8), claim("dan", "d1", 8), claim("dan", "d1", 8)),
			[]throng.Judged{{Verdict: throng.Already, Claim: ann}, {Claim: cid}, {Verdict: throng.Exhausted}, {Verdict: throng.Exhausted}})
		// Whoever repeats a claim hears the same, also when it is over.
		same(w, "afterwards", w.claims("b", claim("dan", "d1", 9), claim("cid", "c1", 99), claim("bob", "b2", 9), claim("ann", "a1", 9)),
			[]throng.Judged{{Verdict: throng.Exhausted}, {Claim: cid}, {Verdict: throng.Already, Claim: bob}, {Claim: ann}})
		b, err := w.store.Bonus(w.ctx, "b")
		w.no(err)
		if b.Claimed != 3 || b.End != throng.BonusExhausted || b.EndedAt != 8 {
			w.Errorf("the bonus: %+v", b)
		}
		same(w, "the journal", w.journal(throng.ClaimFilter{}), []throng.Claim{ann, bob, cid})
		same(w, "its end", w.journal(throng.ClaimFilter{Bonus: "b", AfterPlace: 1}), []throng.Claim{bob, cid})
	}},
	{"Claims/TellTheBonus", func(w *world) {
		made := w.bonus(throng.Bonus{ID: "b", Quota: 2, Deadline: 100, Data: []byte(`{"a":1}`), Audience: throng.Audience{Users: []string{"ann", "bob"}}})
		for i, user := range []string{"ann", "ann", "bob", "cid"} {
			_, got, err := w.store.Claims(w.ctx, "b", []throng.Claim{claim(user, "", int64(10+i))})
			w.no(err)
			want := made
			if want.Claimed = 1; i >= 2 {
				want.Claimed, want.End, want.EndedAt = 2, throng.BonusExhausted, 12
			}
			same(w, "the bonus", []throng.Bonus{got}, []throng.Bonus{want})
			got, err = w.store.Bonus(w.ctx, "b")
			w.no(err)
			same(w, "the bonus, read", []throng.Bonus{got}, []throng.Bonus{want})
		}
	}},
	{"Claims/Withdrawn", func(w *world) {
		w.bonus(throng.Bonus{ID: "b", Quota: 5, Deadline: 100})
		ann := granted("b", "ann", "a", 5, 1)
		w.claims("b", claim("ann", "a", 5))
		_, err := w.store.EndBonus(w.ctx, "b", 6, throng.BonusWithdrawn)
		w.no(err)
		same(w, "what was claimed stays", w.claims("b", claim("bob", "", 7), claim("ann", "a", 7), claim("ann", "x", 7)),
			[]throng.Judged{{Verdict: throng.Expired}, {Claim: ann}, {Verdict: throng.Already, Claim: ann}})
		same(w, "the journal", w.journal(throng.ClaimFilter{}), []throng.Claim{ann})
	}},
	{"Claims/ThatCantBe", func(w *world) {
		w.bonus(throng.Bonus{ID: "b", Quota: 5, Deadline: 100})
		for _, bad := range []throng.Claim{
			{}, claim(strings.Repeat("u", throng.MaxClaimUserBytes+1), "", 5), claim("u", strings.Repeat("i", throng.MaxClaimIDBytes+1), 5),
		} {
			if _, _, err := w.store.Claims(w.ctx, "b", []throng.Claim{claim("ann", "", 5), bad}); !errors.Is(err, throng.ErrBadClaim) {
				w.Errorf("a user of %d bytes: %v", len(bad.User), err)
			}
		}
		judged, b, err := w.store.Claims(w.ctx, "b", nil)
		if len(judged) != 0 || b.ID != "b" || b.Claimed != 0 || err != nil {
			w.Errorf("no claims: %+v, %+v, %v", judged, b, err)
		}
		_, err = w.store.Bonus(w.ctx, "none")
		_, errEnd := w.store.EndBonus(w.ctx, "none", 5, throng.BonusWithdrawn)
		_, _, errClaims := w.store.Claims(w.ctx, "none", []throng.Claim{claim("ann", "", 5)})
		for call, err := range map[string]error{"Bonus": err, "EndBonus": errEnd, "Claims": errClaims} {
			if !errors.Is(err, throng.ErrUnknownBonus) {
				w.Errorf("%s of none: %v", call, err)
			}
		}
		same(w, "the journal", w.journal(throng.ClaimFilter{}), nil)
	}},
	{"Claims/NamesOfEveryKind", claimsOfStrangers},
	{"Claims/Lists", func(w *world) {
		for _, id := range []string{"c", "a", "b"} {
			w.bonus(throng.Bonus{ID: id, Deadline: 100})
			for i, user := range []string{"ann", "bob", "cid", "dan", "eve"} {
				if id != "b" || i%2 == 0 {
					w.claims(id, claim(user, "", int64(i)))
				}
			}
		}
		var want []throng.Claim
		for _, id := range []string{"a", "b", "c"} {
			place := int64(0)
			for i, user := range []string{"ann", "bob", "cid", "dan", "eve"} {
				if id != "b" || i%2 == 0 {
					place++
					want = append(want, granted(id, user, "", int64(i), place))
				}
			}
		}
		same(w, "all", w.journal(throng.ClaimFilter{}), want)
		same(w, "of a bonus", w.journal(throng.ClaimFilter{Bonus: "c"}), want[8:])
		same(w, "of a user", w.journal(throng.ClaimFilter{User: "cid"}), []throng.Claim{want[2], want[6], want[10]})
		same(w, "of both", w.journal(throng.ClaimFilter{User: "bob", Bonus: "c"}), want[9:10])
		same(w, "of nobody", w.journal(throng.ClaimFilter{User: "zoe"}), nil)
		some := []string{"dan", "zoe", "ann", "dan", "", "\x00"}
		same(w, "of some", w.journal(throng.ClaimFilter{Users: some}), []throng.Claim{want[0], want[3], want[5], want[8], want[11]})
		same(w, "of some and a bonus", w.journal(throng.ClaimFilter{Users: some, Bonus: "c"}), []throng.Claim{want[8], want[11]})
		same(w, "of one of some", w.journal(throng.ClaimFilter{Users: some, Bonus: "c", User: "dan"}), want[11:12])
		same(w, "of none", w.journal(throng.ClaimFilter{Users: []string{}}), nil)
		page, next, err := w.store.ListClaims(w.ctx, throng.ClaimFilter{}, throng.Page{})
		if len(page) != 0 || next != "" || err != nil {
			w.Errorf("a page of none: %+v, %q, %v", page, next, err)
		}
	}},
	{"Claims/AreForgotten", func(w *world) {
		for _, id := range []string{"a", "b"} {
			w.bonus(throng.Bonus{ID: id, Quota: 2, Deadline: 100, Audience: throng.Audience{Users: []string{"bob", "ann", "\x00"}}})
			w.claims(id, claim("ann", "ann's", 5), claim("bob", "", 6))
		}
		w.bonus(throng.Bonus{ID: "c", Audience: throng.Audience{Users: []string{"ann"}}})
		w.bonus(throng.Bonus{ID: "d"})
		n, err := w.store.ForgetClaims(w.ctx, "ann")
		if n != 2 || err != nil {
			w.Errorf("%d claims, %v", n, err)
		}
		same(w, "the journal", w.journal(throng.ClaimFilter{}), []throng.Claim{
			granted("a", "", "", 5, 1), granted("a", "bob", "", 6, 2), granted("b", "", "", 5, 1), granted("b", "bob", "", 6, 2)})
		same(w, "of ann", w.journal(throng.ClaimFilter{User: "ann"}), nil)
		for _, b := range w.bonuses(throng.BonusFilter{}) {
			switch {
			case b.ID == "d" && b.Audience.Users != nil, b.ID == "c" && (b.Audience.Users == nil || len(b.Audience.Users) > 0),
				b.ID < "c" && (!slices.Equal(b.Audience.Users, []string{"bob", "\x00"}) || b.Claimed != 2 || b.End != throng.BonusExhausted):
				w.Errorf("without ann: %+v", b)
			}
		}
		same(w, "claims", w.claims("a", claim("ann", "ann's", 7), claim("bob", "", 7)),
			[]throng.Judged{{Verdict: throng.Exhausted}, {Verdict: throng.Already, Claim: granted("a", "bob", "", 6, 2)}})
		if n, err := w.store.ForgetClaims(w.ctx, "ann"); n != 0 || err != nil {
			w.Errorf("the second time: %d, %v", n, err)
		}
		w.store.Erase(w.ctx, "bob")
		if got := w.journal(throng.ClaimFilter{User: "bob"}); len(got) != 2 {
			w.Errorf("Erase is about visits, and bob's claims are %+v", got)
		}
	}},
}

// claimsOfStrangers has users, claims and bonuses with all the names that are hard on
// databases.
func claimsOfStrangers(w *world) {
	w.limit = 20
	var claims []throng.Claim
	var want []throng.Claim
	w.bonus(throng.Bonus{ID: "all", Deadline: 100})
	for i, name := range strange {
		id := name
		if len(id) > throng.MaxClaimIDBytes {
			id = ""
		}
		claims = append(claims, claim(name, id, 5))
		want = append(want, granted("all", name, id, 5, int64(i+1)))
	}
	for i, j := range w.claims("all", claims...) {
		if j.Verdict != throng.Won || j.Claim != want[i] {
			w.Errorf("%q: %+v", claims[i].User, j)
		}
	}
	same(w, "the journal", w.journal(throng.ClaimFilter{}), want)
	same(w, "of all by name", w.journal(throng.ClaimFilter{Bonus: "all", Users: strange}), want)
	for i, name := range strange {
		same(w, "of one", w.journal(throng.ClaimFilter{User: name}), want[i:i+1])
		if len(name) > throng.MaxBonusIDBytes {
			continue
		}
		w.bonus(throng.Bonus{ID: name, Deadline: 100, Audience: throng.Audience{Channel: name}})
		same(w, "a claim of it", w.claims(name, claim(name, name, 5)), []throng.Judged{{Claim: granted(name, name, name, 5, 1)}})
		same(w, "in its channel", ids(w.bonuses(throng.BonusFilter{Channel: name})), []string{name})
		if n, err := w.store.ForgetClaims(w.ctx, name); n != 2 || err != nil {
			w.Errorf("%d claims of %q, %v, want 2", n, name, err)
		}
	}
}

func claim(user, id string, at int64) throng.Claim { return throng.Claim{User: user, ID: id, At: at} }

// granted is a claim as it is in the journal.
func granted(bonus, user, id string, at, place int64) throng.Claim {
	return throng.Claim{Bonus: bonus, User: user, ID: id, At: at, Place: place}
}

// claims has claims judged, which must be possible.
func (w *world) claims(bonus string, claims ...throng.Claim) []throng.Judged {
	w.Helper()
	judged, _, err := w.store.Claims(w.ctx, bonus, claims)
	w.no(err)
	if len(judged) != len(claims) {
		w.Fatalf("%d claims have %d answers", len(claims), len(judged))
	}
	return judged
}

// journal lists all claims that a filter finds, in pages of a few.
func (w *world) journal(f throng.ClaimFilter) []throng.Claim {
	w.Helper()
	var all []throng.Claim
	for p := (throng.Page{Limit: w.limit}); ; {
		page, next, err := w.store.ListClaims(w.ctx, f, p)
		w.no(err)
		all = append(all, page...)
		if p.Cursor = next; next == "" {
			return all
		}
	}
}

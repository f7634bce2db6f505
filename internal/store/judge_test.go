package store_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"throng"
	"throng/internal/store"
)

func TestJudge(t *testing.T) {
	claim := func(user, id string) throng.Claim { return throng.Claim{User: user, ID: id, At: 7} }
	row := func(user, id string, place int64) throng.Claim {
		return throng.Claim{Bonus: "b", User: user, ID: id, At: 7, Place: place}
	}
	b := throng.Bonus{ID: "b", Quota: 3, Claimed: 1}
	ann := row("ann", "a1", 1)
	judged, granted := store.Judge(&b, []throng.Claim{
		claim("ann", "a1"), claim("ann", "a2"), claim("ann", ""), claim("bob", ""), claim("bob", ""), claim("cid", "c1"),
		claim("cid", "c1"), claim("dan", "d1"), claim("ann", "a1"),
	}, store.Journal{"ann": ann})
	bob, cid := row("bob", "", 2), row("cid", "c1", 3)
	if want := []throng.Judged{
		{Verdict: throng.Won, Claim: ann}, {Verdict: throng.Already, Claim: ann}, {Verdict: throng.Already, Claim: ann},
		{Verdict: throng.Won, Claim: bob}, {Verdict: throng.Already, Claim: bob}, {Verdict: throng.Won, Claim: cid},
		{Verdict: throng.Won, Claim: cid}, {Verdict: throng.Exhausted}, {Verdict: throng.Won, Claim: ann},
	}; !reflect.DeepEqual(judged, want) {
		t.Errorf("judged:\n got %+v\nwant %+v", judged, want)
	}
	if want := []throng.Claim{bob, cid}; !reflect.DeepEqual(granted, want) {
		t.Errorf("granted: %+v, want %+v", granted, want)
	}
	if want := (throng.Bonus{ID: "b", Quota: 3, Claimed: 3, End: throng.BonusExhausted, EndedAt: 7}); !reflect.DeepEqual(b, want) {
		t.Errorf("the bonus: %+v, want %+v", b, want)
	}
}

func TestJudgeEnded(t *testing.T) {
	for end, want := range map[throng.BonusEnd]throng.Verdict{
		throng.BonusExhausted: throng.Exhausted, throng.BonusWithdrawn: throng.Expired, throng.BonusOpen: throng.Expired,
	} {
		b := throng.Bonus{ID: "b", End: end, EndedAt: 5}
		judged, granted := store.Judge(&b, []throng.Claim{{User: "ann", At: 4}}, store.Journal{})
		if judged[0].Verdict != want || len(granted) != 0 || b.Claimed != 0 {
			t.Errorf("%q: %+v, granted %+v", end, judged, granted)
		}
	}
}

func TestClaimants(t *testing.T) {
	users, err := store.Claimants([]throng.Claim{{User: "bob"}, {User: "a\x00"}, {User: "bob", ID: "1"}})
	if err != nil || !reflect.DeepEqual(users, []string{`a\x00`, "bob"}) {
		t.Errorf("%q, %v", users, err)
	}
	for _, bad := range []throng.Claim{
		{}, {User: strings.Repeat("u", throng.MaxClaimUserBytes+1)}, {User: "u", ID: strings.Repeat("i", throng.MaxClaimIDBytes+1)},
	} {
		if _, err := store.Claimants([]throng.Claim{{User: "ann"}, bad}); !errors.Is(err, throng.ErrBadClaim) {
			t.Errorf("%d bytes: %v", len(bad.User), err)
		}
	}
}

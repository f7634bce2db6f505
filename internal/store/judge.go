package store

import (
	"slices"

	"throng"
)

// Journal is what is written of some users' claims of one bonus, by user.
type Journal map[string]throng.Claim

// Claimants are the texts of who claims, each once and in order: of whom a store reads
// the journal before it judges. The error is throng.ErrBadClaim.
func Claimants(claims []throng.Claim) ([]string, error) {
	users := make([]string, len(claims))
	for i := range claims {
		c := &claims[i]
		if c.User == "" || len(c.User) > throng.MaxClaimUserBytes || len(c.ID) > throng.MaxClaimIDBytes {
			return nil, throng.ErrBadClaim
		}
		users[i] = Text(c.User)
	}
	slices.Sort(users)
	return slices.Compact(users), nil
}

// Judge says what becomes of claims of a bonus, in their order. The bonus and the
// journal are what is written, and nobody else writes until what is granted is: those
// claims are new rows, in the order of their places, and the bonus is changed to what it
// is with them.
func Judge(b *throng.Bonus, claims []throng.Claim, journal Journal) (judged []throng.Judged, granted []throng.Claim) {
	judged = make([]throng.Judged, len(claims))
	for i := range claims {
		c, j := &claims[i], &judged[i]
		if had, has := journal[c.User]; has {
			if j.Claim = had; c.ID == "" || c.ID != had.ID {
				j.Verdict = throng.Already
			}
			continue
		}
		switch {
		case b.End == throng.BonusExhausted, b.Quota > 0 && b.Claimed >= b.Quota:
			j.Verdict = throng.Exhausted
		case b.EndedAt != 0:
			j.Verdict = throng.Expired
		default:
			b.Claimed++
			j.Claim = throng.Claim{Bonus: b.ID, User: c.User, ID: c.ID, At: Moment(c.At), Place: b.Claimed}
			journal[c.User] = j.Claim
			granted = append(granted, j.Claim)
			if b.Claimed == b.Quota {
				b.End, b.EndedAt = throng.BonusExhausted, max(j.Claim.At, 1) // 0 would be open
			}
		}
	}
	return judged, granted
}

package store

import (
	"bytes"
	"slices"

	"throng"
)

// NewBonus is a bonus as it is kept: with times that databases can hold, and nothing
// claimed. The error is throng.ErrBadBonus.
func NewBonus(b *throng.Bonus) (throng.Bonus, error) {
	n := *b
	a := &n.Audience
	if n.ID == "" || len(n.ID) > throng.MaxBonusIDBytes || len(a.Channel) > throng.MaxChannelBytes {
		return throng.Bonus{}, throng.ErrBadBonus
	}
	n.CreatedAt, n.StartsAt, n.Deadline = Moment(n.CreatedAt), Moment(n.StartsAt), Moment(n.Deadline)
	a.PresentAt, a.WatchedSince = Moment(a.PresentAt), Moment(a.WatchedSince)
	n.Tolerance, n.Quota, a.MinWatched = Moment(n.Tolerance), max(n.Quota, 0), max(a.MinWatched, 0)
	n.Claimed, n.EndedAt, n.End = 0, 0, throng.BonusOpen
	return n, nil
}

// ClosesAt is from when on a bonus can't be claimed any more, however late a claim may
// arrive.
func ClosesAt(b *throng.Bonus) int64 { return Moment(Moment(b.Deadline) + Moment(b.Tolerance)) }

// SameBonus says that two bonuses, as NewBonus made them, have the same content.
func SameBonus(a, b *throng.Bonus) bool {
	return a.ID == b.ID && bytes.Equal(a.Data, b.Data) && a.Quota == b.Quota &&
		a.StartsAt == b.StartsAt && a.Deadline == b.Deadline && a.Tolerance == b.Tolerance &&
		a.Audience.Channel == b.Audience.Channel && a.Audience.PresentAt == b.Audience.PresentAt &&
		a.Audience.MinWatched == b.Audience.MinWatched && a.Audience.WatchedSince == b.Audience.WatchedSince &&
		(a.Audience.Users == nil) == (b.Audience.Users == nil) && slices.Equal(a.Audience.Users, b.Audience.Users)
}

// Texts writes names, see Text; nil stays nil.
func Texts(names []string) []string {
	if names == nil {
		return nil
	}
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = Text(name)
	}
	return texts
}

// Names are the names that Texts wrote. It changes what it is given.
func Names(texts []string) []string {
	for i, text := range texts {
		texts[i] = Name(text)
	}
	return texts
}

// Data is what Text wrote of an application's bytes; nil for nothing.
func Data(text string) []byte {
	if text == "" {
		return nil
	}
	return []byte(Name(text))
}

// BonusCursor is where a page of bonuses ended.
func BonusCursor(b *throng.Bonus) string {
	return Cursor{Numbers: []int64{b.CreatedAt}, Texts: []string{Text(b.ID)}}.String(BonusList)
}

// ParseBonusCursor reads what BonusCursor wrote.
func ParseBonusCursor(cursor string) (createdAt int64, id string, err error) {
	c, err := ParseCursor(cursor, BonusList, 1, 1)
	if err != nil {
		return 0, "", err
	}
	return c.Numbers[0], c.Texts[0], nil
}

// ClaimCursor is where a page of claims ended.
func ClaimCursor(c *throng.Claim) string {
	return Cursor{Numbers: []int64{c.Place}, Texts: []string{Text(c.Bonus)}}.String(ClaimList)
}

// ParseClaimCursor reads what ClaimCursor wrote.
func ParseClaimCursor(cursor string) (bonus string, place int64, err error) {
	c, err := ParseCursor(cursor, ClaimList, 1, 1)
	if err != nil {
		return "", 0, err
	}
	return c.Texts[0], c.Numbers[0], nil
}

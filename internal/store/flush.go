package store

import (
	"cmp"
	"fmt"
	"slices"

	"throng"
)

// Row is a visit as it is written. Names are texts (see Text), times are moments.
type Row struct {
	User, Channel      string
	Kind               throng.VisitKind
	StartedAt, EndedAt int64 // of Left: when the last client went
	Reason             throng.VisitReason
	// Number tells visits of a lease apart that are alike otherwise.
	Number int64
}

// Changes is a flush in its normal form: each list sorted by key, no key twice where
// that can't be. They are made in this order: Closed, Opened, Returned, Left, Sums.
type Changes struct {
	Closed, Opened, Returned, Left []Row
	Sums                           []Sum // that Closed adds to the days
	Occupancy                      []throng.Occupancy
}

// Empty says that there is nothing to write but the beat.
func (c *Changes) Empty() bool {
	return len(c.Closed)+len(c.Opened)+len(c.Returned)+len(c.Left)+len(c.Occupancy) == 0
}

// numbersPerFlush is how many visits of a flush have numbers of their own.
const numbersPerFlush = 1 << 24

// NewChanges brings a flush into its normal form. The same flush always gives the
// same. The error is throng.ErrBadVisit.
func NewChanges(f *throng.VisitFlush) (*Changes, error) {
	var c Changes
	var err error
	if c.Closed, err = rows(f.Closed); err != nil {
		return nil, err
	}
	if c.Opened, err = rows(f.Opened); err != nil {
		return nil, err
	}
	if c.Returned, err = rows(f.Returned); err != nil {
		return nil, err
	}
	if c.Left, err = rows(f.Left); err != nil {
		return nil, err
	}
	c.Closed = lastOf(c.Closed, func(a, b *Row) bool { return sameKey(a, b) && a.StartedAt == b.StartedAt })
	c.Opened, c.Returned, c.Left = lastOf(c.Opened, sameKey), lastOf(c.Returned, sameKey), lastOf(c.Left, sameKey)
	if len(c.Closed)+len(c.Opened) > numbersPerFlush {
		return nil, fmt.Errorf("%w: %d visits in one flush, the most is %d",
			throng.ErrBadVisit, len(c.Closed)+len(c.Opened), numbersPerFlush)
	}
	number := f.Sequence * numbersPerFlush
	for _, list := range [][]Row{c.Closed, c.Opened} {
		for i := range list {
			list[i].Number = number
			number++
		}
	}
	c.Close(c.Closed)
	for _, o := range f.Occupancy {
		o.Channel, o.At = Text(o.Channel), Moment(o.At)
		c.Occupancy = append(c.Occupancy, o)
	}
	return &c, nil
}

// Close says that these are the visits that end: it mends their ends and reasons, and
// makes the sums.
func (c *Changes) Close(ended []Row) {
	for i := range ended {
		r := &ended[i]
		r.EndedAt = max(r.EndedAt, r.StartedAt)
		if r.Reason == throng.VisitOpen {
			r.Reason = throng.VisitLeft
		}
	}
	c.Closed, c.Sums = ended, sums(ended)
}

func rows(visits []throng.Visit) ([]Row, error) {
	if len(visits) == 0 {
		return nil, nil
	}
	list := make([]Row, len(visits))
	for i := range visits {
		v := &visits[i]
		switch {
		case v.User == "":
			return nil, fmt.Errorf("%w: it has no user", throng.ErrBadVisit)
		case len(v.User) > throng.MaxVisitUserBytes:
			return nil, fmt.Errorf("%w: the user's name has %d bytes, the most is %d",
				throng.ErrBadVisit, len(v.User), throng.MaxVisitUserBytes)
		case len(v.Channel) > throng.MaxChannelBytes:
			return nil, fmt.Errorf("%w: the channel's name has %d bytes, the most is %d",
				throng.ErrBadVisit, len(v.Channel), throng.MaxChannelBytes)
		}
		list[i] = Row{
			User: Text(v.User), Channel: Text(v.Channel), Kind: v.Kind,
			StartedAt: Moment(v.StartedAt), EndedAt: Moment(v.EndedAt), Reason: v.Reason,
		}
	}
	slices.SortStableFunc(list, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.User, b.User), cmp.Compare(a.StartedAt, b.StartedAt))
	})
	return list, nil
}

func sameKey(a, b *Row) bool {
	return a.User == b.User && a.Channel == b.Channel && a.Kind == b.Kind
}

// lastOf keeps the last of neighbours that are the same.
func lastOf(list []Row, same func(a, b *Row) bool) []Row {
	kept := list[:0]
	for i := range list {
		if n := len(kept); n > 0 && same(&kept[n-1], &list[i]) {
			kept[n-1] = list[i]
			continue
		}
		kept = append(kept, list[i])
	}
	return kept
}

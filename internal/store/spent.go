package store

import (
	"cmp"
	"slices"

	"throng"
)

// Spent is an entry of a list of sums, with names as texts. Day is -1 where sums are
// not for days.
type Spent struct {
	User, Channel        string
	Day                  int64
	Milliseconds, Visits int64
}

// Watched is the entry for those who asked.
func (s *Spent) Watched() throng.Watched {
	w := throng.Watched{User: Name(s.User), Channel: Name(s.Channel), Milliseconds: s.Milliseconds, Visits: s.Visits}
	if s.Day >= 0 {
		w.Day = DayName(s.Day)
	}
	return w
}

// ParseSpent reads the entry that a page ended with; nil for the first page.
func ParseSpent(cursor string) (*Spent, error) {
	if cursor == "" {
		return nil, nil
	}
	c, err := ParseCursor(cursor, WatchedList, 1, 2)
	if err != nil {
		return nil, err
	}
	if c.Numbers[0] > DayOf(lastMoment)+1 {
		return nil, throng.ErrBadCursor
	}
	return &Spent{User: c.Texts[0], Channel: c.Texts[1], Day: c.Numbers[0] - 1}, nil
}

// compareSpent is the order of throng.ByUser.
func compareSpent(a, b *Spent) int {
	return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Day, b.Day))
}

// WatchedPage makes a page of a list that may have entries too many, which is how it
// is known that there are more.
func WatchedPage(list []Spent, order throng.WatchedOrder, limit int) (page []throng.Watched, next string) {
	if len(list) > limit {
		list = list[:limit]
		if order == throng.ByUser && limit > 0 {
			last := &list[limit-1]
			next = Cursor{Numbers: []int64{last.Day + 1}, Texts: []string{last.User, last.Channel}}.String(WatchedList)
		}
	}
	page = make([]throng.Watched, len(list))
	for i := range list {
		page[i] = list[i].Watched()
	}
	return page, next
}

// Pick takes the entries of a whole list that are behind a cursor, in an order.
func Pick(list []Spent, order throng.WatchedOrder, after *Spent) []Spent {
	kept := list[:0]
	for i := range list {
		if after == nil || compareSpent(&list[i], after) > 0 {
			kept = append(kept, list[i])
		}
	}
	slices.SortFunc(kept, func(a, b Spent) int {
		if order == throng.ByTime {
			return cmp.Or(cmp.Compare(b.Milliseconds, a.Milliseconds), compareSpent(&a, &b))
		}
		return compareSpent(&a, &b)
	})
	return kept
}

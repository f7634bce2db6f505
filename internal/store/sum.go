package store

import (
	"cmp"
	"slices"

	"throng"
)

// Sum is what is added to a day of a user.
type Sum struct {
	Day           int64 // since 1970-01-01
	User, Channel string
	Kind          throng.VisitKind
	// Milliseconds is the time spent on that day, Visits how many began on it.
	Milliseconds, Visits int64
}

// sums splits visits that ended at midnight UTC and adds up what belongs to the same
// day, sorted by key: day, channel, kind, user.
func sums(ended []Row) []Sum {
	if len(ended) == 0 {
		return nil
	}
	list := make([]Sum, 0, len(ended))
	for i := range ended {
		r := &ended[i]
		first := DayOf(r.StartedAt)
		for day := first; day == first || day*Day < r.EndedAt; day++ {
			s := Sum{
				Day: day, User: r.User, Channel: r.Channel, Kind: r.Kind,
				Milliseconds: min(r.EndedAt, (day+1)*Day) - max(r.StartedAt, day*Day),
			}
			if day == first {
				s.Visits = 1
			}
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Sum) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Channel, b.Channel),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.User, b.User))
	})
	kept := list[:0]
	for _, s := range list {
		if n := len(kept); n > 0 {
			last := &kept[n-1]
			if last.Day == s.Day && last.Channel == s.Channel && last.Kind == s.Kind && last.User == s.User {
				last.Milliseconds += s.Milliseconds
				last.Visits += s.Visits
				continue
			}
		}
		kept = append(kept, s)
	}
	return kept
}

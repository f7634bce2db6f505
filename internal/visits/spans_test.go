package visits_test

import (
	"cmp"
	"fmt"
	"slices"
)

// span is a time, in milliseconds.
type span struct{ from, to int64 }

func (s span) String() string { return fmt.Sprintf("%d-%d", s.from, s.to) }

// spans are times that don't touch, in order.
type spans []span

// union puts times together that are apart by at most gap.
func union(gap int64, list ...span) (all spans) {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for _, s := range list {
		if n := len(all); n > 0 && s.from-all[n-1].to <= gap {
			all[n-1].to = max(all[n-1].to, s.to)
			continue
		}
		all = append(all, s)
	}
	return all
}

// beyond returns what of s is outside of all by more than slack.
func (s span) beyond(all spans, slack int64) (rest spans) {
	for _, a := range all {
		if a.to+slack <= s.from || s.from >= s.to {
			continue
		}
		if a.from-slack > s.from {
			rest = append(rest, span{s.from, min(s.to, a.from)})
		}
		s.from = max(s.from, a.to)
	}
	if s.to-s.from > slack {
		rest = append(rest, s)
	}
	return slices.DeleteFunc(rest, func(r span) bool { return r.to-r.from <= slack })
}

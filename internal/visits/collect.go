package visits

import (
	"slices"

	"throng"
)

// flush is what the store is told at once, and what the ledger has to know of it if
// it is not applied.
type flush struct {
	throng.VisitFlush
	ended []ended // those of Closed
	news  []news  // of those whose leave time it says again, or takes back
	beat  bool    // it says all that there was to say
}

// news is an entry of which the store knew already when its last client left, before
// it was told otherwise: the visit ends there should the flush be refused.
type news struct {
	e            *entry
	told         int64
	opened, said uint32
}

func (f *flush) rows() int {
	return len(f.Opened) + len(f.Left) + len(f.Returned) + len(f.Closed)
}

func (f *flush) full() bool { return f.rows() >= group }

// collect gathers what there is to say. A beat looks at those who left too: their
// leave times are said, and those over the grace are closed. Between two beats nothing
// is said of them, so that a client that is back at once costs no write; but then the
// flush may not claim that they were here until now: its At stays at the first of
// these times, and should the node die, nobody is given what it was not here for.
//
// A flush has a bound. If more is left to be said, At is before that too, and the
// next flush follows at once.
func (l *Ledger) collect(beat bool) (f *flush, more bool) {
	l.dirty.Store(0)
	now := l.frame.Load().at(l.clock.Now())
	f = &flush{beat: beat}
	f.Sequence, f.At = int64(l.sequence)+1, now
	for i := range l.shards {
		s := &l.shards[(l.first+i)%shards]
		s.mu.Lock()
		if beat && l.sweep(s, f, now) {
			more = true
		}
		s.giveClosed(l, f)
		s.giveFresh(f)
		more = more || len(s.fresh)+len(s.closed) > 0
		s.mu.Unlock()
	}
	l.first = (l.first + 1) % shards // nobody is always the last one
	f.At = max(f.At, l.said)
	return f, more
}

// giveClosed moves ended visits into a flush.
func (s *shard) giveClosed(l *Ledger, f *flush) {
	n := 0
	for ; n < len(s.closed) && !f.full(); n++ {
		c := &s.closed[n]
		f.Closed = append(f.Closed, c.visit)
		f.ended = append(f.ended, *c)
	}
	l.pending.Add(int64(-n))
	s.closed = without(s.closed, n)
	for i := range s.closed {
		if c := &s.closed[i]; c.opened != 0 && (c.said == 0 || c.back) {
			f.At = min(f.At, c.visit.EndedAt)
		}
	}
}

// giveFresh puts visits that began into a flush. One whose last client has left
// already is told so at once.
func (s *shard) giveFresh(f *flush) {
	n := 0
	for ; n < len(s.fresh) && !f.full(); n++ {
		e := s.fresh[n]
		e.flags &^= isFresh
		if e.is(isOver|isParked) || e.opened != 0 {
			continue
		}
		e.opened = uint32(f.Sequence)
		f.Opened = append(f.Opened, e.visit())
		if e.clients == 0 {
			s.sayLeft(e, f)
		}
	}
	s.fresh = without(s.fresh, n)
	if s.unsaid != 0 {
		f.At = min(f.At, s.unsaid)
	}
}

func (s *shard) sayLeft(e *entry, f *flush) {
	if e.said != 0 {
		f.news = append(f.news, news{e, e.told, e.opened, e.said})
	}
	v := e.visit()
	v.EndedAt = e.left
	e.said, e.told = uint32(f.Sequence), e.left
	e.flags &^= isBack
	f.Left = append(f.Left, v)
}

// sweep goes through those who left, and reports whether there was no room for all.
func (l *Ledger) sweep(s *shard, f *flush, now int64) (more bool) {
	keep := s.away[:0]
	s.unsaid = 0
	for _, e := range s.away {
		switch {
		case e.is(isOver):
			continue
		case e.clients > 0 && e.is(isBack) && f.full():
			more = true
		case e.clients > 0:
			if e.is(isBack) {
				f.Returned = append(f.Returned, e.visit())
				f.news = append(f.news, news{e, e.told, e.opened, e.said})
				e.said = 0
			}
			e.flags &^= isAway | isBack
			continue
		case now-e.left > l.heldFor(s, e):
			l.over(s, e)
			continue
		case e.opened == 0: // when it is opened, that it left is said with it
		case e.said != 0 && !e.is(isBack): // the store knows
		case f.full():
			more = true
			if s.unsaid == 0 || e.left < s.unsaid {
				s.unsaid = e.left
			}
		default:
			s.sayLeft(e, f)
		}
		keep = append(keep, e)
	}
	clear(s.away[len(keep):])
	s.away = keep
	if len(keep) == 0 && cap(keep) > small {
		s.away = nil
	}
	return more
}

// expire closes the visits of those who left and are over the grace, while the store is
// away and no beat does: what is kept meanwhile has a bound.
func (l *Ledger) expire() {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		now := s.frame.at(l.clock.Now())
		s.away = slices.DeleteFunc(s.away, func(e *entry) bool {
			if !e.is(isOver) && (e.clients > 0 || now-e.left <= l.heldFor(s, e)) {
				return false
			}
			if !e.is(isOver) {
				l.over(s, e)
			}
			return true
		})
		// Nobody gives these to a flush now, and each would stay here with its user's name.
		s.fresh = slices.DeleteFunc(s.fresh, func(e *entry) bool { return e.is(isOver) })
		s.mu.Unlock()
	}
}

// small is the capacity that an empty list may keep.
const small = 64

// without returns a list without its first n elements, in the same memory.
func without[T any](list []T, n int) []T {
	rest := copy(list, list[n:])
	clear(list[rest:])
	if rest == 0 && cap(list) > small {
		return nil
	}
	return list[:rest]
}

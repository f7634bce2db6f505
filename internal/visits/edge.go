package visits

import "throng"

// What happens to an entry when clients come and go. Only the first client's coming
// and the last one's going are edges; between them a number changes. All of this
// runs under the shard's lock.

// came counts one client more, at a time.
func (l *Ledger) came(s *shard, e *entry, at int64) {
	e.clients++
	if e.clients == 1 {
		l.resume(s, e, at)
	}
}

// resume goes on with a visit that is held for the grace, or begins one.
func (l *Ledger) resume(s *shard, e *entry, at int64) {
	if e.place == nil {
		s.here++
	}
	if e.is(isAway) && !e.is(isParked) && e.left != 0 {
		if at-e.left <= l.grace {
			if e.said != 0 {
				e.flags |= isBack
			}
			if e.opened == 0 { // a lease was lost meanwhile
				l.freshen(s, e)
			}
			return
		}
		l.finish(s, e, throng.VisitLeft)
	}
	l.begin(s, e, at)
}

// begin begins a visit.
func (l *Ledger) begin(s *shard, e *entry, at int64) {
	e.started, e.left, e.opened, e.said = at, 0, 0, 0
	e.flags &^= isParked | isBack
	l.freshen(s, e)
}

func (l *Ledger) freshen(s *shard, e *entry) {
	if !e.is(isFresh) {
		e.flags |= isFresh
		s.fresh = append(s.fresh, e)
	}
	l.touch()
}

// went counts one client less, which was last there at a time. With hold, the last
// one's may come back within the grace.
func (l *Ledger) went(s *shard, e *entry, at int64, hold bool) {
	e.left = max(e.left, at, e.started)
	if e.clients--; e.clients > 0 {
		return
	}
	if e.place == nil {
		s.here--
	}
	if !hold {
		l.finish(s, e, throng.VisitLeft)
		s.remove(e)
		return
	}
	if !e.is(isAway) {
		e.flags |= isAway
		s.away = append(s.away, e)
	}
	if s.unsaid == 0 || e.left < s.unsaid {
		s.unsaid = e.left
	}
}

// finish ends a visit when its last client left. The entry stays.
func (l *Ledger) finish(s *shard, e *entry, why throng.VisitReason) {
	switch {
	case e.opened == 0 && e.left <= e.started: // nobody saw it
	case e.opened == 0 && l.pending.Load() >= l.opts.Buffer:
		// One that the store has open is never dropped: it would stay there for as long
		// as this node lives. They are no more than were here when the store went away.
		l.stats.Dropped.Add(1)
	default:
		s.closed = append(s.closed, e.ended(why))
		l.pending.Add(1)
		l.touch()
	}
	e.started, e.left, e.opened, e.said = e.left, 0, 0, 0
	e.flags &^= isBack
}

// touch says that there is something to write. The first wakes the ledger's
// goroutine, and so does the one that makes a group full.
func (l *Ledger) touch() {
	if n := l.dirty.Add(1); n == 1 || n == group {
		select {
		case l.wake <- struct{}{}:
		default: // it has not looked yet
		}
	}
}

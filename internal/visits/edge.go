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
		if at-e.left <= l.heldFor(s, e) {
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
	e.flags &^= isParked | isBack | isPaused
	l.freshen(s, e)
}

func (l *Ledger) freshen(s *shard, e *entry) {
	if !e.is(isFresh) {
		e.flags |= isFresh
		s.fresh = append(s.fresh, e)
	}
	l.touch()
}

// hold is how a visit goes on when its last client went.
type hold uint8

const (
	// ends: it does not.
	ends hold = iota
	// pauses: if a client says within the lull that it watches again.
	pauses
	// waits: if a client is back within the grace.
	waits
)

// lull is how long a pause of what is watched may be that counts as watching, in
// milliseconds: under a second. Without it, a client that changes its mind as often as
// it can write would make a visit of each time.
const lull = 999

// heldFor is how long an entry without a client is held open. A channel of which one
// counts is no longer than for the lull where the user watches another one.
func (l *Ledger) heldFor(s *shard, e *entry) int64 {
	switch {
	case e.is(isPaused):
		return lull
	case e.is(isParked) || e.place != nil && e.place.exclusive && s.heir(e) != nil:
		return min(lull, l.grace)
	}
	return l.grace
}

// over ends what is held for an entry of which no client was back in time. Where one
// channel counts the next one takes over when this one was left.
func (l *Ledger) over(s *shard, e *entry) {
	var heir *entry
	if left := e.left; !e.is(isParked) {
		if e.place != nil && e.place.exclusive {
			heir = s.heir(e)
		}
		l.finish(s, e, throng.VisitLeft)
		if heir != nil {
			s.first(heir)
			l.begin(s, heir, left)
		}
	}
	s.remove(e)
}

// went counts one client less, which was last there at a time.
func (l *Ledger) went(s *shard, e *entry, at int64, how hold) {
	e.left = max(e.left, at, e.started)
	if e.clients--; e.clients > 0 {
		return
	}
	if e.place == nil {
		s.here--
	}
	e.flags &^= isPaused
	switch how {
	case ends:
		l.finish(s, e, throng.VisitLeft)
		s.remove(e)
		return
	case pauses:
		e.flags |= isPaused
	}
	s.leave(e)
	if s.unsaid == 0 || e.left < s.unsaid {
		s.unsaid = e.left
	}
}

// leave puts an entry among those that are looked at with each beat.
func (s *shard) leave(e *entry) {
	if !e.is(isAway) {
		e.flags |= isAway
		s.away = append(s.away, e)
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

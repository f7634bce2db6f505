package visits

import (
	"throng"
	"throng/internal/session"
)

// A watching visit is there while at least one of the user's clients in the channel
// says that it shows it. With the policy exclusive one channel of the user counts: the
// one that a client turned to last, of those that are still watched. The others are
// parked: watched, without a visit.
//
// A channel whose last connection is lost keeps its place, and counts if it did, for
// the lull: so clients that come back in a moment, polls above all, don't take the time
// from each other with each request.

// Watches implements session.Watcher.
func (l *Ledger) Watches(sub *session.Subscription, on bool) {
	user := kept(sub.Session().User())
	sh := l.shard(user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	at := sh.frame.at(l.clock.Now())
	if !on {
		l.ceased(sh, user, sub.Channel(), at, pauses)
		return
	}
	exclusive := sub.Namespace().Watch == throng.WatchExclusive
	if exclusive {
		l.yield(sh, user, at)
	}
	e := sh.enterPlace(user, sub.Channel(), throng.Watching, exclusive)
	if !e.place.exclusive {
		l.came(sh, e, at)
		return
	}
	l.turn(sh, e, at)
}

// turn counts a client more of a channel of which one counts, and makes it that one. A
// client that is back after a moment has not turned to it.
func (l *Ledger) turn(s *shard, e *entry, at int64) {
	if counts := s.counts(e.user); counts != nil && counts != e {
		if e.clients == 0 && e.left != 0 && at-e.left <= l.heldFor(s, e) {
			e.clients++
			return
		}
		l.park(s, counts, at)
	}
	s.first(e)
	e.clients++
	switch {
	case e.is(isParked):
		l.begin(s, e, at)
	case e.clients == 1:
		l.resume(s, e, at)
	}
}

// counts returns which of a user's exclusive channels does; nil for none.
func (s *shard) counts(user string) *entry {
	for e := s.watched[user]; e != nil; e = e.place.next {
		if !e.is(isParked) {
			return e
		}
	}
	return nil
}

// first makes a channel the one that the user turned to last.
func (s *shard) first(e *entry) {
	if s.watched[e.user] != e {
		s.unlink(&s.watched, &s.most[3], e)
		s.link(s.watched, e)
	}
}

// heir returns who counts when an exclusive channel does not any more: the first of the
// others that a client watches; nil for none.
func (s *shard) heir(of *entry) *entry {
	for e := s.watched[of.user]; e != nil; e = e.place.next {
		if e != of && e.clients > 0 {
			return e
		}
	}
	return nil
}

// park ends the visit of the channel that counted until now.
func (l *Ledger) park(s *shard, counts *entry, at int64) {
	held, lost := counts.clients == 0, counts.left
	if !held {
		counts.left = max(at, counts.started)
	}
	l.finish(s, counts, throng.VisitLeft)
	counts.flags |= isParked
	switch {
	case held && counts.is(isPaused): // nobody shows it
		s.remove(counts)
	case held:
		counts.left = lost
	}
}

// yield passes the time on if the last connection of the channel that counts was lost,
// and is not back in time.
func (l *Ledger) yield(s *shard, user string, at int64) {
	if e := s.counts(user); e != nil && e.clients == 0 && at-e.left > l.heldFor(s, e) {
		l.over(s, e)
	}
}

// ceased counts a client less that watches a channel.
func (l *Ledger) ceased(s *shard, user, channel string, at int64, how hold) {
	e := s.places[spot{user, channel, throng.Watching}]
	if e == nil || e.clients == 0 {
		return
	}
	if !e.place.exclusive {
		l.went(s, e, at, how)
		return
	}
	l.yield(s, user, at)
	heir := s.heir(e)
	switch {
	case e.is(isParked):
		l.unseen(s, e, at, how)
	case e.clients > 1 || heir == nil || how == waits:
		l.went(s, e, at, how)
	default:
		l.went(s, e, at, ends)
		s.first(heir)
		l.begin(s, heir, e.started) // it takes over where this one ended
	}
}

// unseen counts a client less that watches a channel that does not count.
func (l *Ledger) unseen(s *shard, e *entry, at int64, how hold) {
	e.clients--
	switch {
	case e.clients > 0:
	case how == waits:
		e.left = at
		s.leave(e)
	default:
		s.remove(e)
	}
}

// ceasedAll is ceased for all exclusive channels of a session that ends. The one that
// counts comes last: it is held for the grace, or for the lull if another session watches
// another one, and does not pass the time on to those that end with it.
func (l *Ledger) ceasedAll(s *shard, of *session.Session, user string, at int64) {
	var counts *session.Subscription
	of.Each(func(sub *session.Subscription) {
		if !sub.Watching() || !sub.Present() || sub.Namespace().Watch != throng.WatchExclusive {
			return
		}
		e := s.places[spot{user, sub.Channel(), throng.Watching}]
		if e != nil && !e.is(isParked) {
			counts = sub
			return
		}
		l.ceased(s, user, sub.Channel(), at, waits)
	})
	if counts != nil {
		l.ceased(s, user, counts.Channel(), at, waits)
	}
}

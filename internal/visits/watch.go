package visits

import (
	"throng"
	"throng/internal/session"
)

// A watching visit is there while at least one of the user's clients in the channel
// says that it shows it. With the policy exclusive one channel of the user counts,
// the first of its list: the one that a client turned to last, of those that are
// still watched. The others are parked: watched, without a visit.

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
	e := sh.enterPlace(user, sub.Channel(), throng.Watching, exclusive)
	if !e.place.exclusive {
		l.came(sh, e, at)
		return
	}
	l.turn(sh, e, at)
}

// turn counts a client more of a channel of which one counts, and makes it that one.
func (l *Ledger) turn(s *shard, e *entry, at int64) {
	counts := s.watched[e.user]
	if counts == e && e.is(isParked) { // e is new
		counts = e.place.next
	}
	if counts != nil && counts != e {
		l.park(s, counts, at)
		s.unlink(&s.watched, &s.most[3], e)
		s.link(s.watched, e)
	}
	e.clients++
	switch {
	case e.is(isParked):
		l.begin(s, e, at)
	case e.clients == 1:
		l.resume(s, e, at)
	}
}

// park ends the visit of the channel that counted until now.
func (l *Ledger) park(s *shard, e *entry, at int64) {
	if e.clients > 0 {
		e.left = max(at, e.started)
	}
	l.finish(s, e, throng.VisitLeft)
	e.flags |= isParked
	if e.clients == 0 { // it was held for the grace
		s.remove(e)
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
	next := e.place.next
	switch {
	case e.clients > 1 && !e.is(isParked):
		l.went(s, e, at, how)
	case e.is(isParked):
		if e.clients--; e.clients == 0 {
			s.remove(e)
		}
	default:
		if next == nil {
			l.went(s, e, at, how)
			return
		}
		l.went(s, e, at, ends)
		l.begin(s, next, e.started) // it takes over where this one ended
	}
}

// ceasedAll is ceased for all exclusive channels of a session that ends. The one that
// counts comes last: it is held for the grace, unless another session watches another
// one, and does not pass the time on to those that end with it.
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

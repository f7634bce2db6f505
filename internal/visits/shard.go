package visits

import (
	"sync"

	"throng"
	"throng/internal/shrink"
)

// shards is in how many parts the users lie. Loops wait for each other, and for the
// ledger's own goroutine, only within one of them, and a map can be made smaller
// without stopping anybody for long.
const shards = 256

// shard is one part of the users. All that is known of a user is in the same one.
type shard struct {
	mu     sync.Mutex
	users  map[string]*entry // in the service
	places map[spot]*entry   // in channels
	// lists lead to the places of each user who has some. Channels that it watches
	// exclusively are in watched instead, the one that counts first, the others in the
	// order in which the user turned to them last.
	lists, watched map[string]*entry
	most           [4]shrink.Most // of the maps

	frame  *frame
	fresh  []*entry // visits that begin
	away   []*entry // those whose last client left; some may be back
	closed []ended  // visits that ended
	// unsaid is not later than any leave time that the store has not been told; 0 for
	// none.
	unsaid int64
	here   int // users with a client
}

// spot names a place.
type spot struct {
	user, channel string
	kind          throng.VisitKind
}

func (s *shard) init(f *frame) {
	s.users, s.places = make(map[string]*entry), make(map[spot]*entry)
	s.lists, s.watched = make(map[string]*entry), make(map[string]*entry)
	s.frame = f
}

// enter returns a user's entry, a new one without a client if there is none.
func (s *shard) enter(user string) *entry {
	e := s.users[user]
	if e == nil {
		e = &entry{user: user}
		s.users[user] = e
	}
	return e
}

// enterPlace is enter for a channel.
func (s *shard) enterPlace(user, channel string, kind throng.VisitKind, exclusive bool) *entry {
	at := spot{user, channel, kind}
	e := s.places[at]
	if e == nil {
		e = &entry{user: user, place: &place{channel: channel, kind: kind, exclusive: exclusive}}
		s.places[at] = e
		if exclusive {
			e.flags |= isParked
			s.link(s.watched, e)
		} else {
			s.link(s.lists, e)
		}
	}
	return e
}

// remove takes an entry out of the maps.
func (s *shard) remove(e *entry) {
	e.flags |= isOver
	switch p := e.place; {
	case p == nil:
		shrink.Delete(&s.users, &s.most[0], e.user)
		return
	case p.exclusive:
		s.unlink(&s.watched, &s.most[3], e)
	default:
		s.unlink(&s.lists, &s.most[2], e)
	}
	shrink.Delete(&s.places, &s.most[1], spot{e.user, e.place.channel, e.place.kind})
}

// link puts an entry in front of its user's list.
func (s *shard) link(lists map[string]*entry, e *entry) {
	first := lists[e.user]
	e.place.next, e.place.prev = first, nil
	if first != nil {
		first.place.prev = e
	}
	lists[e.user] = e
}

func (s *shard) unlink(lists *map[string]*entry, most *shrink.Most, e *entry) {
	p := e.place
	if p.next != nil {
		p.next.place.prev = p.prev
	}
	switch {
	case p.prev != nil:
		p.prev.place.next = p.next
	case p.next != nil:
		(*lists)[e.user] = p.next
	default:
		shrink.Delete(lists, most, e.user)
	}
	p.next, p.prev = nil, nil
}

// each calls f for all entries; f may not remove any.
func (s *shard) each(f func(*entry)) {
	for _, e := range s.users {
		f(e)
	}
	for _, e := range s.places {
		f(e)
	}
}

// of calls f for all entries of a user; f may remove them.
func (s *shard) of(user string, f func(*entry)) {
	if e := s.users[user]; e != nil {
		f(e)
	}
	for _, e := range [2]*entry{s.lists[user], s.watched[user]} {
		for e != nil {
			next := e.place.next
			f(e)
			e = next
		}
	}
}

package session

import (
	"hash/maphash"

	"throng/internal/shrink"
)

// Users are the sessions of one loop whose users are known, by user. They are for
// use on that loop only.
type Users struct {
	seed  maphash.Seed
	parts [userParts]struct {
		named map[string]*Session
		most  shrink.Most
	}
}

// userParts is in how many parts the users lie: a map of all of them could not be
// made smaller without stopping the loop.
const userParts = 256

// NewUsers returns an empty index.
func NewUsers() *Users { return &Users{seed: maphash.MakeSeed()} }

// Each calls f for all sessions of a user on this loop, if they are at most most;
// f may end any of them. If there are more, it calls f for none and returns false:
// a list cannot be walked in pieces while sessions leave it.
func (u *Users) Each(user string, most int, f func(*Session)) bool {
	// Ending a session takes it out of the list, so it is written down first.
	var all []*Session
	for s := u.parts[u.part(user)].named[user]; s != nil; s = s.account.next {
		if len(all) == most {
			return false
		}
		all = append(all, s)
	}
	for _, s := range all {
		if !s.ended {
			f(s)
		}
	}
	return true
}

// Count returns how many users there are on this loop.
func (u *Users) Count() (n int) {
	for i := range u.parts {
		n += len(u.parts[i].named)
	}
	return n
}

func (u *Users) part(user string) int { return int(maphash.String(u.seed, user) % userParts) }

func (u *Users) add(user string, s *Session) {
	p := &u.parts[u.part(user)]
	if p.named == nil {
		p.named = make(map[string]*Session)
	}
	first := p.named[user]
	if first != nil {
		first.account.prev = s
	}
	s.account.next = first
	p.named[user] = s
}

func (u *Users) remove(user string, s *Session) {
	a := s.account
	if a.next != nil {
		a.next.account.prev = a.prev
	}
	switch p := &u.parts[u.part(user)]; {
	case a.prev != nil:
		a.prev.account.next = a.next
	case a.next != nil:
		p.named[user] = a.next
	default:
		shrink.Delete(&p.named, &p.most, user)
	}
	a.next, a.prev = nil, nil
}

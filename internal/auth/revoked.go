package auth

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"throng/internal/shrink"
)

// revoked is what was taken back. Loops read it while others write.
type revoked struct {
	most  int64
	count atomic.Int64 // names; most servers have none, and look no further
	seed  maphash.Seed
	parts [revokedParts]revokedPart

	mu  sync.Mutex
	all span // everybody's
	// everybody is all.before, for who only reads.
	everybody atomic.Pointer[span]
}

// revokedParts: a part is swept in microseconds, so that nobody waits for its lock.
const revokedParts = 256

type revokedPart struct {
	mu     sync.RWMutex
	tokens map[string]span // by jti
	users  map[string]span
	// What the maps once held, see shrink.
	mostTokens, mostUsers shrink.Most
}

// span says which tokens are meant, and for how long that is remembered. Both are
// Clock milliseconds.
type span struct{ before, until int64 }

func newRevoked(most int) *revoked { return &revoked{most: int64(most), seed: maphash.MakeSeed()} }

func (r *revoked) part(name string) *revokedPart {
	return &r.parts[maphash.String(r.seed, name)%revokedParts]
}

// has reports whether a token was taken back.
func (r *revoked) has(id, user string, issued, now int64) bool {
	if all := r.everybody.Load(); all != nil && issued < all.before && now < all.until {
		return true
	}
	if r.count.Load() == 0 {
		return false
	}
	if id != "" {
		if s, ok := r.part(id).find(true, id); ok && now < s.until {
			return true
		}
	}
	if user != "" {
		s, ok := r.part(user).find(false, user)
		return ok && issued < s.before && now < s.until
	}
	return false
}

func (p *revokedPart) find(token bool, name string) (s span, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if token {
		s, ok = p.tokens[name]
	} else {
		s, ok = p.users[name]
	}
	return s, ok
}

// add takes a revocation in, which was checked. It reports whether there was room,
// and whether that says anything new.
func (r *revoked) add(v Revocation, now int64) (room, fresh bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := span{v.Before, v.Until}
	if v.TokenID == "" && v.User == "" {
		all := r.all.join(s, now)
		fresh, r.all = all != r.all, all
		r.everybody.Store(&all)
		return true, fresh
	}
	name := v.TokenID + v.User // one of them is empty
	p := r.part(name)
	if _, known := p.find(v.TokenID != "", name); !known && !r.room(now) {
		return false, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &p.users
	if v.TokenID != "" {
		m = &p.tokens
	}
	if *m == nil {
		*m = make(map[string]span)
	}
	old, known := (*m)[name]
	joined := old.join(s, now)
	(*m)[name] = joined
	if !known {
		r.count.Add(1)
	}
	return true, !known || joined != old
}

// room reports whether there is room for another name.
func (r *revoked) room(now int64) bool {
	if r.count.Load() >= r.most {
		r.sweep(now)
	}
	return r.count.Load() < r.most
}

// join is a revocation that means what both mean. Of one that is over nothing is
// left.
func (s span) join(t span, now int64) span {
	if s.until <= now {
		return t
	}
	return span{max(s.before, t.before), max(s.until, t.until)}
}

// names counts those of which revocations are in force.
func (r *revoked) names(now int64) int {
	if r.count.Load() == 0 {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep(now)
	return int(r.count.Load())
}

// sweep forgets what is over. mu is held.
func (r *revoked) sweep(now int64) {
	for i := range r.parts {
		p := &r.parts[i]
		p.mu.Lock()
		n := sweep(&p.tokens, &p.mostTokens, now) + sweep(&p.users, &p.mostUsers, now)
		p.mu.Unlock()
		r.count.Add(-int64(n))
	}
}

func sweep(m *map[string]span, most *shrink.Most, now int64) (n int) {
	for name, s := range *m {
		if s.until <= now {
			shrink.Delete(m, most, name)
			n++
		}
	}
	return n
}

// list returns all that is in force.
func (r *revoked) list(now int64) (all []Revocation) {
	if s := r.everybody.Load(); s != nil && s.until > now {
		all = append(all, Revocation{Before: s.before, Until: s.until})
	}
	for i := range r.parts {
		p := &r.parts[i]
		p.mu.RLock()
		for id, s := range p.tokens {
			if s.until > now {
				all = append(all, Revocation{TokenID: id, Until: s.until})
			}
		}
		for user, s := range p.users {
			if s.until > now {
				all = append(all, Revocation{User: user, Before: s.before, Until: s.until})
			}
		}
		p.mu.RUnlock()
	}
	return all
}

package visits

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"

	"throng"
	"throng/internal/session"
)

var (
	_ session.Attendance = (*Ledger)(nil)
	_ session.Watcher    = (*Ledger)(nil)
)

func (l *Ledger) shard(user string) *shard {
	return &l.shards[maphash.String(l.seed, user)%shards]
}

// kept is the name under which a user is kept: a store takes any bytes, and not more
// than so many.
func kept(user string) string {
	if len(user) <= throng.MaxVisitUserBytes {
		return user
	}
	sum := sha256.Sum256([]byte(user))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Came implements session.Attendance. A client that says late who it is has been in
// its channels already.
func (l *Ledger) Came(s *session.Session) {
	user := kept(s.User())
	sh := l.shard(user)
	sh.mu.Lock()
	l.came(sh, sh.enter(user), sh.frame.at(l.clock.Now()))
	sh.mu.Unlock()
	if s.Count() > 0 {
		s.Each(func(sub *session.Subscription) {
			if sub.Present() {
				l.Joined(sub)
			}
		})
	}
}

// Went implements session.Attendance.
func (l *Ledger) Went(s *session.Session) {
	user := kept(s.User())
	sh := l.shard(user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	at := sh.frame.at(l.gone(s))
	if e := sh.users[user]; e != nil && e.clients > 0 {
		l.went(sh, e, at, waits)
	}
	if sh.watched[user] != nil {
		l.ceasedAll(sh, s, user, at)
	}
}

// gone is when a session's client was last there, on the node's clock.
func (l *Ledger) gone(s *session.Session) int64 {
	if at := s.Gone(); at != 0 {
		return at
	}
	return l.clock.Now()
}

// Joined implements session.Attendance.
func (l *Ledger) Joined(sub *session.Subscription) {
	user := kept(sub.Session().User())
	if user == "" || !sub.Namespace().Visits {
		return
	}
	sh := l.shard(user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	l.came(sh, sh.enterPlace(user, sub.Channel(), throng.Connected, false), sh.frame.at(l.clock.Now()))
}

// Parted implements session.Attendance.
func (l *Ledger) Parted(sub *session.Subscription) {
	s := sub.Session()
	user, ns := kept(s.User()), sub.Namespace()
	if user == "" || !ns.Visits && !sub.Watching() {
		return
	}
	sh := l.shard(user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	at := sh.frame.at(l.gone(s))
	// Of a session that ended, Went has seen to what is watched exclusively.
	if sub.Watching() && !(s.Ended() && ns.Watch == throng.WatchExclusive) {
		how := waits
		if sub.Left() {
			how = pauses
		}
		l.ceased(sh, user, sub.Channel(), at, how)
	}
	if !ns.Visits {
		return
	}
	if e := sh.places[spot{user, sub.Channel(), throng.Connected}]; e != nil && e.clients > 0 {
		l.went(sh, e, at, waits)
	}
}

// Missed implements session.Attendance: what a client did not get changes nothing of
// its being here.
func (l *Ledger) Missed(*session.Subscription) {}

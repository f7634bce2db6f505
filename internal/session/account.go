package session

import "throng"

// account is what a token said of a client. A session of which nothing is known
// has none.
type account struct {
	id *throng.Identity
	// grants are those of subscriptions, by their class.
	grants []granted
	// until is when a client that has not said yet who it is must have done so, in
	// Clock milliseconds; 0 for all others.
	until int64
	since int64 // when the session began, in Clock milliseconds
	// The user's other sessions on this loop.
	next, prev *Session
}

// granted is what a token said of one subscription.
type granted struct {
	class uint32
	grant *throng.Grant
}

// Auth checks the tokens of clients. Its errors are those that clients are told.
type Auth interface {
	// Connection returns for whom a connection token stands.
	Connection(token string) (*throng.Identity, *throng.Error)
	// Subscription returns what a subscription token grants to a user in a channel.
	Subscription(token, user, channel string) (*throng.Grant, *throng.Error)
	// Costly reports whether a token takes so long to check that a client must not
	// send many: it is signed with a private key.
	Costly(token string) bool
}

// What a client may have its loop check of costly tokens: so many within so long. A
// loop does nothing else meanwhile.
const (
	maxChecks   = 8
	checkWindow = 10 // seconds
)

// Afford reports why a token of the client's is not checked now: it is costly, and so
// were too many before.
func (s *Session) Afford(token string) *throng.Error {
	if !s.env.Auth.Costly(token) {
		return nil
	}
	now := uint32(s.env.Clock.Now() / 1000)
	if now-s.checksFrom >= checkWindow {
		s.checks, s.checksFrom = 0, now
	}
	if s.checks == maxChecks {
		return throng.ErrTooManyRequests
	}
	s.checks++
	return nil
}

// Identity returns what is known of the client; nil for nothing.
func (s *Session) Identity() *throng.Identity {
	if s.account == nil {
		return nil
	}
	return s.account.id
}

// User returns who the client is, empty when that is not known.
func (s *Session) User() string {
	if id := s.Identity(); id != nil {
		return id.User
	}
	return ""
}

// Since returns when a session with a user began, in Clock milliseconds; 0 where
// that is not known.
func (s *Session) Since() int64 {
	if s.account == nil {
		return 0
	}
	return s.account.since
}

// Info returns what others may know of the client.
func (s *Session) Info() *throng.ClientInfo {
	who := &throng.ClientInfo{Client: s.client}
	if id := s.Identity(); id != nil {
		who.User, who.Info = id.User, id.Info
	}
	return who
}

// Await makes the session one whose client has until a time to say who it is.
// Before, it may do nothing.
func (s *Session) Await(until int64) { s.open().until = until }

// awaited reports whether the client still has to say who it is.
func (s *Session) awaited() bool { return s.account != nil && s.account.until != 0 }

func (s *Session) open() *account {
	if s.account == nil {
		s.account = &account{}
	}
	return s.account
}

// identify notes who the client is.
func (s *Session) identify(id *throng.Identity) {
	if id == nil {
		return
	}
	a := s.open()
	known := a.id != nil && a.id.User != ""
	a.id, a.until = id, 0
	if known || id.User == "" {
		return
	}
	if s.env.Users != nil {
		a.since = s.env.Clock.Now()
		s.users().add(id.User, s)
	}
	s.came()
}

// unlist takes the session out of its user's list.
func (s *Session) unlist() {
	user := s.User()
	if user == "" {
		return
	}
	if s.env.Users != nil {
		s.users().remove(user, s)
	}
	s.went()
}

func (s *Session) users() *Users { return s.env.Users[s.transport.Ref().Loop] }

// Refresh replaces what is known of a client by what a newer token says. The user
// stays the same: who was nobody may become somebody.
func (s *Session) Refresh(id *throng.Identity) *throng.Error {
	if user := s.User(); user != "" && user != id.User {
		return throng.ErrUnauthorized
	}
	s.identify(id)
	s.wire.Rearm()
	return nil
}

// grant remembers what a token said of a subscription.
func (s *Session) grant(class uint32, g *throng.Grant) {
	if g == nil || g.Expires == 0 && !g.Publish && g.Info == nil {
		return // there is nothing to remember
	}
	a := s.open()
	a.grants = append(a.grants, granted{class, g})
	if g.Expires != 0 {
		s.wire.Rearm()
	}
}

// Grant returns what a token said of the subscription, or nil.
func (sub *Subscription) Grant() *throng.Grant {
	a := sub.session.account
	if a == nil {
		return nil
	}
	for i := range a.grants {
		if a.grants[i].class == sub.class {
			return a.grants[i].grant
		}
	}
	return nil
}

// drop forgets what a token said of a subscription.
func (a *account) drop(class uint32) {
	for i := range a.grants {
		if a.grants[i].class == class {
			last := len(a.grants) - 1
			a.grants[i] = a.grants[last]
			a.grants[last] = granted{}
			a.grants = a.grants[:last]
			return
		}
	}
}

// Deadline is when Expire has something to do, in Clock milliseconds; 0 for never.
func (s *Session) Deadline() (at int64) {
	a := s.account
	if a == nil {
		return 0
	}
	at = a.until
	if a.id != nil {
		at = throng.Earlier(at, a.id.Expires)
	}
	for i := range a.grants {
		at = throng.Earlier(at, a.grants[i].grant.Expires)
	}
	return at
}

// Expire ends what has lasted its time: subscriptions, or the whole session.
func (s *Session) Expire(now int64) {
	a := s.account
	switch {
	case a == nil || s.ended:
	case a.until != 0 && now >= a.until:
		s.wire.Disconnect(throng.DisconnectStale)
	case a.id != nil && a.id.Expires != 0 && now >= a.id.Expires:
		s.wire.Disconnect(throng.DisconnectExpired)
	default:
		s.Each(func(sub *Subscription) {
			if g := sub.Grant(); g != nil && g.Expires != 0 && now >= g.Expires {
				sub.End(throng.UnsubscribeExpired)
			}
		})
	}
}

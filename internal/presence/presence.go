package presence

import (
	"crypto/rand"
	"encoding/base64"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"throng"
	"throng/internal/session"
	"throng/internal/shrink"
)

// Options are what presence is made of.
type Options struct {
	// Sink takes what all of a channel are told. It is called under a room's lock.
	Sink throng.Sink
	// Post brings what one client is told to its loop; under a room's lock too.
	Post  func(to throng.Ref, m any)
	Clock *throng.Clock
	// Gather is for how long changes are gathered, Count how often a crowd is
	// counted at most; default 250 ms and 1 s.
	Gather, Count time.Duration
	// ListBytes is how large a list may be: a channel whose list would be larger is a
	// crowd. 0 means 512 KiB. Lists can't be dropped where a client is slow, so this has
	// to be well below what may wait for one.
	ListBytes int
}

// DefaultList is up to how many members everybody is told of each, where a namespace
// does not say.
const DefaultList = 200

// Presence implements session.Attendance for all channels of a node.
type Presence struct {
	opts   Options
	seed   maphash.Seed
	prefix string        // of references: another process's are different
	refs   atomic.Uint64 // so far
	agenda agenda
	stats  Stats
	shards [shards]shard
}

var _ session.Attendance = (*Presence)(nil)

const shards = 256

// shard is a part of the rooms, and the lock of all of them. It is held for a few
// steps, or for a list that is bounded by Namespace.PresenceList and Options.ListBytes.
type shard struct {
	mu    sync.Mutex
	rooms map[string]*room
	most  shrink.Most
}

// Stats are what presence did; anyone may read them.
type Stats struct {
	Rooms   atomic.Int64  // channels with members now
	Members atomic.Int64  // in all of them
	Crowds  atomic.Int64  // of the rooms, those that are counted
	Diffs   atomic.Uint64 // differences told to channels
	Lists   atomic.Uint64 // whole lists told to channels, and to single clients
	Counts  atomic.Uint64 // counts told to channels
	Renewed atomic.Uint64 // of the lists, those for clients that were too slow
}

// New makes the presence of a node. Run keeps it going.
func New(o Options) *Presence {
	if o.Gather <= 0 {
		o.Gather = 250 * time.Millisecond
	}
	if o.Count <= 0 {
		o.Count = time.Second
	}
	if o.Clock == nil {
		o.Clock = throng.NewClock()
	}
	if o.ListBytes <= 0 {
		o.ListBytes = 512 << 10
	}
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails
	p := &Presence{opts: o, seed: maphash.MakeSeed(), prefix: base64.RawURLEncoding.EncodeToString(random[:])}
	p.agenda.wake = make(chan struct{}, 1)
	for i := range p.shards {
		p.shards[i].rooms = make(map[string]*room)
	}
	return p
}

// Stats returns the counters.
func (p *Presence) Stats() *Stats { return &p.stats }

func (p *Presence) shard(channel string) *shard {
	return &p.shards[maphash.String(p.seed, channel)%shards]
}

// Came implements session.Attendance: a client of which nothing was known said who
// it is. Where it is a member, it is one under another name now.
func (p *Presence) Came(s *session.Session) {
	s.Each(func(sub *session.Subscription) {
		if !sub.Present() || off(sub) {
			return
		}
		before := who{key: s.Client().String(), client: s.Client(), anonymous: true}
		sh := p.shard(sub.Channel())
		sh.mu.Lock()
		defer sh.mu.Unlock()
		if r := sh.rooms[sub.Channel()]; r != nil {
			if m := r.find(before); m != nil && m.said != nil {
				m.said.public = true // its own list has it, so its end has to be told
			}
			r.quit(before)
			r.enter(introduced(sub))
		}
	})
}

// Went implements session.Attendance: the end of its subscriptions says all.
func (p *Presence) Went(*session.Session) {}

// Joined implements session.Attendance.
func (p *Presence) Joined(sub *session.Subscription) {
	if off(sub) {
		return
	}
	w := introduced(sub)
	sh := p.shard(sub.Channel())
	sh.mu.Lock()
	r := sh.rooms[sub.Channel()]
	if r == nil {
		r = p.open(sh, sub)
	}
	v := r.view(r.enter(w))
	sh.mu.Unlock()
	if !p.offer(sub, v) {
		// The Presence class keeps differences for its first list, and would put them on
		// top of the one that comes, also where one between them was dropped.
		p.show(sub, view{list: noList})
	}
}

// Parted implements session.Attendance.
func (p *Presence) Parted(sub *session.Subscription) {
	if off(sub) {
		return
	}
	w := whose(sub)
	sh := p.shard(sub.Channel())
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if r := sh.rooms[sub.Channel()]; r != nil {
		r.unwatch(sub)
		delete(r.owed, sub)
		r.quit(w)
		r.tidy()
	}
}

func off(sub *session.Subscription) bool { return sub.Namespace().Presence == throng.PresenceOff }

// open makes the room of a channel. The caller holds the shard's lock.
func (p *Presence) open(sh *shard, sub *session.Subscription) *room {
	r := &room{p: p, name: sub.Channel(), shard: sh, ns: sub.Namespace()}
	r.members.split(1)
	if r.ns.Presence == throng.PresenceClients {
		r.people = make(map[string][]*member)
	}
	sh.rooms[r.name] = r
	p.stats.Rooms.Add(1)
	return r
}

// close forgets a room that nobody is in. The caller holds the shard's lock.
func (p *Presence) close(r *room) {
	r.gone = true
	shrink.Delete(&r.shard.rooms, &r.shard.most, r.name)
	p.stats.Rooms.Add(-1)
	if r.crowd {
		p.stats.Crowds.Add(-1)
	}
}

// with runs f on the room of a subscription's channel and its member there, under
// the lock. It reports false where there is none, also before the subscription has
// joined: another one of its user may be the member that is found, and what is kept of
// this one would not be forgotten when it fails.
func (p *Presence) with(sub *session.Subscription, f func(*room, *member)) bool {
	if !sub.Present() {
		return false
	}
	sh := p.shard(sub.Channel())
	w := whose(sub)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	r := sh.rooms[sub.Channel()]
	if r == nil {
		return false
	}
	m := r.find(w)
	if m == nil || m.conns == 0 {
		return false
	}
	f(r, m)
	return true
}

package userstate

import (
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"throng"
	"throng/internal/session"
	"throng/internal/shrink"
	"throng/internal/store"
)

// Options are what users' maps are made of.
type Options struct {
	// Publish publishes to a user's own channel, in the order of the calls. It is called
	// under a lock, and may call done before it returns; done is called once.
	Publish func(channel string, p *throng.Publication, done func(error))
	// Post brings a message to the session behind a Ref.
	Post func(to throng.Ref, m any)
	// Here reports whether somebody of this node is in a user's own channel.
	Here  func(channel string) bool
	Store throng.UserStates // nil: maps are in memory only
	Clock *throng.Clock
	Log   *slog.Logger
	// Keys are the most that a user has, ValueBytes the longest value, UserBytes the
	// most bytes of a user's keys and values, Memory that of all maps in memory with the
	// changes that wait. With a store it may be exceeded by the maps that are being read.
	Keys, ValueBytes, UserBytes int
	Memory                      int64
	// Mutations is of how many of a user's changes the result is kept.
	Mutations int
	// Idle is for how long the map of a user who is not here stays in memory.
	Idle time.Duration
	// History is for how long a client that was away is told what it missed.
	History time.Duration
	// Gather is for how long changes are gathered that are written together; default 2 ms.
	Gather time.Duration
}

// States are the maps of a node's users.
type States struct {
	opts   Options
	seed   maphash.Seed
	shards [shards]shard
	memory atomic.Int64 // of all maps and what waits, as count counts it
	stats  Stats
	outage store.Outage // what is said of a store that is away

	movedSaid atomic.Int64 // when it was said last that maps moved, in Clock milliseconds

	wake    chan struct{} // something is due earlier
	planned atomic.Int64  // when Run looks next, in Clock milliseconds
	roomAt  atomic.Int64  // when it may make room next
	hand    int           // the shard where it did last

	mu      sync.Mutex // innermost
	failed  []string   // users whose last diff the broker did not take
	dirty   []*user    // with changes to write
	unread  []*user    // to be loaded
	writing chan struct{}
	reading chan struct{}
}

// Stats are what happened; anyone may read them.
type Stats struct {
	Users     atomic.Int64  // maps in memory now
	Writes    atomic.Uint64 // changes that were made
	Conflicts atomic.Uint64 // changes that expected another version
	Replays   atomic.Uint64 // changes that had been made before
	Refused   atomic.Uint64 // changes that were refused for another reason
	Expired   atomic.Uint64 // keys whose time was over
	Snapshots atomic.Uint64 // maps shown to clients
	Renewed   atomic.Uint64 // maps told to all because a diff was not taken
	Loads     atomic.Uint64 // maps read from the store
	Commits   atomic.Uint64 // groups of changes written
	Failures  atomic.Uint64 // calls of the store that failed
}

const shards = 256

// shard is a part of the users, and the lock of all of them.
type shard struct {
	mu     sync.Mutex
	users  map[string]*user
	most   shrink.Most
	agenda agenda
}

// user is one user's map and what is under way with it.
type user struct {
	name    string
	book    book
	known   bool // the book is what the store has
	doubted bool // it was known, and perhaps more was written since
	loading bool
	saving  bool // what was taken of queue is on its way into the store
	listed  bool // among those with changes to write
	gone    bool // not in its shard any more
	queue   []*operation
	held    int // bytes of the changes that wait, or are being written
	waiting []waiter
	asked   int64 // when it began to wait for the store to load it
	touched int64 // when somebody wanted it
	counted int64 // what of it is in States.memory
	due     int64 // when the agenda has it
	place   int   // in the agenda, plus one
}

// operation is a change that waits, or the wish to forget the whole map.
type operation struct {
	change Change
	kind   operationKind
	done   func(Outcome)
}

type operationKind uint8

const (
	toChange operationKind = iota
	toExpire
	toForget
)

// waiter is who wants to see the map: a subscription, or somebody else.
type waiter struct {
	to    throng.Ref
	class uint32
	done  func([]byte, *throng.Error)
}

// New makes the maps of a node. Run keeps them going.
func New(o Options) *States {
	if o.Clock == nil {
		o.Clock = throng.NewClock()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Gather <= 0 {
		o.Gather = 2 * time.Millisecond
	}
	s := &States{
		opts: o, seed: maphash.MakeSeed(),
		wake: make(chan struct{}, 1), writing: make(chan struct{}, 1), reading: make(chan struct{}, 1),
	}
	s.outage = store.Outage{
		Log: o.Log, Clock: o.Clock, Level: slog.LevelWarn,
		Away: "users' maps: the store fails; changes are refused", Back: "users' maps: the store works again",
	}
	for i := range s.shards {
		s.shards[i].users = make(map[string]*user)
	}
	return s
}

// Stats returns the counters, Memory the bytes of all maps in memory and what waits.
func (s *States) Stats() *Stats { return &s.stats }

// Memory is explained at Stats.
func (s *States) Memory() int64 { return s.memory.Load() }

func (s *States) shard(name string) *shard { return &s.shards[maphash.String(s.seed, name)%shards] }

// user returns a user's record, a new one if need be. The caller holds the lock.
func (s *States) user(sh *shard, name string) *user {
	now := s.opts.Clock.Now()
	if u := sh.users[name]; u != nil {
		u.touched = now
		return u
	}
	u := &user{name: name, known: s.opts.Store == nil, touched: now}
	sh.users[name] = u
	s.stats.Users.Add(1)
	s.count(u)
	s.schedule(sh, u)
	return u
}

// drop takes a user's record out of memory. The caller holds the lock.
func (s *States) drop(sh *shard, u *user) {
	u.gone = true
	sh.agenda.remove(u)
	shrink.Delete(&sh.users, &sh.most, u.name)
	s.stats.Users.Add(-1)
	s.memory.Add(-u.counted)
}

// Submit makes a change. done is told what became of it, behind the diff; it is called
// once, now or later, and maybe under a lock: it must not block or call back.
func (s *States) Submit(c Change, done func(Outcome)) {
	refuse := func(err *throng.Error) {
		s.stats.Refused.Add(1)
		done(Outcome{Err: err})
	}
	if err := s.check(&c, s.opts.Clock.Now()); err != nil {
		refuse(err)
		return
	}
	sh := s.shard(c.User)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	u, err := s.admit(sh, c.User)
	switch {
	case err != nil:
		refuse(err)
	case c.Value != nil && s.full():
		refuse(s.noRoom())
	case s.opts.Store != nil:
		s.enqueue(u, &operation{change: c, done: done})
	default:
		out, made := s.apply(&u.book, &c, s.opts.Clock.Now())
		s.finish(sh, u, out, made, done)
	}
}

// finish tells what became of a change, and everybody of the change. The caller holds
// the lock.
func (s *States) finish(sh *shard, u *user, out Outcome, made *throng.StateChange, done func(Outcome)) {
	if made == nil {
		if out.Err != nil && out.Err != throng.ErrVersionConflict {
			s.stats.Refused.Add(1)
		}
		done(out)
		return
	}
	s.count(u)
	s.schedule(sh, u)
	s.tell(made, func() { done(out) })
}

// Forget removes all of a user's map, for ever. done is as Submit's.
func (s *States) Forget(name string, done func(Outcome)) {
	if throng.UserChannel(name) == "" { // who has no channel has no map
		done(Outcome{})
		return
	}
	sh := s.shard(name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s.opts.Store != nil {
		s.enqueue(s.user(sh, name), &operation{kind: toForget, done: done}) // room or not
		return
	}
	if u := sh.users[name]; u != nil {
		s.drop(sh, u)
		s.tellAll(&user{name: name})
	}
	done(Outcome{})
}

var _ session.Errand = (*showing)(nil)

package visits_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"throng"
	"throng/internal/session"
	"throng/internal/session/sessiontest"
	"throng/internal/store"
	"throng/internal/store/sqlite"
	"throng/internal/visits"
)

// world is a store that all nodes share, whose clock the test sets. In a bubble of
// synctest it lives in virtual time.
type world struct {
	t     testing.TB
	mu    sync.Mutex
	skew  time.Duration // of the store's clock
	store store.Store
	log   *slog.Logger
}

// opener opens a store whose clock is the bubble's, and something.
type opener func(t testing.TB, skew func() time.Duration) (store.Store, error)

func inSQLite(t testing.TB, skew func() time.Duration) (store.Store, error) {
	return sqlite.Open(context.Background(), sqlite.Options{File: filepath.Join(t.TempDir(), "visits.db"), Skew: skew})
}

func newWorld(t testing.TB, open opener) *world {
	w := &world{t: t, log: slog.New(slog.DiscardHandler)}
	s, err := open(t, w.skewed)
	if err != nil {
		t.Fatal(err)
	}
	w.store = s
	return w
}

// close ends the world, within its bubble.
func (w *world) close() {
	if err := w.store.Close(context.Background()); err != nil {
		w.t.Error(err)
	}
}

func (w *world) skewed() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.skew
}

// set sets the store's clock forward, or back.
func (w *world) set(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.skew += by
}

// now is the store's time.
func (w *world) now() int64 { return time.Now().Add(w.skewed()).UnixMilli() }

// all returns every visit in the store, in the order of their beginnings.
func (w *world) all() (list []throng.Visit) {
	w.t.Helper()
	for _, kind := range []throng.VisitKind{throng.Connected, throng.Watching} {
		for next, more := "", true; more; more = next != "" {
			page, n, err := w.store.Sessions(context.Background(), throng.VisitFilter{AnyChannel: true, Kind: kind}, throng.Page{Cursor: next, Limit: 1000})
			if err != nil {
				w.t.Fatal(err)
			}
			list, next = append(list, page...), n
		}
	}
	slices.SortFunc(list, func(a, b throng.Visit) int {
		return cmp.Or(cmp.Compare(a.StartedAt, b.StartedAt), cmp.Compare(a.User, b.User), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.EndedAt, b.EndedAt))
	})
	return list
}

// online returns who the store says is here.
func (w *world) online() (users []string) {
	w.t.Helper()
	for next, more := "", true; more; more = next != "" {
		page, err := w.store.Online(context.Background(), throng.OnlineQuery{Page: throng.Page{Cursor: next, Limit: 1000}})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, u := range page.Users {
			users = append(users, u.User)
		}
		next = page.Next
	}
	slices.Sort(users)
	return users
}

// want compares the visits of a user with lines as show writes them; times are
// counted from a beginning.
func (w *world) want(from int64, user string, lines ...string) {
	w.t.Helper()
	var got []string
	for _, v := range w.all() {
		if v.User == user {
			got = append(got, show(v, from))
		}
	}
	if !slices.Equal(got, lines) {
		w.t.Errorf("the visits of %s are\n\t%q\nnot\n\t%q", user, got, lines)
	}
}

// show writes a visit as "room:1 watching 0-1500 left", without what is usual.
func show(v throng.Visit, from int64) string {
	s := fmt.Sprintf("%d-", v.StartedAt-from)
	if v.Reason != throng.VisitOpen {
		s += fmt.Sprintf("%d %s", v.EndedAt-from, v.Reason)
	}
	if v.Kind == throng.Watching {
		s = "watching " + s
	}
	if v.Channel != "" {
		s = v.Channel + " " + s
	}
	return s
}

// line is a node's way to the store. It can break.
type line struct {
	store.Store
	mu     sync.Mutex
	broken trouble
	// flushes are those that were given, and applied is At of the last that the store
	// took.
	flushes []throng.VisitFlush
	applied int64
	// sweep is how the way of Reap and Prune is broken besides, and reaps are when it
	// was asked for.
	sweep trouble
	reaps []time.Time
	slow  time.Duration // how long a flush takes
}

// trouble is how a line is broken.
type trouble int

const (
	works trouble = iota
	refuses
	forgets // does what is asked, and loses the answer
	hangs   // until who asks gives up
	hangsLate
)

var errLine = errors.New("the line to the store is broken")

func (l *line) set(b trouble) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = b
}

// pass does what is asked, as far as the line works.
func (l *line) pass(ctx context.Context, do func() error) error {
	l.mu.Lock()
	broken := l.broken
	l.mu.Unlock()
	switch broken {
	case works:
		return do()
	case forgets:
		if err := do(); err != nil {
			return err
		}
	case hangs:
		<-ctx.Done()
		return ctx.Err()
	case hangsLate:
		if err := do(); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}
	return errLine
}

func (l *line) Acquire(ctx context.Context, node string) (lease throng.Lease, err error) {
	err = l.pass(ctx, func() (err error) { lease, err = l.Store.Acquire(ctx, node); return err })
	return lease, err
}

func (l *line) Flush(ctx context.Context, lease throng.Lease, f *throng.VisitFlush) (now int64, err error) {
	l.mu.Lock()
	slow := l.slow
	l.mu.Unlock()
	select {
	case <-time.After(slow):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	err = l.pass(ctx, func() (err error) {
		now, err = l.Store.Flush(ctx, lease, f)
		if err == nil {
			l.mu.Lock()
			l.flushes = append(l.flushes, *f)
			l.applied = f.At
			l.mu.Unlock()
		}
		return err
	})
	return now, err
}

func (l *line) Release(ctx context.Context, lease throng.Lease, at int64, why throng.VisitReason) error {
	return l.pass(ctx, func() error { return l.Store.Release(ctx, lease, at, why) })
}

func (l *line) Reap(ctx context.Context, ttl time.Duration) (r throng.Reaped, err error) {
	l.mu.Lock()
	l.reaps = append(l.reaps, time.Now())
	l.mu.Unlock()
	err = l.passSweep(ctx, func() (err error) { r, err = l.Store.Reap(ctx, ttl); return err })
	return r, err
}

func (l *line) Prune(ctx context.Context, keep throng.VisitRetention) error {
	return l.passSweep(ctx, func() error { return l.Store.Prune(ctx, keep) })
}

func (l *line) passSweep(ctx context.Context, do func() error) error {
	l.mu.Lock()
	dark := l.sweep == hangs
	l.mu.Unlock()
	if dark {
		<-ctx.Done()
		return ctx.Err()
	}
	return l.pass(ctx, do)
}

func (l *line) setSweep(b trouble) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep = b
}

// asked is when Reap was, since a time.
func (l *line) asked(since time.Time) (times []time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, at := range l.reaps {
		if at.After(since) {
			times = append(times, at)
		}
	}
	return times
}

// last is the present that the last flush spoke of.
func (l *line) last() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.applied
}

// rows are how many were said so far.
func (l *line) rows() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.flushes {
		f := &l.flushes[i]
		n += len(f.Opened) + len(f.Left) + len(f.Returned) + len(f.Closed)
	}
	return n
}

// node is a ledger that runs, with clients that the test makes.
type node struct {
	*visits.Ledger
	w     *world
	line  *line
	clock *throng.Clock
	env   session.Env
	stop  context.CancelFunc
	over  chan struct{}
}

// start starts a node; change may change its options.
func (w *world) start(name string, change ...func(*visits.Options)) *node {
	n := &node{w: w, line: &line{Store: w.store}, clock: throng.NewClock(), over: make(chan struct{})}
	o := visits.Options{Store: n.line, Node: name, Clock: n.clock, Log: w.log, Occupancy: -1}
	for _, f := range change {
		f(&o)
	}
	n.Ledger = visits.New(o)
	n.env = session.Env{Node: rooms{}, Clock: n.clock, Limits: session.Limits{Channels: 1000}, Attendance: []session.Attendance{n.Ledger}, Watcher: n.Ledger}
	ctx, stop := context.WithCancel(context.Background())
	n.stop = stop
	go func() { defer close(n.over); n.Run(ctx) }()
	return n
}

// crash ends a node like a kill -9: it says nothing more.
func (n *node) crash() {
	n.stop()
	<-n.over
}

// drain ends a node in good order, when its clients are gone.
func (n *node) drain() error {
	n.stop()
	<-n.over
	return n.Close(context.Background())
}

// come lets a client of a user connect.
func (n *node) come(user string) *sessiontest.Wire {
	return sessiontest.New(&n.env, throng.Ref{}, throng.ClientInfo{User: user, Client: throng.NewClientID()})
}

// join lets a client join a channel.
func join(w *sessiontest.Wire, channel string) *session.Subscription {
	w.Join(session.SubscribeRequest{Channel: channel})
	return w.Find([]byte(channel))
}

// rooms is a node that grants every channel at once. Those that begin with p: are
// watched in parallel, with x: exclusively, with q: not recorded.
type rooms struct{}

var roomKinds = map[string]*throng.Namespace{
	"p": {Name: "p", Subscribe: throng.Anybody, Visits: true, Watch: throng.WatchParallel},
	"x": {Name: "x", Subscribe: throng.Anybody, Visits: true, Watch: throng.WatchExclusive},
	"q": {Name: "q", Subscribe: throng.Anybody},
}

func (rooms) Namespace(channel string) *throng.Namespace {
	return roomKinds[throng.NamespaceOf(channel)]
}

func (rooms) Subscribe(sub *session.Subscription, req session.SubscribeRequest) {
	sub.Session().Subscribed(sub, &session.Subscribed{Class: sub.Class(), Token: req.Token})
}

func (rooms) Release(*session.Subscription, throng.Position) bool { return true }
func (rooms) Unsubscribe(*session.Subscription)                   {}
func (rooms) CatchUp(*session.Subscription)                       {}
func (rooms) Offset(*session.Subscription) uint64                 { return 0 }
func (rooms) Publish(*session.Session, throng.PublishRequest, session.Published) {
}

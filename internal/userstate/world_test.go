package userstate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/broker/memory"
	"throng/internal/hub"
	"throng/internal/node"
	"throng/internal/session"
	"throng/internal/session/sessiontest"
	"throng/internal/userstate"
)

// box is a mailbox that the test empties.
type box struct {
	mu    sync.Mutex
	tasks []throng.Task
}

func (b *box) Post(t throng.Task) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tasks = append(b.tasks, t)
}

func (b *box) runOne(loop int) bool {
	b.mu.Lock()
	if len(b.tasks) == 0 {
		b.mu.Unlock()
		return false
	}
	t := b.tasks[0]
	b.tasks = b.tasks[1:]
	b.mu.Unlock()
	t.Run(loop)
	return true
}

// world is a node whose loops are the test, in a synctest bubble: hub, broker, sessions
// and maps are real.
type world struct {
	*node.Node
	t      testing.TB
	clock  *throng.Clock
	hub    *hub.Hub
	boxes  []*box
	states *userstate.States
	env    *session.Env
	tabs   map[throng.Ref]*tab
	disk   *disk             // nil: maps are in memory only
	made   map[string]int    // diffs by epoch and mutation
	whole  map[string]uint64 // the newest version of an epoch's map that all were told
	deaf   atomic.Bool       // the broker takes nothing of the user

	sessions uint32 // so far
}

const (
	user = "ann"
	own  = "@user:ann"
)

// options are those of the tests.
func options() userstate.Options {
	return userstate.Options{
		Keys: 20, ValueBytes: 1000, UserBytes: 3500, Memory: 1 << 20, Mutations: 1000, Idle: time.Minute,
	}
}

// inWorld runs a test in a world of its own.
func inWorld(t *testing.T, o userstate.Options, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, o)
		ctx, cancel := context.WithCancel(context.Background())
		over := make(chan struct{})
		go func() { defer close(over); w.states.Run(ctx) }()
		f(w)
		cancel()
		<-over
	})
}

func newWorld(t testing.TB, o userstate.Options) *world {
	w := &world{t: t, clock: throng.NewClock(), tabs: map[throng.Ref]*tab{}, made: map[string]int{}, whole: map[string]uint64{}}
	w.disk, _ = o.Store.(*disk)
	ns := &throng.Namespace{Name: throng.UserNamespace, Retention: throng.Retention{Size: 5, TTL: time.Minute}}
	h := hub.Options{Clock: w.clock, Encoders: []throng.Encoder{encoder{}}, Slice: 2}
	for range 2 {
		b := &box{}
		w.boxes = append(w.boxes, b)
		h.Mailboxes = append(h.Mailboxes, b)
	}
	w.hub = hub.New(h)
	broker := memory.New(w.hub, memory.Options{Clock: w.clock})
	t.Cleanup(func() { _ = broker.Close(context.Background()) })
	w.hub.Connect(broker)
	w.Node = node.New(node.Options{
		Hub: w.hub, Broker: broker, Clock: w.clock, Post: w.post,
		Namespaces: func(string) *throng.Namespace { return ns },
	})
	o.Publish, o.Post, o.Clock = w.publish, w.post, w.clock
	if o.Here == nil {
		o.Here = w.hub.Active
	}
	w.states = userstate.New(o)
	w.env = &session.Env{
		Node: w.Node, Limits: session.Limits{Channels: 100, QueueBytes: 1 << 20}, Clock: w.clock,
		Attendance: []session.Attendance{nobody{}},
	}
	return w
}

// nobody keeps no books.
type nobody struct{}

func (nobody) Came(*session.Session)        {}
func (nobody) Went(*session.Session)        {}
func (nobody) Joined(*session.Subscription) {}
func (nobody) Parted(*session.Subscription) {}
func (nobody) Missed(*session.Subscription) {}

// publish is the node's, with a broker that may be deaf. What that does not take counts
// as told: all are told the whole map until it does.
func (w *world) publish(channel string, p *throng.Publication, done func(error)) {
	var d diff
	switch err := json.Unmarshal(p.Data, &d); {
	case err != nil || channel != own: // nobody asks
	case p.Event == "state_diff" && d.Mutation != "":
		w.made[d.Epoch+" "+d.Mutation]++
	case p.Event == "state":
		w.whole[d.Epoch] = max(w.whole[d.Epoch], d.Version)
	}
	if channel == own && w.deaf.Load() {
		done(throng.ErrTooManyRequests)
		return
	}
	w.Broadcast(context.Background(), channel, p, "", func(_ throng.PublishResult, err error) { done(err) })
}

// confirmed is told that a change was answered: it was made, so everybody was told of it,
// and with a store it is on the disk.
func (w *world) confirmed(id string, response []byte) {
	var a diff
	if err := json.Unmarshal(response, &a); err != nil {
		w.t.Fatalf("%v: %s", err, response)
	}
	name := a.Epoch + " " + id
	if w.made[name] != 1 && w.whole[a.Epoch] < a.Version {
		w.t.Errorf("change %s is confirmed as version %d, and nobody was told of it", name, a.Version)
	}
	if w.disk != nil && w.disk.wrote(name) != 1 {
		w.t.Errorf("change %s is confirmed, and was written %d times", name, w.disk.wrote(name))
	}
}

// message is a post on its way to a tab.
type message struct {
	w  *world
	to throng.Ref
	m  any
}

func (m message) Run(int) {
	t := m.w.tabs[m.to]
	if t == nil {
		return
	}
	if r, ok := m.m.(*reply); ok {
		t.replied(r)
		return
	}
	t.Handle(m.m)
}

func (w *world) post(to throng.Ref, m any) { w.boxes[to.Loop].Post(message{w, to, m}) }

// settle lets the loops do what there is to do, and the tabs read.
func (w *world) settle() {
	for again := true; again; {
		again = false
		for i, b := range w.boxes {
			for b.runOne(i) {
				again = true
			}
			for w.hub.Table(i).Turn() {
			}
		}
		for _, t := range w.tabs {
			t.read()
		}
	}
}

// wait lets time pass, and all be done that is due.
func (w *world) wait(d time.Duration) {
	const step = 10 * time.Millisecond
	for ; d > 0; d -= step {
		time.Sleep(min(step, d))
		synctest.Wait()
		w.settle()
	}
}

// encoder writes a publication as a tab reads it.
type encoder struct{}

func (encoder) Encode(dst []byte, _ string, p *throng.Publication) []byte {
	return fmt.Appendf(dst, `{"event":%q,"offset":%d,"data":%s}`, p.Event, p.Offset, p.Data)
}

// change makes a change and returns what became of it.
func (w *world) change(c userstate.Change) userstate.Outcome {
	w.t.Helper()
	done := make(chan userstate.Outcome, 1)
	c.User = user
	w.states.Submit(c, func(o userstate.Outcome) { done <- o })
	w.wait(20 * time.Millisecond)
	select {
	case o := <-done:
		return o
	default:
		w.t.Fatal("no outcome")
		return userstate.Outcome{}
	}
}

// snapshot is what the server has.
func (w *world) snapshot() (s snapshot) {
	w.t.Helper()
	read := make(chan []byte, 1)
	w.states.Snapshot(user, func(b []byte, err *throng.Error) {
		if err != nil {
			w.t.Errorf("snapshot: %v", err)
		}
		read <- b
	})
	w.wait(20 * time.Millisecond)
	if err := json.Unmarshal(<-read, &s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

var _ session.Wire = (*tab)(nil)

var _ session.Transport = (*sessiontest.Transport)(nil)

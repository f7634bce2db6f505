package presence_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/broker/memory"
	"throng/internal/hub"
	"throng/internal/node"
	"throng/internal/presence"
	"throng/internal/session"
	"throng/internal/session/sessiontest"
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

// world is a node with presence whose loops are the test. It lives in a synctest
// bubble.
type world struct {
	*node.Node
	t        testing.TB
	hub      *hub.Hub
	boxes    []*box
	presence *presence.Presence
	env      *session.Env
	clients  map[throng.Ref]*client
	all      []*client
	spaces   map[string]*throng.Namespace
}

// encoder writes what sessiontest.Wire writes for what one client is told.
type encoder struct{}

func (encoder) Encode(dst []byte, channel string, p *throng.Publication) []byte {
	return fmt.Appendf(dst, "%s %s %s", p.Event, channel, p.Data)
}

// inWorld runs a test in a world of its own.
func inWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	inNarrowWorld(t, 1<<20, f)
}

// inNarrowWorld is inWorld where so many bytes may wait for a client.
func inNarrowWorld(t *testing.T, queue int, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newNarrowWorld(t, queue)
		ctx, cancel := context.WithCancel(context.Background())
		over := make(chan struct{})
		go func() { defer close(over); w.presence.Run(ctx) }()
		f(w)
		for _, c := range w.all {
			c.End()
		}
		if n := w.presence.Stats().Rooms.Load(); n != 0 {
			t.Errorf("%d rooms are left", n)
		}
		if n := w.presence.Stats().Members.Load(); n != 0 {
			t.Errorf("%d members are left", n)
		}
		cancel()
		<-over
	})
}

func newWorld(t testing.TB) *world { return newNarrowWorld(t, 1<<20) }

func newNarrowWorld(t testing.TB, queue int) *world {
	w := &world{t: t, clients: map[throng.Ref]*client{}, spaces: map[string]*throng.Namespace{}}
	for _, ns := range []throng.Namespace{
		{Name: "off"},
		{Name: "users", Presence: throng.PresenceUsers},
		{Name: "clients", Presence: throng.PresenceClients},
		{Name: "few", Presence: throng.PresenceUsers, PresenceList: 5, Slow: throng.SlowNewest},
		{Name: "fewclients", Presence: throng.PresenceClients, PresenceList: 5, Slow: throng.SlowNewest},
		{Name: "hist", Presence: throng.PresenceUsers, Retention: throng.Retention{Size: 10, TTL: time.Minute}},
	} {
		ns.Subscribe, ns.Publish = throng.Anybody, throng.Anybody
		w.spaces[ns.Name] = &ns
	}
	clock := throng.NewClock()
	o := hub.Options{Clock: clock, Encoders: []throng.Encoder{encoder{}}, Slice: 3}
	for range 2 {
		b := &box{}
		w.boxes = append(w.boxes, b)
		o.Mailboxes = append(o.Mailboxes, b)
	}
	w.hub = hub.New(o)
	broker := memory.New(w.hub, memory.Options{Clock: clock})
	t.Cleanup(func() { _ = broker.Close(context.Background()) })
	w.hub.Connect(broker)
	w.Node = node.New(node.Options{
		Hub: w.hub, Broker: broker, Clock: clock, Post: w.post,
		Namespaces: func(name string) *throng.Namespace { return w.spaces[name] },
	})
	w.presence = presence.New(presence.Options{Sink: w.hub, Post: w.post, Clock: clock, ListBytes: queue / 2})
	w.env = &session.Env{
		Node: w.Node, Limits: session.Limits{Channels: 100, QueueBytes: queue}, Clock: clock,
		Attendance: []session.Attendance{w.presence},
	}
	return w
}

// message is a post on its way to a session.
type message struct {
	w  *world
	to throng.Ref
	m  any
}

func (m message) Run(int) {
	if c := m.w.clients[m.to]; c != nil && !c.Handle(m.m) {
		m.w.t.Errorf("not handled: %T", m.m)
	}
}

func (w *world) post(to throng.Ref, m any) { w.boxes[to.Loop].Post(message{w, to, m}) }

// settle lets the loops do what there is to do.
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

// client is a session, and what a Presence class made of what it was told.
type client struct {
	*sessiontest.Wire
	w     *world
	lists map[string]*class
	heard []string // lines since the last take
}

// client opens a session; a user may be empty.
func (w *world) client(user string) *client { return w.informed(user, nil) }

func (w *world) informed(user string, info []byte) *client {
	n := uint32(len(w.all) + 1)
	ref := throng.Ref{Loop: uint16(int(n) % len(w.boxes)), Slot: n, Gen: 1}
	var id *throng.Identity
	if user != "" || info != nil {
		id = &throng.Identity{User: user, Info: info}
	}
	c := &client{w: w, lists: map[string]*class{}}
	c.Wire = sessiontest.NewIdentified(w.env, ref, throng.NewClientID(), id)
	w.clients[ref] = c
	w.all = append(w.all, c)
	return c
}

func (c *client) join(channel string) *session.Subscription {
	if c.lists[channel] == nil {
		c.lists[channel] = &class{}
	}
	c.lists[channel].pending = true // until its list comes
	c.Join(session.SubscribeRequest{Channel: channel})
	return c.sub(channel)
}

func (c *client) sub(channel string) *session.Subscription { return c.Find([]byte(channel)) }

func (c *client) leave(channel string) {
	if sub := c.sub(channel); sub != nil {
		c.Unsubscribe(sub)
		c.lists[channel] = nil
	}
}

// introduce says who a client is of which nothing was known.
func (c *client) introduce(user string) {
	if err := c.Refresh(&throng.Identity{User: user}); err != nil {
		c.w.t.Errorf("refresh: %v", err)
	}
}

// read takes what has come, as a client would.
func (c *client) read() {
	for _, line := range c.Take() {
		c.heard = append(c.heard, line)
		event, rest, _ := strings.Cut(line, " ")
		channel, data, _ := strings.Cut(rest, " ")
		if l := c.lists[channel]; l != nil {
			if err := l.on(event, data); err != nil {
				c.w.t.Fatalf("%s: %v", line, err)
			}
		}
	}
}

// take returns the lines that came since it was asked last.
func (c *client) take() []string {
	c.read()
	lines := c.heard
	c.heard = nil
	return lines
}

// list is what the client shows of a channel.
func (c *client) list(channel string) *class {
	c.read()
	return c.lists[channel]
}

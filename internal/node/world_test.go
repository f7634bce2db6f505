package node_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"throng"
	"throng/internal/broker/memory"
	"throng/internal/hub"
	"throng/internal/node"
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

// sinks delivers to several nodes.
type sinks []throng.Sink

func (s *sinks) Deliver(channel string, p *throng.Publication) {
	for _, to := range *s {
		to.Deliver(channel, p)
	}
}

// world is nodes whose loops are the test, and one broker.
type world struct {
	t      *testing.T
	clock  *throng.Clock
	memory *memory.Broker
	late   *late // between the nodes and the broker, if wanted
	faulty *faulty
	sinks  *sinks
	nodes  []*place
	limits session.Limits
	spaces map[string]*throng.Namespace
}

// place is a node with its loops and clients.
type place struct {
	*world
	*node.Node
	hub     *hub.Hub
	boxes   []*box
	clients map[throng.Ref]*sessiontest.Wire
	slots   uint32
}

func newWorld(t *testing.T) *world {
	w := &world{
		t: t, clock: throng.NewClock(), sinks: &sinks{},
		limits: session.Limits{Channels: 100, QueueBytes: 1 << 20}, spaces: map[string]*throng.Namespace{},
	}
	for _, ns := range []throng.Namespace{
		{Name: "open", Subscribe: throng.Anybody, Publish: throng.Anybody},
		{Name: "hist", Subscribe: throng.Anybody, Publish: throng.Anybody, Retention: throng.Retention{Size: 5, TTL: time.Minute}},
		{Name: "brief", Subscribe: throng.Anybody, Publish: throng.Anybody, PublicationTTL: time.Second,
			Retention: throng.Retention{Size: 5, TTL: time.Minute}},
		{Name: "newest", Subscribe: throng.Anybody, Publish: throng.Anybody, Slow: throng.SlowNewest,
			Retention: throng.Retention{Size: 100, TTL: time.Minute}},
	} {
		w.spaces[ns.Name] = &ns
	}
	w.memory = memory.New(w.sinks, memory.Options{Clock: w.clock})
	t.Cleanup(func() { _ = w.memory.Close(context.Background()) })
	return w
}

// add makes another node. One with a late broker answers when it is told to.
func (w *world) add(loops, slice int) *place {
	n := &place{world: w, clients: map[throng.Ref]*sessiontest.Wire{}}
	o := hub.Options{Slice: slice, Clock: w.clock, Encoders: []throng.Encoder{sessiontest.Encoder{}}, BacklogBytes: 1 << 20}
	for range loops {
		b := &box{}
		n.boxes = append(n.boxes, b)
		o.Mailboxes = append(o.Mailboxes, b)
	}
	n.hub = hub.New(o)
	*w.sinks = append(*w.sinks, n.hub)
	var broker throng.Broker = w.memory
	if w.late != nil {
		w.late.Broker = w.memory
		broker = w.late
	}
	if w.faulty != nil {
		w.faulty.Broker = w.memory
		broker = w.faulty
	}
	n.hub.Connect(broker)
	n.Node = node.New(node.Options{
		Hub: n.hub, Broker: broker, Clock: w.clock, Post: n.post,
		Namespaces: func(name string) *throng.Namespace { return w.spaces[name] },
	})
	w.nodes = append(w.nodes, n)
	return n
}

// message is a post on its way to a session.
type message struct {
	n  *place
	to throng.Ref
	m  any
}

func (m message) Run(int) {
	if c := m.n.clients[m.to]; c != nil && !c.Handle(m.m) {
		m.n.t.Errorf("not handled: %T", m.m)
	}
}

func (n *place) post(to throng.Ref, m any) { n.boxes[to.Loop].Post(message{n, to, m}) }

func (n *place) client(loop int) *sessiontest.Wire {
	n.slots++
	ref := throng.Ref{Loop: uint16(loop), Slot: n.slots, Gen: 1}
	c := sessiontest.New(&session.Env{Node: n, Limits: n.limits}, ref, throng.ClientInfo{Client: throng.NewClientID()})
	n.clients[ref] = c
	return c
}

// receive runs what was posted, without any turn.
func (n *place) receive() {
	for i, b := range n.boxes {
		for b.runOne(i) {
		}
	}
}

func (n *place) settle() {
	n.receive()
	for i := range n.boxes {
		for n.hub.Table(i).Turn() {
		}
	}
}

// publish is the server's own.
func (n *place) publish(channel string, data ...string) {
	n.t.Helper()
	for _, d := range data {
		n.Broadcast(context.Background(), channel, &throng.Publication{Data: []byte(d)}, "",
			func(_ throng.PublishResult, err error) {
				if err != nil {
					n.t.Errorf("publish: %v", err)
				}
			})
	}
}

// direct publishes past the node, and past a late broker.
func (w *world) direct(channel, data string) {
	w.memory.Publish(context.Background(), throng.PublishRequest{
		Channel: channel, Publication: &throng.Publication{Data: []byte(data)},
		Retention: w.spaces[throng.NamespaceOf(channel)].Retention,
	}, nil)
}

func since(offset uint64, epoch string) *throng.Position {
	return &throng.Position{Offset: offset, Epoch: epoch}
}

// epoch returns a channel's epoch.
func (w *world) epoch(channel string) (epoch string) {
	req := throng.HistoryRequest{Channel: channel, Retention: w.spaces[throng.NamespaceOf(channel)].Retention}
	w.memory.History(context.Background(), req, func(r throng.HistoryResult, _ error) { epoch = r.Position.Epoch })
	return epoch
}

func join(c *sessiontest.Wire, channel string, from *throng.Position) *session.Subscription {
	c.Join(session.SubscribeRequest{Channel: channel, Positioned: true, Since: from})
	return c.Find([]byte(channel))
}

func say(c *sessiontest.Wire, channel, data string) {
	c.Publish(c.Find([]byte(channel)), "", []byte(data), false, session.Token{Ref: data})
}

func expect(t *testing.T, c *sessiontest.Wire, want ...string) {
	t.Helper()
	if got := c.Take(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// empty ends all sessions and checks that nothing is left of them.
func (n *place) empty() {
	n.t.Helper()
	for _, c := range n.clients {
		c.End()
	}
	n.settle()
	left := fmt.Sprint(n.hub.Channels())
	for i := range n.boxes {
		s := n.hub.Table(i).Stats()
		left += fmt.Sprint(" ", s.Backlog.Load(), s.Members.Load(), s.Topics.Load())
	}
	if strings.Trim(left, "0 ") != "" {
		n.t.Errorf("left (channels, then backlog, members, topics of each loop): %s", left)
	}
	if s := n.memory.Stats(); s.Subscribed != 0 && len(n.nodes) == 1 {
		n.t.Errorf("%d channels subscribed at the broker", s.Subscribed)
	}
}

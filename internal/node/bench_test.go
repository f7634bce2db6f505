package node_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"throng"
	"throng/internal/broker/memory"
	"throng/internal/hub"
	"throng/internal/node"
	"throng/internal/session"
)

// null is a client that takes everything.
type null struct {
	session.Session
	ref throng.Ref
}

func (c *null) Ref() throng.Ref                                         { return c.ref }
func (c *null) Scratch() []byte                                         { return nil }
func (c *null) SendScratch([]byte, int)                                 {}
func (c *null) SendDroppable([]byte, throng.Timing, uint32)             {}
func (c *null) Queued() int                                             { return 0 }
func (c *null) Flush()                                                  {}
func (c *null) Shed(int, func(uint32)) int                              { return 0 }
func (c *null) Encoding() uint8                                         { return 0 }
func (c *null) Rearm()                                                  {}
func (c *null) Unsubscribed(*session.Subscription, *throng.Unsubscribe) {}
func (c *null) Tell(*session.Subscription, string, []byte)              {}
func (c *null) Disconnect(*throng.Disconnect)                           {}
func (c *null) Resumed(*session.Subscription, []*throng.Publication)    {}
func (c *null) Subscribed(*session.Subscription, session.Token, session.SubscribeResult, *throng.Error) {
}
func (c *null) Published(*session.Subscription, session.Token, throng.PublishResult, *throng.Error) {
}

type bench struct {
	*node.Node
	hub   *hub.Hub
	boxes []*box
	env   *session.Env
}

// benchSpaces are two namespaces that never change, as a server's.
var benchSpaces = map[string]*throng.Namespace{
	"open": {Name: "open", Subscribe: throng.Anybody, Publish: throng.Anybody},
	"hist": {Name: "hist", Subscribe: throng.Anybody, Publish: throng.Anybody,
		Retention: throng.Retention{Size: 100, TTL: time.Minute}},
}

func newBench(b *testing.B, loops int) *bench {
	n := &bench{}
	clock := throng.NewClock()
	o := hub.Options{Clock: clock, Encoders: []throng.Encoder{copier{}}}
	for range loops {
		box := &box{}
		n.boxes = append(n.boxes, box)
		o.Mailboxes = append(o.Mailboxes, box)
	}
	n.hub = hub.New(o)
	broker := memory.New(n.hub, memory.Options{Clock: clock})
	b.Cleanup(func() { _ = broker.Close(context.Background()) })
	n.hub.Connect(broker)
	n.Node = node.New(node.Options{
		Hub: n.hub, Broker: broker, Clock: clock, Post: func(throng.Ref, any) {},
		Namespaces: func(name string) *throng.Namespace { return benchSpaces[name] },
	})
	n.env = &session.Env{Node: n, Limits: session.Limits{Channels: 100, QueueBytes: 1 << 20}}
	return n
}

type copier struct{}

func (copier) Encode(dst []byte, _ string, p *throng.Publication) []byte {
	return append(dst, p.Data...)
}

func (n *bench) join(c *null, i int, channel string) {
	c.ref = throng.Ref{Loop: uint16(i % len(n.boxes)), Slot: uint32(i), Gen: 1}
	c.Init(n.env, c, c, throng.ClientID{byte(i), 1}, nil)
	ns, _, _ := c.Check(channel, "")
	c.Subscribe(ns, session.SubscribeRequest{Channel: channel, Tag: "1", Positioned: true})
}

func BenchmarkSubscribe(b *testing.B) {
	for _, channel := range []string{"open:x", "hist:x"} {
		b.Run(channel, func(b *testing.B) {
			b.ReportAllocs()
			n := newBench(b, 1)
			n.join(new(null), 0, channel)
			c := new(null)
			for b.Loop() {
				n.join(c, 1, channel)
				c.End()
			}
		})
	}
}

func BenchmarkDeliver(b *testing.B) {
	for _, channel := range []string{"open:x", "hist:x"} {
		for _, members := range []int{15_000, 1_000_000} {
			for _, loops := range []int{1, 2} {
				n := newBench(b, loops)
				clients := make([]null, members)
				for i := range clients {
					n.join(&clients[i], i, channel)
				}
				for _, waiting := range []int{1, 16} {
					name := fmt.Sprintf("%s/members=%d/loops=%d/waiting=%d", channel[:4], members, loops, waiting)
					b.Run(name, func(b *testing.B) { deliver(b, n, channel, members, waiting) })
				}
			}
		}
	}
}

func deliver(b *testing.B, n *bench, channel string, members, waiting int) {
	b.ReportAllocs()
	data := make([]byte, 100)
	for b.Loop() {
		for range waiting {
			n.Broadcast(context.Background(), channel, &throng.Publication{Data: data}, "", nil)
		}
		var loops sync.WaitGroup
		for i := range n.boxes {
			loops.Go(func() {
				for n.boxes[i].runOne(i) {
				}
				for n.hub.Table(i).Turn() {
				}
			})
		}
		loops.Wait()
	}
	for i := range n.boxes {
		if n.hub.Table(i).Stats().Gaps.Load() != 0 {
			b.Fatal("publications were lost")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*members*waiting), "ns/delivery")
}

func BenchmarkPublishNobody(b *testing.B) {
	for _, channel := range []string{"open:x", "hist:x"} {
		b.Run(channel, func(b *testing.B) {
			b.ReportAllocs()
			n := newBench(b, 1)
			for b.Loop() {
				n.Broadcast(context.Background(), channel, &throng.Publication{}, "", nil)
			}
		})
	}
}

// BenchmarkPublish is a client's own publish, with the answer.
func BenchmarkPublish(b *testing.B) {
	b.ReportAllocs()
	n := newBench(b, 1)
	c := new(null)
	n.join(c, 0, "open:x")
	sub := c.Find([]byte("open:x"))
	data := make([]byte, 100)
	for b.Loop() {
		c.Publish(sub, "event", data, false, session.Token{})
		c.Handle(&session.Published{Class: sub.Class(), Channel: "open:x"})
		n.boxes[0].runOne(0)
		n.hub.Table(0).Turn()
	}
}

func BenchmarkSessionMemory(b *testing.B) {
	const clients = 100_000
	for _, spread := range []int{1, clients} {
		b.Run(fmt.Sprintf("channels=%d", spread), func(b *testing.B) {
			var bytes uint64
			for b.Loop() {
				n := newBench(b, 1)
				all := make([]*null, clients)
				before := heap()
				for i := range all {
					all[i] = new(null)
					n.join(all[i], i, fmt.Sprintf("hist:%d", i%spread))
				}
				bytes = heap() - before
				runtime.KeepAlive(all)
				runtime.KeepAlive(n)
			}
			b.ReportMetric(float64(bytes)/clients, "B/session")
		})
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

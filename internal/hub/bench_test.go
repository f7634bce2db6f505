package hub_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"throng"
	"throng/internal/hub"
)

// null is the smallest subscriber.
type null struct{ index int32 }

func (n *null) Client() (id throng.ClientID)     { return id }
func (n *null) Push([]byte, *throng.Publication) {}
func (n *null) Prefetch() int                    { return int(n.index) }
func (n *null) Lost()                            {}
func (n *null) Moved(index int)                  { n.index = int32(index) }
func (n *null) Index() int                       { return int(n.index) }

type nullBroker struct{}

func (nullBroker) Subscribe(_ context.Context, _ string, done func(error)) { done(nil) }
func (nullBroker) Unsubscribe(context.Context, string, func(error))        {}

func benchHub(loops int) (*hub.Hub, []*box) {
	o := hub.Options{Encoders: []throng.Encoder{copier{}}}
	var boxes []*box
	for range loops {
		boxes = append(boxes, &box{})
		o.Mailboxes = append(o.Mailboxes, boxes[len(boxes)-1])
	}
	h := hub.New(o)
	h.Connect(nullBroker{})
	return h, boxes
}

type copier struct{}

func (copier) Encode(dst []byte, _ string, p *throng.Publication) []byte {
	return append(dst, p.Data...)
}

func BenchmarkSubscribe(b *testing.B) {
	b.ReportAllocs()
	h, _ := benchHub(1)
	t := h.Table(0)
	t.Add("c", &null{}, 0, false)
	n := &null{}
	for b.Loop() {
		t.Add("c", n, 0, true)
		t.Flow("c", n.Index())
		t.Remove("c", n.Index())
	}
}

func BenchmarkSubscribeFirst(b *testing.B) {
	b.ReportAllocs()
	h, _ := benchHub(1)
	t := h.Table(0)
	n := &null{}
	for b.Loop() {
		t.Add("c", n, 0, false)
		t.Remove("c", n.Index())
	}
}

func BenchmarkDeliver(b *testing.B) {
	for _, members := range []int{15_000, 1_000_000} {
		for _, loops := range []int{1, 2} {
			h, boxes := benchHub(loops)
			subs := make([]null, members)
			for i := range subs {
				h.Table(i%loops).Add("c", &subs[i], 0, false)
			}
			for _, waiting := range []int{1, 16} {
				b.Run(fmt.Sprintf("members=%d/loops=%d/waiting=%d", members, loops, waiting), func(b *testing.B) {
					deliver(b, h, boxes, members, waiting)
				})
			}
		}
	}
}

func deliver(b *testing.B, h *hub.Hub, boxes []*box, members, waiting int) {
	b.ReportAllocs()
	p := &throng.Publication{Data: make([]byte, 100)}
	for b.Loop() {
		for range waiting {
			h.Deliver("c", p)
		}
		var loops sync.WaitGroup
		for i := range boxes {
			loops.Go(func() {
				for boxes[i].run(i, 1) {
				}
				for h.Table(i).Turn() {
				}
			})
		}
		loops.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*members*waiting), "ns/delivery")
}

func BenchmarkDeliverNobody(b *testing.B) {
	b.ReportAllocs()
	h, _ := benchHub(1)
	p := &throng.Publication{Data: make([]byte, 100)}
	for b.Loop() {
		h.Deliver("c", p)
	}
}

func BenchmarkMemberMemory(b *testing.B) {
	const members = 100_000
	for _, channels := range []int{1, members} {
		b.Run(fmt.Sprintf("channels=%d", channels), func(b *testing.B) {
			names := make([]string, channels)
			for i := range names {
				names[i] = fmt.Sprintf("channel:%d", i)
			}
			var bytes uint64
			for b.Loop() {
				subs := make([]null, members)
				before := heap()
				h, _ := benchHub(1)
				for i := range subs {
					h.Table(0).Add(names[i%channels], &subs[i], 0, false)
				}
				bytes = heap() - before
				runtime.KeepAlive(h)
				runtime.KeepAlive(subs)
			}
			b.ReportMetric(float64(bytes)/members, "B/member")
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

// BenchmarkCheck is a check of the position of a channel with a subscriber that has
// everything, from the question's answer on.
func BenchmarkCheck(b *testing.B) {
	h, boxes := benchHub(1)
	t := h.Table(0)
	names := make([]string, 100_000)
	subs := make([]null, len(names))
	top := throng.Position{Offset: 7, Epoch: "abcdefgh"}
	for i := range names {
		names[i] = fmt.Sprint("channel:", i)
		t.Add(names[i], &subs[i], 0, true)
		t.Release(names[i], subs[i].Index(), top)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h.Check(names[i%len(names)], top)
		boxes[0].run(0, 1)
	}
}

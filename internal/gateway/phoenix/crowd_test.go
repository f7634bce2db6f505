package phoenix_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"throng"
	"throng/internal/broker/memory"
	"throng/internal/gateway/phoenix"
	"throng/internal/hub"
	"throng/internal/node"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/session"
	"throng/test/million"
)

// sponge is a Conn that takes everything, in the memory of a loop.
type sponge struct {
	ref     throng.Ref
	scratch *[]byte
	taken   *int
}

func (c *sponge) Ref() throng.Ref                                   { return c.ref }
func (c *sponge) Scratch() []byte                                   { return (*c.scratch)[:0] }
func (c *sponge) SendDroppable(b []byte, _ throng.Timing, _ uint32) { *c.taken += len(b) }
func (*sponge) Queued() int                                         { return 0 }
func (*sponge) Flush()                                              {}
func (*sponge) Shed(int, func(uint32)) int                          { return 0 }
func (*sponge) Close(uint16, string)                                {}
func (*sponge) SetDeadline(int64)                                   {}
func (*sponge) LastRead() int64                                     { return 0 }
func (*sponge) Carriage() phoenix.Carriage                          { return phoenix.WebSocket }

func (c *sponge) SendScratch(b []byte, from int) {
	*c.scratch = b
	*c.taken += len(b) - from
}

type noMailbox struct{}

func (noMailbox) Post(throng.Task) {}

// BenchmarkRecoverCrowd is 15,000 clients who come back to one channel at once, on
// one loop, and get the last hundred publications: all of them from the same
// offset, each from one of the last hundred, or while it goes on.
func BenchmarkRecoverCrowd(b *testing.B) {
	const clients, window = 15_000, 100
	for _, c := range []struct {
		name   string
		since  func(i, top int) int
		busy   bool
		missed int // by all of them
	}{
		{"SameOffset", func(int, int) int { return 0 }, false, clients * window},
		{"AnyOffset", func(i, _ int) int { return i % window }, false, clients / window * window * (window + 1) / 2},
		{"Busy", func(_, top int) int { return top - window }, true, clients * window},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took time.Duration
			bytes := 0
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				r := newRecovery(b, clients, window)
				b.StartTimer()
				begin := million.Process()
				for i, s := range r.sockets {
					if c.busy && i%100 == 0 {
						r.publish("more")
					}
					s.Receive(false, r.join(c.since(i, r.top)))
				}
				took += million.Process() - begin
				bytes = r.taken
				if r.taken < 100*c.missed {
					b.Fatalf("%d bytes for %d publications", r.taken, c.missed)
				}
				b.StopTimer()
				r.close()
				b.StartTimer()
			}
			b.ReportMetric(float64(took.Microseconds())/float64(b.N*clients), "cpu-µs/client")
			b.ReportMetric(float64(bytes)/clients, "B/client")
		})
	}
}

// recovery is clients that are connected and have not joined yet, and a channel with
// a window that they join.
type recovery struct {
	node    *node.Node
	gateway *phoenix.Gateway
	broker  *memory.Broker
	sockets []*phoenix.Socket
	scratch []byte
	taken   int
	epoch   string
	top     int
}

func newRecovery(b testing.TB, clients, window int) *recovery {
	r := &recovery{}
	clock := throng.NewClock()
	h := hub.New(hub.Options{Mailboxes: []throng.Mailbox{noMailbox{}}, Encoders: phoenix.Encoders("message", phoenix.Compression{}, false), Clock: clock})
	r.broker = memory.New(h, memory.Options{Clock: clock})
	h.Connect(r.broker)
	r.node = node.New(node.Options{
		Hub: h, Broker: r.broker, Clock: clock, Post: func(throng.Ref, any) {},
		Namespaces: lookup(map[string]*throng.Namespace{"hist": history(window)}),
	})
	r.gateway = phoenix.New(phoenix.Options{
		Node: r.node, Clock: clock, Loops: 1, Limits: session.Limits{Channels: 4, QueueBytes: 1 << 20},
	})
	for i := range window {
		r.publish(fmt.Sprint("message ", i))
	}
	b.Cleanup(func() { _ = r.broker.Close(context.Background()) })
	for i := range clients {
		c := &sponge{ref: throng.Ref{Slot: uint32(i)}, scratch: &r.scratch, taken: &r.taken}
		r.sockets = append(r.sockets, r.gateway.Open(c, codec.V2, phoenix.Client{ID: throng.NewClientID()}))
	}
	return r
}

func (r *recovery) publish(text string) {
	p := &throng.Publication{Event: "new_msg", Data: []byte(`{"user":"somebody","text":"` + text + `, as long as most"}`)}
	r.node.Broadcast(context.Background(), "hist:r", p, "", func(res throng.PublishResult, _ error) {
		r.epoch, r.top = res.Position.Epoch, int(res.Position.Offset)
	})
}

func (r *recovery) join(since int) []byte {
	return []byte(`["1","1","hist:r","phx_join",{"recover":{"offset":` + strconv.Itoa(since) + `,"epoch":"` + r.epoch + `"}}]`)
}

func (r *recovery) close() {
	for _, s := range r.sockets {
		s.Closed(nil)
	}
	_ = r.broker.Close(context.Background())
}

package gateway_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"throng"
	"throng/internal/broker/memory"
	"throng/internal/config"
	"throng/internal/gateway"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/gateway/phoenix"
	"throng/internal/hub"
	"throng/internal/loop"
	"throng/internal/node"
	"throng/internal/session"
	"throng/internal/websocket"
)

// crowd is a whole node without listeners, and very many WebSockets on it. They
// are real in all but the descriptor, of which a process can't have a million
// here: an outlet takes what a socket would, which costs each 24 bytes more, and
// what a client says is handed to the connection's handler as the loop does.
type crowd struct {
	engine *loop.Engine
	hub    *hub.Hub
	broker *memory.Broker
	node   *node.Node
	client *client
	hello  []byte
	joins  [][]byte // a frame for each channel, spread over the clients
	leaves [][]byte
	loops  []part
}

// part is what one loop has of a crowd.
type part struct {
	conns []*loop.Conn
	buf   []byte // where the loop would read to
	taken atomic.Int64
	_     [64]byte
}

// newCrowd makes the node and room for so many clients, so that what is measured
// later is throng's own.
func newCrowd(b *testing.B, clients, channels, loops int) *crowd {
	clock, c := throng.NewClock(), config.Default()
	w := &crowd{hello: gatewaytest.Handshake(socketPath), loops: make([]part, loops)}
	var err error
	if w.engine, err = loop.New(loop.Options{Loops: loops, Clock: clock}); err != nil {
		b.Fatal(err)
	}
	o := hub.Options{Clock: clock, Encoders: phoenix.Encoders("message", phoenix.Compression{}, false), BacklogBytes: 1 << 40}
	for i := range loops {
		o.Mailboxes = append(o.Mailboxes, w.engine.Mailbox(i))
		room := make([]*loop.Conn, clients/loops+1)
		for k := range room {
			room[k] = new(loop.Conn) // touched, so that it is resident
		}
		clear(room)
		w.loops[i].conns, w.loops[i].buf = room[:0], make([]byte, 64<<10)
	}
	w.hub = hub.New(o)
	w.broker = memory.New(w.hub, memory.Options{Clock: clock})
	w.hub.Connect(w.broker)
	open := &throng.Namespace{Name: "room", Subscribe: throng.Anybody, Publish: throng.Anybody}
	w.node = node.New(node.Options{
		Hub: w.hub, Broker: w.broker, Clock: clock, Post: w.engine.Post,
		Namespaces: func(string) *throng.Namespace { return open },
	})
	g := gateway.New(gateway.Options{
		Engine: w.engine, Clock: clock, MaxHeader: 16 << 10, HeaderTimeout: time.Minute,
		Limits:       websocket.Limits{MaxMessage: int(c.WebSocket.MaxMessageBytes), MaxFragments: c.WebSocket.MaxFragments},
		PingInterval: time.Hour, PongTimeout: time.Minute, // a shared machine may take its time
	})
	g.Handle("/socket/websocket", gateway.Phoenix{
		Authenticate: func(gateway.Credentials) (gateway.Verdict, gateway.Pending) { return gateway.Verdict{}, nil },
		Gateway: phoenix.New(phoenix.Options{
			Node: w.node, Clock: clock, Loops: loops, IdleTimeout: time.Hour, Post: w.engine.Post,
			Limits: session.Limits{Channels: c.Phoenix.MaxChannels, QueueBytes: int(c.Engine.QueueBytes)},
		}),
	})
	w.client = &client{g.Door(), w}
	for i := range channels {
		w.joins = append(w.joins, said(`["1","1","%s","phx_join",{}]`, channel(i)))
		w.leaves = append(w.leaves, said(`["1","2","%s","phx_leave",{}]`, channel(i)))
	}
	for i := range loops {
		w.engine.Attach(i, w.hub.Table(i))
	}
	w.engine.Start()
	b.Cleanup(func() { w.stop(b) })
	return w
}

func (w *crowd) stop(b *testing.B) {
	if err := w.engine.Stop(context.Background()); err != nil {
		b.Error(err)
	}
	_ = w.broker.Close(context.Background())
}

func channel(i int) string { return fmt.Sprint("room:", i) }

// said is a text message as a client sends it.
func said(format string, args ...any) []byte {
	return websocket.AppendMaskedFrame(nil, websocket.OpText, [4]byte{1, 2, 3, 4}, fmt.Appendf(nil, format, args...))
}

// client is the outlet of all connections; behind the door there are others.
type client struct {
	loop.Handler
	w *crowd
}

// Open lets a client shake hands and join.
func (h *client) Open(c *loop.Conn) {
	h.Handler.Open(c)
	l := &h.w.loops[c.Loop().Index()]
	l.conns = append(l.conns, c)
	h.w.say(c, h.w.hello)
	h.w.say(c, h.w.join(c))
}

// Take implements loop.Outlet.
func (h *client) Take(c *loop.Conn, frames []loop.Frame) int {
	h.w.loops[c.Loop().Index()].taken.Add(int64(len(frames)))
	return len(frames)
}

// channel is the index of the channel that a client joins.
func (w *crowd) channel(c *loop.Conn) int {
	r := c.Ref()
	return (int(r.Slot)*len(w.loops) + int(r.Loop)) % len(w.joins)
}

func (w *crowd) join(c *loop.Conn) []byte { return w.joins[w.channel(c)] }

// say brings a client's bytes to a connection, as a read does.
func (w *crowd) say(c *loop.Conn, b []byte) {
	buf := w.loops[c.Loop().Index()].buf
	c.Heard()
	c.Handler().Data(c, buf[:copy(buf, b)])
}

// come lets n clients connect and join, some in each turn.
func (w *crowd) come(b *testing.B, n int) {
	for n > 0 {
		some := min(n, perTurn*len(w.loops))
		for range some {
			if !w.engine.AdoptOutlet(w.client) {
				b.Fatal("refused")
			}
			w.engine.Release() // the limit counts descriptors, and this has none
		}
		n -= some
		w.settle()
	}
}

// taken is how many frames clients got so far.
func (w *crowd) taken() (n int64) {
	for i := range w.loops {
		n += w.loops[i].taken.Load()
	}
	return n
}

func (w *crowd) shuffle() {
	for i := range w.loops {
		c := w.loops[i].conns
		rand.Shuffle(len(c), func(i, j int) { c[i], c[j] = c[j], c[i] })
	}
}

// forget takes n connections that ended off the lists, the oldest ones.
func (w *crowd) forget(n int) {
	for i := range w.loops {
		l := &w.loops[i]
		some := min((n+len(w.loops)-1-i)/len(w.loops), len(l.conns))
		rest := copy(l.conns, l.conns[some:])
		clear(l.conns[rest:])
		l.conns = l.conns[:rest]
	}
}

func (w *crowd) mailboxes() (all []throng.Mailbox) {
	for i := range w.loops {
		all = append(all, w.engine.Mailbox(i))
	}
	return all
}

// load is how many connections there are.
func (w *crowd) load() (n int) {
	for i := range w.loops {
		n += w.engine.Load(i)
	}
	return n
}

package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/broker/memory"
	"throng/internal/gateway"
	"throng/internal/gateway/events"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/gateway/phoenix"
	"throng/internal/hub"
	"throng/internal/loop"
	"throng/internal/node"
	"throng/internal/session"
	"throng/internal/websocket"
)

// world is a broker that several nodes of this process share.
type world struct {
	t      testing.TB
	clock  *throng.Clock
	broker *memory.Broker
	hubs   []*hub.Hub
}

// Deliver implements throng.Sink.
func (w *world) Deliver(channel string, p *throng.Publication) {
	for _, h := range w.hubs {
		h.Deliver(channel, p)
	}
}

// place is an engine, a node and a gateway.
type place struct {
	engine  *loop.Engine
	node    *node.Node
	gateway *gateway.Gateway
	addr    net.Addr
}

func newWorld(t testing.TB, kinds ...string) (*world, []*place) {
	return newWorldAt(t, throng.NewClock(), kinds...)
}

func newWorldAt(t testing.TB, clock *throng.Clock, kinds ...string) (*world, []*place) {
	w := &world{t: t, clock: clock}
	w.broker = memory.New(w, memory.Options{Clock: w.clock})
	t.Cleanup(func() { _ = w.broker.Close(context.Background()) })
	var places []*place
	for _, kind := range kinds {
		places = append(places, w.open(kind))
	}
	for _, p := range places {
		p.engine.Start()
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		p.addr = ln.Addr()
		done := make(chan error, 1)
		go func() { done <- p.gateway.Serve(ln) }()
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := p.engine.Stop(ctx); err != nil {
				t.Error(err)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
			if n := p.engine.Connections(); n != 0 {
				t.Errorf("%d connections are left", n)
			}
		})
	}
	return w, places
}

// open composes a place, as the server does.
func (w *world) open(kind string) *place {
	p := &place{}
	var err error
	p.engine, err = loop.New(loop.Options{Kind: loop.Kind(kind), Loops: 2, MaxConns: 100, Clock: w.clock})
	if err != nil {
		w.t.Fatal(err)
	}
	var boxes []throng.Mailbox
	for i := range p.engine.Loops() {
		boxes = append(boxes, p.engine.Mailbox(i))
	}
	h := hub.New(hub.Options{Mailboxes: boxes, Encoders: slices.Concat(phoenix.Encoders("message", phoenix.Compression{}, false), events.Encoders()), Clock: w.clock})
	for i := range boxes {
		p.engine.Attach(i, h.Table(i))
	}
	h.Connect(w.broker)
	w.hubs = append(w.hubs, h)
	kept := &throng.Namespace{
		Subscribe: throng.Anybody, Publish: throng.Anybody, ClientEvents: throng.EventBroadcast,
		Retention: throng.Retention{Size: 1000, TTL: time.Minute},
	}
	plain, backend := *kept, *kept
	plain.Retention = throng.Retention{}
	backend.ClientEvents = throng.EventBackend
	all := map[string]*throng.Namespace{"hist": kept, "room": &plain, "app": &backend}
	p.node = node.New(node.Options{
		Hub: h, Broker: w.broker, Post: p.engine.Post, Clock: w.clock,
		Namespaces: func(name string) *throng.Namespace { return all[name] },
	})
	p.gateway = gateway.New(gateway.Options{
		Engine: p.engine, Clock: w.clock, HeaderTimeout: 10 * time.Second, MaxHeader: 16 << 10,
		Limits: websocket.Limits{MaxMessage: 64 << 10, MaxFragments: 100},
	})
	sockets := phoenix.New(phoenix.Options{
		Node: p.node, Clock: w.clock, Loops: p.engine.Loops(), IdleTimeout: time.Minute, Post: p.engine.Post,
		Limits: session.Limits{Channels: 100, QueueBytes: 1 << 20}, Backend: never{},
	})
	who := func(gateway.Credentials) (gateway.Verdict, gateway.Pending) {
		return gateway.Verdict{Identity: &throng.Identity{User: "ann"}}, nil
	}
	p.gateway.Handle("/socket/websocket", gateway.Phoenix{Gateway: sockets, Authenticate: who})
	p.gateway.Handle("/echo", gateway.Echo{})
	feeds := events.New(events.Options{
		Node: p.node, Clock: w.clock, Loops: p.engine.Loops(), Limits: session.Limits{Channels: 100, QueueBytes: 1 << 20},
		Encoding: uint8(len(phoenix.Encoders("", phoenix.Compression{}, false))), Post: p.engine.Post,
	})
	p.gateway.HandleFeed("/events", gateway.Feed{Events: feeds, Authenticate: who})
	p.gateway.HandleFeed("/poll", gateway.Feed{Events: feeds, Authenticate: who, Poll: true})
	return p
}

// never is an application that does not answer.
type never struct{}

func (never) Event(*phoenix.Event, func(phoenix.Answer)) {}

// publish publishes to a channel of which place does not matter.
func (w *world) publish(p *place, channel string, n int) {
	w.t.Helper()
	w.give(p, channel, &throng.Publication{Event: "n", Data: strconv.AppendInt(nil, int64(n), 10)})
}

func (w *world) give(p *place, channel string, pub *throng.Publication) {
	w.t.Helper()
	done := make(chan error, 1)
	p.node.Broadcast(context.Background(), channel, pub, "", func(_ throng.PublishResult, err error) { done <- err })
	if err := <-done; err != nil {
		w.t.Fatal(err)
	}
}

// capturing is the task that captures the only connection of a place.
type capturing struct {
	p    *place
	done chan captured
}

type captured struct {
	state []byte
	nc    net.Conn
	err   error
}

func (c *capturing) Run(index int) {
	// Slots and generations count from 0 and 1; a place of this test has had few.
	for slot := range uint32(8) {
		for gen := range uint32(64) {
			if conn := c.p.engine.Lookup(throng.Ref{Loop: uint16(index), Slot: slot, Gen: gen}); conn != nil {
				var r captured
				r.state, r.nc, r.err = gateway.Capture(conn)
				c.done <- r
				return
			}
		}
	}
	c.done <- captured{err: errors.New("no connection")}
}

// capture captures the only connection of a place, when it is not busy.
func (p *place) capture(t testing.TB) (state []byte, nc net.Conn) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		for i := range p.engine.Loops() {
			if p.engine.Load(i) == 0 {
				continue
			}
			c := &capturing{p, make(chan captured, 1)}
			p.engine.Mailbox(i).Post(c)
			r := <-c.done
			if r.err == nil {
				return r.state, r.nc
			}
			if !errors.Is(r.err, gateway.ErrBusy) {
				t.Fatal(r.err)
			}
		}
	}
	t.Fatal("no connection could be captured")
	return nil, nil
}

// TestMove takes a socket from engine to engine in the middle of everything; the
// client notices nothing.
func TestMove(t *testing.T) {
	for _, kinds := range [][]string{
		{"auto", "auto", "auto"}, {"auto", "goroutine", "auto"}, {"goroutine", "goroutine", "auto"},
	} {
		t.Run(strings.Join(kinds, " to "), func(t *testing.T) { move(t, kinds) })
	}
}

func move(t *testing.T, kinds []string) {
	w, places := newWorld(t, kinds...)
	c := gatewaytest.Connect(t, places[0].addr, socketPath)
	c.Text(`["1","1","hist:a","phx_join",{"recover":{}}]`)
	c.Message()
	c.Text(`["2","2","room:b","phx_join",{}]`)
	c.Expect(`["2","2","room:b","phx_reply",{"status":"ok","response":{}}]`)
	c.Text(`["3","3","hist:c","phx_join",{"recover":{"history":5}}]`)
	c.Message()
	n := 0
	say := func(p *place) {
		n++
		w.publish(p, "hist:a", n)
	}
	heard := 0
	hear := func() {
		t.Helper()
		for heard < n {
			heard++
			c.Expect(fmt.Sprintf(`[null,%d,"hist:a","n",%d]`, heard, heard))
		}
	}
	say(places[0])
	hear()
	for step, next := range places[1:] {
		from := places[step]
		// Half a fragmented message, of which the next frame is half received.
		message := fmt.Sprintf(`["2","s%d","room:b","said",{"text":"%sä%s"}]`, step, strings.Repeat("x", 100), strings.Repeat("y", 300))
		first := websocket.AppendMaskedFragment(nil, websocket.OpText, false, [4]byte{1, 2, 3, 4}, []byte(message[:40]))
		rest := websocket.AppendMaskedFragment(nil, websocket.OpContinuation, true, [4]byte{5, 6, 7, 8}, []byte(message[40:]))
		cut := []int{3, 200}[step] // in the header, in the payload
		c.Raw(append(first, rest[:cut]...))
		time.Sleep(20 * time.Millisecond) // usually it is read by then; what is not moves with the socket
		for range 3 {
			say(from)
		}
		state, nc := from.capture(t)
		if from.engine.Connections() != 0 || from.gateway.Stats().MessagesIn.Load() == 0 && step == 0 {
			t.Errorf("%d connections are left", from.engine.Connections())
		}
		for range 5 { // while nobody has the socket
			say(next)
		}
		w.publish(next, "room:b", 0) // without history: at most once, and nobody is there
		if err := next.gateway.Restore(nc, bytes.Clone(state)); err != nil {
			t.Fatal(err)
		}
		hear()
		say(from)
		say(next)
		hear()
		c.Raw(rest[cut:])
		c.Expect(fmt.Sprintf(`[null,null,"room:b","said",{"text":"%sä%s"}]`, strings.Repeat("x", 100), strings.Repeat("y", 300)))
		c.Expect(fmt.Sprintf(`["2","s%d","room:b","phx_reply",{"status":"ok","response":{}}]`, step))
		c.Text(beat)
		c.Expect(beaten)
	}
	stillThere(c)
}

// stillThere uses the channels that the client joined before it was moved.
func stillThere(c *gatewaytest.Client) {
	c.Text(`["1","9","hist:a","phx_leave",{}]`)
	c.Expect(`["1","9","hist:a","phx_reply",{"status":"ok","response":{}}]`)
	c.Expect(`["1","1","hist:a","phx_close",{}]`)
	c.Text(`["3","10","hist:c","mine",{}]`)
	c.Expect(`[null,1,"hist:c","mine",{}]`)
	c.Expect(`["3","10","hist:c","phx_reply",{"status":"ok","response":{}}]`)
	c.Bye()
}

// TestMoveUnsent: what waits for a client that does not read moves with it.
func TestMoveUnsent(t *testing.T) {
	for _, kinds := range [][]string{{"auto", "goroutine"}, {"goroutine", "auto"}} {
		t.Run(strings.Join(kinds, " to "), func(t *testing.T) {
			_, places := newWorld(t, kinds...)
			c := gatewaytest.Connect(t, places[0].addr, "/echo")
			const messages, size = 200, 60 << 10 // 12 MB
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				for i := range messages {
					_, _ = c.Write(c.Frame(websocket.OpBinary, bytes.Repeat([]byte{byte(i)}, size)))
				}
			}()
			for places[0].engine.Stats(0).Queued.Load()+places[0].engine.Stats(1).Queued.Load() == 0 {
				time.Sleep(time.Millisecond)
			}
			state, nc := places[0].capture(t)
			if err := places[1].gateway.Restore(nc, state); err != nil {
				t.Fatal(err)
			}
			for i := range messages {
				m := c.Message()
				if len(m.Data) != size || m.Data[0] != byte(i) || m.Data[size-1] != byte(i) {
					t.Fatalf("message %d: %d bytes", i, len(m.Data))
				}
			}
			<-sent
			c.Bye()
		})
	}
}

// TestCaptureBusy: an answer of the application can't be captured.
func TestCaptureBusy(t *testing.T) {
	_, places := newWorld(t, "auto")
	c := gatewaytest.Connect(t, places[0].addr, socketPath)
	c.Text(`["1","1","app:1","phx_join",{}]`)
	c.Text(`["1","2","app:1","ask",{}]`)
	c.Text(beat)
	c.Expect(`["1","1","app:1","phx_reply",{"status":"ok","response":{}}]`)
	c.Expect(beaten)
	for i := range places[0].engine.Loops() {
		task := &capturing{places[0], make(chan captured, 1)}
		places[0].engine.Mailbox(i).Post(task)
		if r := <-task.done; !errors.Is(r.err, gateway.ErrBusy) && r.err.Error() != "no connection" {
			t.Errorf("captured: %v", r.err)
		}
	}
	c.Text(beat)
	c.Expect(beaten)
	c.Bye()
}

func TestRestoreRefuses(t *testing.T) {
	_, places := newWorld(t, "auto", "auto")
	c := gatewaytest.Connect(t, places[0].addr, socketPath)
	c.Text(`["1","1","hist:a","phx_join",{"recover":{}}]`)
	c.Message()
	c.Raw(c.Frame(websocket.OpText, []byte(beat))[:20])
	time.Sleep(20 * time.Millisecond)
	state, nc := places[0].capture(t)
	for i := range state { // every prefix
		if err := places[1].gateway.Restore(nc, state[:i]); err == nil {
			t.Fatalf("%d of %d bytes were accepted", i, len(state))
		}
	}
	for _, bad := range [][]byte{
		append(bytes.Clone(state), 0),
		append([]byte{1}, state[1:]...),
		bytes.Replace(state, []byte("/socket"), []byte("/sucket"), 1),
		bytes.Replace(state, []byte(`"tag":"\"1\""`), []byte(`"tag":"\"1\"x"`), 1),
		bytes.Replace(state, []byte(`"tag":"\"1\""`), []byte(`"tag":"[1]]  "`), 1),
		bytes.Replace(state, []byte(`"version":2`), []byte(`"version":3`), 1),
		bytes.Replace(state, []byte(`"class":1,"subs"`), []byte(`"class":0,"subs"`), 1),
		bytes.Replace(state, []byte(`hist:a`), []byte(`@ist:a`), 1),
		append([]byte{1}, bytes.Repeat([]byte{0xff}, 20)...),
		{1, 0x80, 0, 0, 0, 0, 0},
	} {
		if bytes.Equal(bad, state) {
			t.Fatalf("%q: nothing was changed", state)
		}
		if err := places[1].gateway.Restore(nc, bad); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
	if err := places[1].gateway.Restore(nc, state); err != nil {
		t.Fatal(err)
	}
	c.Raw(c.Frame(websocket.OpText, []byte(beat))[20:])
	c.Expect(beaten)
	c.Bye()
}

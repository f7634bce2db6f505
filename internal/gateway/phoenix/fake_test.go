package phoenix_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/broker/memory"
	"throng/internal/gateway/phoenix"
	"throng/internal/hub"
	"throng/internal/node"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/session"
	"throng/internal/websocket"
)

// bench is a node without sockets: one loop that the test turns by hand.
type bench struct {
	t       testing.TB
	clock   *throng.Clock
	hub     *hub.Hub
	gateway *phoenix.Gateway
	tasks   []throng.Task
	posts   []any
	asked   []func(phoenix.Answer)
	events  int      // that were asked of the application, or of its desk "far"
	watched []string // what clients said of channels
}

// Watches implements session.Watcher.
func (b *bench) Watches(sub *session.Subscription, on bool) {
	b.watched = append(b.watched, fmt.Sprint(sub.Channel(), " ", on))
}

// nobody keeps no books.
type nobody struct{}

func (nobody) Came(*session.Session)        {}
func (nobody) Went(*session.Session)        {}
func (nobody) Joined(*session.Subscription) {}
func (nobody) Parted(*session.Subscription) {}

// Post implements throng.Mailbox.
func (b *bench) Post(t throng.Task) { b.tasks = append(b.tasks, t) }

// Event implements phoenix.Backend: "late" is answered at the end.
func (b *bench) Event(e *phoenix.Event, answer func(phoenix.Answer)) {
	b.events++
	if strings.HasSuffix(e.Name, "late") {
		b.asked = append(b.asked, answer)
		return
	}
	app{}.Event(e, answer)
}

func newBench(t testing.TB) *bench {
	b := &bench{t: t, clock: throng.NewClock()}
	b.hub = hub.New(hub.Options{Mailboxes: []throng.Mailbox{b}, Encoders: phoenix.Encoders("message", phoenix.Compression{}, false), Clock: b.clock})
	broker := memory.New(b.hub, memory.Options{Clock: b.clock, Shards: 1})
	t.Cleanup(func() { _ = broker.Close(context.Background()) })
	b.hub.Connect(broker)
	all := map[string]*throng.Namespace{
		"default": open(throng.EventBroadcast), "room": open(throng.EventBackend), "hist": history(3), "deny": open(throng.EventDeny),
		"seen": {Name: "seen", Subscribe: throng.Anybody, Publish: throng.Anybody, ClientEvents: throng.EventBroadcast, Watch: throng.WatchParallel},
	}
	n := node.New(node.Options{
		Hub: b.hub, Broker: broker, Namespaces: lookup(all), Clock: b.clock,
		Post: func(_ throng.Ref, m any) { b.posts = append(b.posts, m) },
	})
	b.gateway = phoenix.New(phoenix.Options{
		Node: n, Clock: b.clock, Loops: 1, Limits: session.Limits{Channels: 4, QueueBytes: 64 << 10},
		Attendance: []session.Attendance{nobody{}}, Watcher: b,
		IdleTimeout: time.Minute, Backend: b, Desks: map[string]phoenix.Desk{"far": {Backend: b, Long: "far_late"}}, Post: func(_ throng.Ref, m any) { b.posts = append(b.posts, m) },
	})
	return b
}

// turn runs what waits, until nothing does.
func (b *bench) turn(s *phoenix.Socket) {
	for more := true; more || len(b.tasks)+len(b.posts) > 0; {
		tasks, posts := b.tasks, b.posts
		b.tasks, b.posts = nil, nil
		for _, t := range tasks {
			t.Run(0)
		}
		for _, m := range posts {
			s.Message(m)
		}
		more = b.hub.Table(0).Turn()
	}
}

// wire is a Conn that checks all that is sent.
type wire struct {
	t        testing.TB
	version  codec.Version
	carriage phoenix.Carriage
	reader   websocket.Reader
	closed   bool
	queued   int
	sent     int
	last     string
}

func (*wire) Ref() throng.Ref                                     { return throng.Ref{} }
func (*wire) Scratch() []byte                                     { return nil }
func (w *wire) SendScratch(b []byte, from int)                    { w.send(b[from:]) }
func (w *wire) SendDroppable(b []byte, _ throng.Timing, _ uint32) { w.send(b) }
func (w *wire) Queued() int                                       { return w.queued }
func (w *wire) Flush()                                            { w.queued /= 2 }
func (w *wire) Shed(int, func(uint32)) int                        { freed := w.queued; w.queued = 0; return freed }
func (w *wire) Close(uint16, string)                              { w.closed = true }
func (*wire) SetDeadline(int64)                                   {}
func (*wire) LastRead() int64                                     { return 0 }
func (w *wire) Carriage() phoenix.Carriage                        { return w.carriage }

// send wants one whole frame of what the version may say.
func (w *wire) send(b []byte) {
	if w.closed {
		return
	}
	w.queued += len(b)
	w.sent++
	if w.carriage == phoenix.Text {
		if !json.Valid(b) {
			w.t.Fatalf("%q", b)
		}
		return
	}
	lim := websocket.Limits{MaxMessage: 1 << 24, MaxFragments: 1, Client: true}
	frame := append([]byte(nil), b...)
	m, n, ok, err := w.reader.Next(frame, &lim)
	if err != nil || !ok || n != len(b) {
		w.t.Fatalf("not one frame: %v, %d of %d bytes of %q", err, n, len(b), b)
	}
	switch {
	case m.Op == websocket.OpBinary && w.version == codec.V2:
		if len(m.Data) == 0 || m.Data[0] > 2 {
			w.t.Fatalf("binary %q", m.Data)
		}
	case m.Op != websocket.OpText || !json.Valid(m.Data):
		w.t.Fatalf("%d %q", m.Op, m.Data)
	}
	w.last = string(m.Data)
}

func (nobody) Missed(*session.Subscription) {}

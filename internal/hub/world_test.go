package hub_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"throng"
	"throng/internal/hub"
)

// box is a mailbox whose tasks a test runs by hand, or a loop of its own.
type box struct {
	mu    sync.Mutex
	tasks []throng.Task
}

func (b *box) Post(t throng.Task) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tasks = append(b.tasks, t)
}

// run runs at most n tasks and reports whether there were any.
func (b *box) run(loop, n int) bool {
	for i := range n {
		b.mu.Lock()
		if len(b.tasks) == 0 {
			b.mu.Unlock()
			return i > 0
		}
		t := b.tasks[0]
		b.tasks[0] = nil
		if b.tasks = b.tasks[1:]; len(b.tasks) == 0 {
			b.tasks = nil
		}
		b.mu.Unlock()
		t.Run(loop)
	}
	return true
}

// interest is a broker that only checks what it is told.
type interest struct {
	mu    sync.Mutex
	log   []string
	on    map[string]bool
	wrong []string
	// late, if set, keeps the answers for the test to give.
	late  bool
	dones []func(error)
}

func (b *interest) Subscribe(_ context.Context, channel string, done func(error)) {
	b.mu.Lock()
	b.log = append(b.log, "+"+channel)
	if b.on[channel] && !b.late {
		b.wrong = append(b.wrong, "subscribed twice: "+channel)
	}
	b.on[channel] = true
	if b.late {
		b.dones = append(b.dones, done)
		b.mu.Unlock()
		return
	}
	b.mu.Unlock()
	done(nil)
}

func (b *interest) Unsubscribe(_ context.Context, channel string, _ func(error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = append(b.log, "-"+channel)
	if !b.on[channel] {
		b.wrong = append(b.wrong, "not subscribed: "+channel)
	}
	delete(b.on, channel)
}

func (b *interest) answer(err error) {
	done := b.dones[0]
	b.dones = b.dones[1:]
	done(err)
}

// encoder writes offset:data and counts.
type encoder struct {
	mu    sync.Mutex
	count map[*throng.Publication]int
}

func (e *encoder) Encode(dst []byte, _ string, p *throng.Publication) []byte {
	e.mu.Lock()
	e.count[p]++
	e.mu.Unlock()
	return fmt.Appendf(dst, "%d:%s", p.Offset, p.Data)
}

// member is a subscriber that keeps what it gets.
type member struct {
	table   *hub.Table
	channel string
	client  throng.ClientID
	index   int
	got     []*throng.Publication
	frames  []string
	lost    int
	onPush  func()
}

func (m *member) Client() throng.ClientID { return m.client }
func (m *member) Moved(index int)         { m.index = index }
func (m *member) Index() int              { return m.index }
func (m *member) Prefetch() int           { return m.index }
func (m *member) Lost()                   { m.lost++ }
func (m *member) Push(frame []byte, p *throng.Publication) {
	m.got = append(m.got, p)
	m.frames = append(m.frames, string(frame))
	if m.onPush != nil {
		m.onPush()
	}
}

func (m *member) leave() {
	if m.index >= 0 {
		m.table.Remove(m.channel, m.index)
	}
}

func (m *member) data() string {
	s := ""
	for _, p := range m.got {
		s += string(p.Data)
	}
	return s
}

// world is a hub whose loops are the test.
type world struct {
	t        testing.TB
	hub      *hub.Hub
	boxes    []*box
	interest *interest
	encoders []*encoder
	clock    *throng.Clock
	offsets  map[string]uint64
}

func newWorld(t testing.TB, loops, slice int, options ...func(*hub.Options)) *world {
	w := &world{
		t: t, interest: &interest{on: map[string]bool{}}, clock: throng.NewClock(),
		offsets: map[string]uint64{},
	}
	o := hub.Options{Slice: slice, Clock: w.clock}
	for range 2 {
		e := &encoder{count: map[*throng.Publication]int{}}
		w.encoders = append(w.encoders, e)
		o.Encoders = append(o.Encoders, e)
	}
	for range loops {
		b := &box{}
		w.boxes = append(w.boxes, b)
		o.Mailboxes = append(o.Mailboxes, b)
	}
	for _, f := range options {
		f(&o)
	}
	w.hub = hub.New(o)
	w.hub.Connect(w.interest)
	return w
}

func (w *world) add(loop int, channel string, hold bool) *member {
	m := &member{table: w.hub.Table(loop), channel: channel, client: throng.NewClientID(), index: -1}
	m.table.Add(channel, m, 0, hold)
	return m
}

// publish delivers with the next offset of the channel.
func (w *world) publish(channel, data string, change ...func(*throng.Publication)) *throng.Publication {
	w.offsets[channel]++
	p := &throng.Publication{Offset: w.offsets[channel], Data: []byte(data)}
	for _, f := range change {
		f(p)
	}
	w.hub.Deliver(channel, p)
	return p
}

// receive runs all tasks of all loops, settle the turns too.
func (w *world) receive() {
	for i, b := range w.boxes {
		for b.run(i, 1) {
		}
	}
}

func (w *world) settle() {
	w.receive()
	for i := range w.boxes {
		for w.hub.Table(i).Turn() {
		}
	}
}

// empty checks that nothing is left of anything.
func (w *world) empty() {
	w.t.Helper()
	if n := w.hub.Channels(); n != 0 {
		w.t.Errorf("%d channels left", n)
	}
	for i := range w.boxes {
		s := w.hub.Table(i).Stats()
		if s.Backlog.Load() != 0 || s.Members.Load() != 0 || s.Topics.Load() != 0 {
			w.t.Errorf("loop %d: backlog %d, members %d, topics %d left",
				i, s.Backlog.Load(), s.Members.Load(), s.Topics.Load())
		}
		if left := w.hub.Table(i).Left(); left != "" {
			w.t.Errorf("loop %d: %s", i, left)
		}
	}
	if len(w.interest.wrong) > 0 || len(w.interest.on) > 0 {
		w.t.Errorf("interest: %v, left %v", w.interest.wrong, w.interest.on)
	}
}

type hubOptions = hub.Options

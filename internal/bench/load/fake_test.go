package load

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"throng/internal/bench/scenario"
	"throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

// fake is a network with a small server at its end, all in one goroutine. Within
// synctest, waiting lets time pass.
type fake struct {
	w      *Worker
	delay  time.Duration // of whatever the server says
	events []happening   // in the order in which they are due
	dials  []dialled
	heard  []heard
	open   map[int32]*websocket.Reader // by client
	topics map[int32]map[string]bool

	refuse func(c *client) error                      // dial; nil: accept
	answer func(c *client, m *phoenix.Message) string // status; "": none; nil: ok
	// response is what an answer holds besides; nil: a reason.
	response func(c *client, m *phoenix.Message) string
}

type happening struct {
	at  int64
	c   *client
	gen uint32
	do  func()
}

type dialled struct {
	user int32
	at   time.Duration // since the phase began
}

// heard is a message that the server heard.
type heard struct {
	user  int32
	event string
	data  string
	mark  mark
	at    int64
}

var _ network = (*fake)(nil)

// pretend makes a worker of a scenario on a fake network.
func pretend(t *testing.T, text string) (*Worker, *fake) {
	t.Helper()
	s, err := scenario.Parse([]byte("targets = [\"ws://127.0.0.1:9/socket\"]\n" + text))
	if err == nil {
		err = s.Check()
	}
	if err != nil {
		t.Fatal(err)
	}
	return enlist(t, Plan{Scenario: s, Agents: 1})
}

func enlist(t *testing.T, p Plan) (*Worker, *fake) {
	t.Helper()
	w, err := NewWorker(p)
	if err != nil {
		t.Fatal(err)
	}
	w.net.close()
	f := &fake{w: w, open: map[int32]*websocket.Reader{}, topics: map[int32]map[string]bool{}}
	w.net = f
	w.now = w.clock()
	return w, f
}

// perform runs a phase until it is done, or for a time at most, and reports
// whether it was done.
func (f *fake) perform(t *testing.T, phase int, most time.Duration) bool {
	t.Helper()
	w := f.w
	w.now = w.clock()
	at := w.now
	p := w.plan.Scenario.Phases[phase]
	w.begin(p, at)
	for w.clock()-at < int64(most) {
		if err := w.turn(maxWait); err != nil {
			t.Fatal(err)
		}
		if w.done(p, at) {
			return true
		}
	}
	return false
}

func (f *fake) later(c *client, do func()) { f.after(f.delay, c, do) }

// after does something for a client after a time, unless it is another one then.
func (f *fake) after(d time.Duration, c *client, do func()) {
	h := happening{f.w.clock() + int64(d), c, c.gen, do}
	i := len(f.events)
	for i > 0 && f.events[i-1].at > h.at {
		i--
	}
	f.events = slices.Insert(f.events, i, h)
}

func (f *fake) dial(c *client) error {
	f.dials = append(f.dials, dialled{c.user, time.Duration(f.w.clock())})
	if f.refuse != nil {
		if err := f.refuse(c); err != nil {
			return err
		}
	}
	f.open[c.index] = nil
	f.later(c, func() { f.w.connected(c) })
	return nil
}

func (f *fake) drop(c *client) {
	delete(f.open, c.index)
	delete(f.topics, c.index)
}

func (f *fake) close() {}

func (f *fake) wait(d time.Duration) error {
	if len(f.events) > 0 {
		d = min(d, time.Duration(f.events[0].at-f.w.clock()))
	}
	time.Sleep(max(d, 1))
	for len(f.events) > 0 && f.events[0].at <= f.w.clock() {
		e := f.events[0]
		f.events = f.events[1:]
		if e.c.gen == e.gen {
			e.do()
		}
	}
	return nil
}

func (f *fake) send(c *client, b []byte) {
	r, connected := f.open[c.index]
	switch {
	case !connected:
		return
	case r == nil:
		f.open[c.index], f.topics[c.index] = &websocket.Reader{}, map[string]bool{}
		f.say(c, websocket.AppendResponse(nil, f.w.key, ""))
		return
	}
	b = append([]byte(nil), b...)
	for len(b) > 0 {
		m, n, ok, err := r.Next(b, &websocket.Limits{MaxMessage: math.MaxInt32, MaxFragments: 1})
		if err != nil || !ok {
			panic("a client sends whole frames in one go")
		}
		b = b[n:]
		f.hear(c, m)
	}
}

func (f *fake) say(c *client, b []byte) {
	f.later(c, func() { f.w.received(c, b, time.Now().UnixNano()) })
}

func (f *fake) frame(c *client, payload []byte) {
	f.say(c, websocket.AppendFrame(nil, websocket.OpText, payload))
}

func (f *fake) hear(c *client, frame websocket.Message) {
	if f.w.plan.Scenario.Wire == "echo" {
		f.frame(c, append([]byte(nil), frame.Data...))
		return
	}
	var d phoenix.Decoder
	var m phoenix.Message
	if err := d.Text(phoenix.V2, frame.Data, &m); err != nil {
		panic(err)
	}
	k, _ := parseMark(m.Payload)
	f.heard = append(f.heard, heard{c.user, string(m.Event), string(m.Payload), k, f.w.clock()})
	status, topic := "ok", string(m.Topic)
	if f.answer != nil {
		status = f.answer(c, &m)
	}
	switch {
	case status == "ok" && string(m.Event) == "phx_join":
		f.topics[c.index][topic] = true
	case string(m.Event) == "phx_leave":
		delete(f.topics[c.index], topic)
	case status == "ok" && string(m.Event) == event:
		b := phoenix.AppendBroadcast(nil, phoenix.V2, 0, topic, event, m.Payload)
		for i := range f.w.clients {
			if other := &f.w.clients[i]; f.topics[other.index][topic] {
				f.frame(other, b)
			}
		}
	}
	if status != "" {
		response := `{"reason":"x"}`
		if f.response != nil {
			response = f.response(c, &m)
		}
		f.frame(c, phoenix.AppendReply(nil, phoenix.V2, m.JoinRef, m.Ref, topic, status, []byte(response)))
	}
}

// tell sends an event to all subscribers of a channel.
func (f *fake) tell(topic, event, payload string) {
	b := phoenix.AppendBroadcast(nil, phoenix.V2, 0, topic, event, []byte(payload))
	for i := range f.w.clients {
		if c := &f.w.clients[i]; f.topics[c.index][topic] {
			f.frame(c, b)
		}
	}
}

// cut ends a client's connection from the server's side.
func (f *fake) cut(c *client) { f.w.broken(c, errCut) }

// said returns when a user said something, in the order in which it did.
func (f *fake) said(user int32, event string) (all []heard) {
	for _, h := range f.heard {
		if h.user == user && h.event == event {
			all = append(all, h)
		}
	}
	return all
}

var errCut = errors.New("closed: cut by the test")

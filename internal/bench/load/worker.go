package load

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
	"throng/internal/websocket"
)

// Worker owns the clients of one process. Its methods are for one goroutine.
type Worker struct {
	plan    Plan
	targets []*target
	groups  []group
	clients []client
	places  map[string]*channel // by target and name
	users   int                 // in all processes

	net      network
	wire     wire
	schedule schedule
	key      []byte
	limits   websocket.Limits
	random   *rand.Rand

	now       int64
	timers    timers
	coming    []*flock
	clogged   []clog
	heartbeat int64
	swept     int64

	scratch, payload, message0 []byte // for building frames

	early    bool // nobody has sent anything yet
	static   bool // nobody comes or goes in this phase
	ending   bool // no new rounds
	runsLeft int
	waiting  int // messages without an answer

	open, joined int64
	counts       report.Counts // since the last sample
	total        report.Counts // since the phase began
	carried      report.Counts // in this second, before the phase began
	last         int64         // when something last came that was waited for
	noticed      *notice       // the last event that was awaited
	moved        bool          // since the last sample: something went on that the phase waits for
	checks       report.Checks
	failures     map[string]int64
	figures      figures
	second       second
	lasts        []Last
	busy         time.Duration // within the last second: not waiting
}

// Last is when the last subscriber in a process got a message.
type Last struct {
	User  uint32        `json:"u"`
	Seq   uint32        `json:"s"`
	Place string        `json:"p"` // the channel, by target and name
	Subs  int64         `json:"n"` // how many there are in the process
	Took  time.Duration `json:"t"`
}

// network is what carries connections. It calls connected, received and broken.
type network interface {
	dial(c *client) error
	send(c *client, b []byte) // takes all; what does not go at once it copies
	drop(c *client)
	// wait deals with what happens until the time is over, at least once.
	wait(d time.Duration) error
	close()
}

// NewWorker makes the clients that a plan gives to this process.
func NewWorker(p Plan) (*Worker, error) {
	groups, err := compile(p.Scenario)
	if err != nil {
		return nil, err
	}
	targets, err := parseTargets(p.Scenario)
	if err != nil {
		return nil, err
	}
	w := &Worker{
		plan: p, groups: groups, targets: targets, places: map[string]*channel{},
		schedule: scheduleOf(p.Scenario.Reconnect),
		random:   rand.New(rand.NewPCG(p.Scenario.Seed, uint64(p.Agent))),
		limits:   websocket.Limits{MaxMessage: 64 << 20, MaxFragments: 1 << 16, Client: true},
		key:      []byte("dGhyb25nIGxvYWQgdGVzdA=="),
		early:    true, failures: map[string]int64{}, figures: newFigures(),
		second: second{report.NewHistogram(), report.NewHistogram(), report.NewHistogram()},
	}
	if p.Scenario.Heartbeat > 0 && p.Scenario.Wire == "phoenix" {
		w.heartbeat = int64(p.Scenario.Heartbeat)
	}
	w.wire = &channels{w: w}
	if p.Scenario.Wire == "echo" {
		w.wire = echo{w}
	}
	w.people()
	if w.net, err = newNetwork(w); err != nil {
		return nil, err
	}
	return w, nil
}

// people makes the users of this process.
func (w *Worker) people() {
	w.users = w.plan.Scenario.Count()
	w.clients = make([]client, 0, w.users/w.plan.Agents+1)
	number := 0
	for g := range w.groups {
		for user := range w.groups[g].Count {
			if number%w.plan.Agents == w.plan.Agent {
				w.clients = append(w.clients, client{
					index: int32(len(w.clients)), fd: -1, user: int32(user),
					group: uint16(g), to: uint16(number % len(w.targets)),
				})
			}
			number++
		}
	}
}

// number is a client's number among all users of all processes.
func (w *Worker) number(c *client) uint32 {
	return uint32(int(c.index)*w.plan.Agents + w.plan.Agent)
}

// source is the turn of a client among those of its target, by which its source
// address is chosen: each pair of addresses gets its share of connections, whatever
// the numbers of targets and sources have in common.
func (w *Worker) source(c *client) int { return int(w.number(c)) / len(w.targets) }

// channel finds or makes a channel as a target knows it.
func (w *Worker) channel(target int, name []byte) *channel {
	if w.plan.Scenario.Cluster {
		target = 0
	}
	key := strconv.Itoa(target) + " " + string(name)
	ch := w.places[key]
	if ch == nil {
		ch = &channel{key: key, name: string(name)}
		w.places[key] = ch
	}
	return ch
}

// Close ends all connections.
func (w *Worker) Close() {
	for i := range w.clients {
		w.net.drop(&w.clients[i])
	}
	w.net.close()
}

// clock returns the time as all processes of a test know it.
func (w *Worker) clock() int64 { return time.Now().UnixNano() + w.plan.Offset }

// turn does what is due and waits for what comes, no longer than d.
func (w *Worker) turn(d time.Duration) error {
	w.now = w.clock()
	began := w.now
	w.unclog()
	// A script that waits for nothing has its next round due at once, so there must
	// be an end to it, or nothing would be read meanwhile.
	for n := 1; n%64 != 0 || w.clock()-began < int64(maxWait); n++ {
		t, ok := w.timers.due(w.now)
		if !ok {
			break
		}
		w.fire(t)
	}
	for _, f := range w.coming {
		w.advance(f)
	}
	if w.now-w.swept > int64(time.Second) {
		w.swept = w.now
		w.sweep()
	}
	if len(w.timers) > 0 {
		d = min(d, time.Duration(w.timers[0].at-w.now))
	}
	w.busy += time.Duration(w.clock() - began)
	return w.net.wait(max(0, d))
}

// scheduled reports whether something is still to begin that the scenario has set a
// time for. Tries of those who can't get in are no such thing.
func (w *Worker) scheduled() bool {
	return slices.ContainsFunc(w.coming, func(f *flock) bool { return f.scheduled(w.now) }) ||
		slices.ContainsFunc(w.timers, func(t timer) bool {
			return t.at > w.now && (t.kind == timerRound || t.kind == timerThink)
		})
}

// fire does what a timer is for.
func (w *Worker) fire(t timer) {
	c := &w.clients[t.user]
	switch {
	case t.kind == timerRound:
		w.round(c, int(t.of))
	case t.kind == timerThink:
		w.thought(c, t)
	case t.gen != c.gen:
	case t.kind == timerRetry:
		if c.state == waiting {
			w.dial(c, t.at)
		}
	case t.kind == timerHeartbeat:
		w.beat(c)
	}
}

// beat sends a heartbeat, or as the npm client does gives up a connection on
// which the last one was not answered.
func (w *Worker) beat(c *client) {
	for _, p := range c.pending {
		if p.kind == toHeartbeat && p.run < 0 {
			w.fail("heartbeat: unanswered")
			w.drop(c)
			w.lost(c)
			return
		}
	}
	w.wire.heartbeat(c, w.now, -1)
	w.timers.add(timer{at: w.now + w.heartbeat, user: c.index, gen: c.gen, kind: timerHeartbeat})
}

// lastGot notes that the last subscriber in this process got a message.
func (w *Worker) lastGot(ch *channel, m mark, took time.Duration) {
	if w.plan.Agents == 1 {
		w.figures.last.Record(took)
		return
	}
	if len(w.lasts) < maxLasts {
		w.lasts = append(w.lasts, Last{m.user, m.seq, ch.key, int64(ch.subs), took})
	}
}

// maxLasts bounds what is sent in a second to be put together.
const maxLasts = 20_000

func itoa(n int) string { return strconv.Itoa(n) }

// begin starts a phase at a time.
func (w *Worker) begin(p scenario.Phase, at int64) {
	w.ending = false
	w.static = w.plan.Scenario.Static(p.Name)
	w.total, w.last = report.Counts{}, 0
	w.timers.forget(timerRound, timerThink)
	for _, ch := range w.places {
		ch.sent, ch.received, ch.flights = 0, 0, ch.flights[:0]
	}
	switch p.Do {
	case scenario.Arrive:
		w.coming = w.flocks()
		for _, f := range w.coming {
			f.begin(0, at)
		}
	case scenario.Cut:
		limit := p.InFlight
		if limit > 0 {
			limit = max(1, limit/w.plan.Agents) * w.plan.Agents
		}
		w.cutAll(limit)
	case scenario.Act:
		w.early = false
		w.rehearse(p.Name, at)
	}
}

// done reports whether the worker has done its part of a phase.
func (w *Worker) done(p scenario.Phase, at int64) bool {
	over := p.For > 0 && w.now >= at+int64(p.For)
	switch p.Do {
	case scenario.Arrive, scenario.Cut:
		return w.arrived()
	case scenario.Idle:
		return over
	default:
		if over {
			w.ending = true
		}
		return (w.ending || w.runsLeft == 0) && w.waiting <= 0
	}
}

// maxWait is how long a turn waits at most, so that what is asked from outside is
// heard.
const maxWait = 5 * time.Millisecond

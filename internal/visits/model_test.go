package visits_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"throng"
	"throng/internal/session/sessiontest"
)

// model is what really happened: nodes, their users, and all that went wrong. Its time
// is the machine's, which nobody sets and which in a bubble is virtual.
type model struct {
	t     testing.TB
	w     *world
	rand  *rand.Rand
	start int64
	nodes []*process
	lives map[who][]life
	eras  []int64 // what the store's clock was off by
	log   []string
	slack int64 // how far apart times may be that are the same
}

type who struct{ node, user string }

// life is what a user did on a node while that was one process.
type life struct {
	was  []span // with a client
	lost int64  // what was later may be lost; 0 if nothing may
}

// process is a node, which may die and start again.
type process struct {
	name  string
	node  *node // nil while it is down
	tabs  map[string][]*sessiontest.Wire
	since map[string]int64
	was   map[string][]span
	works int64 // since when its line has; 0 while it does not
}

const (
	modelGrace = 15 * second
	modelBeat  = 2 * second
	modelTTL   = 8 * second
	// recovery is the longest that a node takes to speak with a store that is there
	// again: an attempt that hangs, and the longest pause.
	recovery = 15 * second
)

func newModel(t testing.TB, w *world, seed uint64, slack int64) *model {
	m := &model{t: t, w: w, rand: rand.New(rand.NewPCG(seed, 1)), start: machine(), lives: make(map[who][]life), eras: []int64{0}, slack: slack}
	for _, name := range []string{"a", "b"} {
		p := &process{name: name}
		m.nodes = append(m.nodes, p)
		m.boot(p)
	}
	return m
}

func machine() int64 { return time.Now().UnixMilli() }

func (m *model) note(format string, args ...any) {
	m.log = append(m.log, fmt.Sprintf("%d ", machine()-m.start)+fmt.Sprintf(format, args...))
}

func (m *model) boot(p *process) {
	m.note("%s starts", p.name)
	p.node = m.w.start(p.name)
	p.tabs, p.since, p.was = make(map[string][]*sessiontest.Wire), make(map[string]int64), make(map[string][]span)
	p.works = machine()
}

func (m *model) come(p *process, user string) {
	m.note("%s comes to %s", user, p.name)
	if len(p.tabs[user]) == 0 {
		p.since[user] = machine()
	}
	p.tabs[user] = append(p.tabs[user], p.node.come(user))
}

func (m *model) leave(p *process, user string) {
	m.note("%s leaves %s", user, p.name)
	tabs := p.tabs[user]
	i := m.rand.IntN(len(tabs))
	tabs[i].End()
	if p.tabs[user] = slices.Delete(tabs, i, i+1); len(p.tabs[user]) == 0 {
		delete(p.tabs, user)
		p.was[user] = append(p.was[user], span{p.since[user], machine()})
	}
}

// down ends a process: in good order, or like a kill -9. What could not be said, and
// was after the last flush, may be lost then.
func (m *model) down(p *process, order bool) {
	now := machine()
	for user, tabs := range p.tabs {
		p.was[user] = append(p.was[user], span{p.since[user], now})
		if order {
			for _, tab := range tabs {
				tab.End()
			}
		}
	}
	var lost int64
	if !order || p.node.drain() != nil {
		p.node.crash()
		if lost = m.start; p.node.line.last() != 0 {
			lost = m.unskew(p.node.line.last())
		}
		if p.works != 0 && now-p.works > recovery && now-lost > modelBeat+m.slack {
			m.t.Errorf("%s: the last flush before %d said %d, which is more than a beat before", p.name, now-m.start, lost-m.start)
		}
	}
	m.note("%s goes down, in order %t, said all up to %d", p.name, order, lost-m.start)
	for user, was := range p.was {
		at := who{p.name, user}
		m.lives[at] = append(m.lives[at], life{was, lost})
	}
	p.node = nil
}

// breaks breaks or mends a node's line to the store.
func (m *model) breaks(p *process, how trouble) {
	m.note("the line of %s is %d", p.name, how)
	p.node.line.set(how)
	if p.works = 0; how == works {
		p.works = machine()
	}
}

// set sets the store's clock, so far that it never says the same time twice.
func (m *model) set() {
	n := int64(len(m.eras)+1) / 2
	if len(m.eras)%2 == 0 {
		n = -n
	}
	to := n * 10 * time.Hour.Milliseconds()
	m.w.set(time.Duration(to-m.eras[len(m.eras)-1]) * time.Millisecond)
	m.eras = append(m.eras, to)
	m.note("the clock is set to %+d", to)
}

// unskew is when the store's clock said so, on the machine's.
func (m *model) unskew(at int64) int64 {
	best := at
	for _, era := range m.eras {
		if t := at - era; abs(t-m.start) < abs(best-m.start) {
			best = t
		}
	}
	return best
}

func abs(n int64) int64 { return max(n, -n) }

// play lets much happen, with a rest now and then, and compares the books with it.
func (m *model) play() {
	for range 3 {
		for range 150 {
			m.step()
		}
		m.rest()
	}
	m.check()
}

// step lets something happen.
func (m *model) step() {
	p := m.nodes[m.rand.IntN(len(m.nodes))]
	user := fmt.Sprint("user", m.rand.IntN(6))
	n := m.rand.IntN(1000)
	switch {
	case p.node == nil:
		if n < 500 {
			m.boot(p)
		}
	case n < 450 && len(p.tabs[user]) < 3:
		m.come(p, user)
	case n < 900 && len(p.tabs) > 0:
		m.leave(p, pick(m.rand, p.tabs))
	case n < 920:
		m.down(p, false)
	case n < 930:
		m.down(p, true)
	case n < 955:
		m.breaks(p, trouble(1+m.rand.IntN(4)))
	case n < 990:
		m.breaks(p, works)
	case n < 994 && len(m.eras) < 6:
		m.set()
	case n >= 994:
		for _, p := range m.nodes {
			if p.node != nil {
				m.breaks(p, trouble(1+m.rand.IntN(4)))
			}
		}
	}
	pauses := []time.Duration{time.Millisecond, 30 * time.Millisecond, 300 * time.Millisecond, time.Second, 4 * time.Second, 20 * time.Second}
	time.Sleep(time.Duration(m.rand.Int64N(int64(pauses[m.rand.IntN(len(pauses))]))) + time.Millisecond)
}

func pick[V any](r *rand.Rand, m map[string]V) string {
	names := slices.Sorted(maps.Keys(m))
	return names[r.IntN(len(names))]
}

// rest mends all and waits until all is said; then who is online is who is here.
func (m *model) rest() {
	for _, p := range m.nodes {
		if p.node == nil {
			m.boot(p)
		}
		m.breaks(p, works)
	}
	time.Sleep((recovery + 2*modelTTL + modelGrace + 4*modelBeat) * time.Millisecond)
	here := make(map[string]bool)
	for _, p := range m.nodes {
		for user := range p.tabs {
			here[user] = true
		}
	}
	if online, want := m.w.online(), slices.Sorted(maps.Keys(here)); !slices.Equal(online, want) {
		m.t.Errorf("at %d %v are online, and %v are here", machine()-m.start, online, want)
	}
}

// check ends all and compares the books with what was.
func (m *model) check() {
	for _, p := range m.nodes {
		m.down(p, true)
	}
	if online := m.w.online(); len(online) > 0 {
		m.t.Errorf("at the end %v are online", online)
	}
	books := make(map[who][]throng.Visit)
	for _, v := range m.w.all() {
		books[who{v.Node, v.User}] = append(books[who{v.Node, v.User}], v)
	}
	for at := range books {
		if len(m.lives[at]) == 0 {
			m.t.Errorf("%v: was never there, and has visits", at)
		}
	}
	for at, lives := range m.lives {
		m.compare(at, lives, books[at])
	}
	if m.t.Failed() {
		for _, line := range m.log {
			m.t.Log(line)
		}
	}
}

// compare holds a user's visits on a node against what was: nothing is there twice,
// nothing is given but pauses within the grace, and nothing is lost but what a crash
// may cost.
func (m *model) compare(at who, lives []life, visits []throng.Visit) {
	var said, given, owed []span
	for _, v := range visits {
		s := span{m.unskew(v.StartedAt), m.unskew(v.EndedAt)}
		if v.Reason == throng.VisitOpen || s.to < s.from {
			m.t.Errorf("%v: %+v", at, v)
			continue
		}
		for _, other := range said {
			if min(s.to, other.to)-max(s.from, other.from) > m.slack {
				m.t.Errorf("%v: the visits %v and %v overlap", at, m.since(s), m.since(other))
			}
		}
		said = append(said, s)
	}
	for _, l := range lives {
		given = append(given, union(modelGrace, l.was...)...)
		for _, s := range l.was {
			if l.lost != 0 {
				s.to = min(s.to, l.lost)
			}
			if s.from < s.to {
				owed = append(owed, s)
			}
		}
	}
	all := union(m.slack, given...)
	for _, s := range said {
		for _, rest := range s.beyond(all, m.slack) {
			m.t.Errorf("%v: %v of the visit %v is given", at, m.since(rest), m.since(s))
		}
	}
	all = union(m.slack, said...)
	for _, s := range owed {
		for _, rest := range s.beyond(all, m.slack) {
			m.t.Errorf("%v: %v of %v is lost", at, m.since(rest), m.since(s))
		}
	}
	if m.t.Failed() {
		for _, v := range visits {
			m.log = append(m.log, fmt.Sprintf("%v: %s", at, show(v, m.start)))
		}
	}
}

func (m *model) since(s span) span { return span{s.from - m.start, s.to - m.start} }

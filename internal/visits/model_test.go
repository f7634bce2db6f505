package visits_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"throng"
)

// model is what really happened: nodes, their users, and all that went wrong. Its time
// is the machine's, which nobody sets and which in a bubble is virtual.
type model struct {
	t     testing.TB
	w     *world
	rand  *rand.Rand
	start int64
	nodes []*process
	lives map[where][]life
	eras  []int64 // what the store's clock was off by
	log   []string
	slack int64 // how far apart times may be that are the same
}

// where is a place on a node.
type where struct {
	node string
	place
}

// life is when a user was at a place while the node was one process.
type life struct {
	was  []past
	lost int64 // what was later may be lost; 0 if nothing may
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
	m := &model{t: t, w: w, rand: rand.New(rand.NewPCG(seed, 1)), start: machine(), lives: make(map[where][]life), eras: []int64{0}, slack: slack}
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
	p.begin(m.w.start(p.name))
}

// down ends a process: in good order, or like a kill -9. What could not be said, and
// was after the last flush, may be lost then.
func (m *model) down(p *process, order bool) {
	now := machine()
	if order {
		for len(p.tabs) > 0 {
			p.leave(p.tabs[pick(m.rand, p.tabs)][0])
		}
	}
	p.cut()
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
	for at, was := range p.was {
		m.lives[where{p.name, at}] = append(m.lives[where{p.name, at}], life{was, lost})
	}
	p.node = nil
}

// breaks breaks or mends a node's line to the store.
func (m *model) breaks(p *process, how trouble) {
	m.note("the line of %s is %d", p.name, how)
	p.node.line.set(how)
	if p.works, p.upset = 0, machine(); how == works {
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
	for _, p := range m.nodes {
		p.upset = machine()
	}
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
	case n < 250 && len(p.tabs[user]) < 3:
		m.note("%s comes to %s", user, p.name)
		p.come(user)
	case n < 900 && len(p.tabs) > 0:
		m.touch(p)
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

// touch lets something happen to a tab. One that is dark says nothing; that it is so may
// be found out.
func (m *model) touch(p *process) {
	tabs := p.tabs[pick(m.rand, p.tabs)]
	t := tabs[m.rand.IntN(len(tabs))]
	channel := modelChannels[m.rand.IntN(len(modelChannels))]
	if len(t.in) > 0 && m.rand.IntN(3) > 0 {
		channel = t.in[m.rand.IntN(len(t.in))]
	}
	n := m.rand.IntN(100)
	switch {
	case n < 15, t.dark != 0 && n < 30:
		m.note("%s leaves %s, dark since %d", t.user, p.name, max(0, t.dark-m.start))
		p.leave(t)
	case t.dark != 0:
	case n < 20:
		m.note("%s goes dark on %s", t.user, p.name)
		t.dark = machine()
	case !slices.Contains(t.in, channel):
		m.note("%s joins %s on %s", t.user, channel, p.name)
		p.join(t, channel)
	case n < 28:
		m.note("%s leaves %s on %s", t.user, channel, p.name)
		p.part(t, channel)
	default:
		on := !slices.Contains(t.sees, channel) || n < 35
		m.note("%s watches %s on %s: %t", t.user, channel, p.name, on)
		p.watch(t, channel, on)
	}
}

// modelChannels are watched in parallel, and exclusively.
var modelChannels = []string{"p:1", "p:2", "x:1", "x:2", "x:3"}

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
	books := make(map[where][]throng.Visit)
	for _, v := range m.w.all() {
		at := where{v.Node, place{v.User, v.Channel, v.Kind}}
		books[at] = append(books[at], v)
	}
	for at := range books {
		if len(m.lives[at]) == 0 {
			m.t.Errorf("%v: was never there, and has visits", at)
		}
	}
	for at, lives := range m.lives {
		m.compare(at, lives, books[at])
	}
	m.alone(books)
	if m.t.Failed() {
		for _, line := range m.log {
			m.t.Log(line)
		}
	}
}

// compare holds a user's visits on a node against what was: nothing is there twice,
// nothing is given but pauses within the grace, and nothing is lost but what a crash
// may cost.
func (m *model) compare(at where, lives []life, visits []throng.Visit) {
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
		may, must := l.bounds()
		given, owed = append(given, may...), append(owed, must...)
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

// alone checks that of the channels that are watched exclusively one counted at a time.
func (m *model) alone(books map[where][]throng.Visit) {
	watched := make(map[where][]throng.Visit) // by user and node
	for at, list := range books {
		if at.kind == throng.Watching && exclusive(at.channel) {
			at.channel = ""
			watched[at] = append(watched[at], list...)
		}
	}
	for at, list := range watched {
		for i, a := range list {
			for _, b := range list[:i] {
				if min(m.unskew(a.EndedAt), m.unskew(b.EndedAt))-max(m.unskew(a.StartedAt), m.unskew(b.StartedAt)) > m.slack {
					m.t.Errorf("%v: %s and %s counted at a time", at, show(a, m.start), show(b, m.start))
				}
			}
		}
	}
}

func (m *model) since(s span) span { return span{s.from - m.start, s.to - m.start} }

package hub_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"throng"
)

// model drives a hub at random and knows what each member must get: all that its
// loop received while it was there.
type model struct {
	*world
	r        *rand.Rand
	channels []string
	members  []*modelMember
	sent     map[int][]*throng.Publication // by loop, what waits in its mailbox
}

type modelMember struct {
	*member
	loop   int
	must   []*throng.Publication
	held   bool
	behind uint64 // released from behind this offset
	gone   bool
}

func (m *model) here(f func(*modelMember) bool) (out []*modelMember) {
	for _, x := range m.members {
		if !x.gone && f(x) {
			out = append(out, x)
		}
	}
	return out
}

func (m *model) pick(f func(*modelMember) bool) *modelMember {
	if all := m.here(f); len(all) > 0 {
		return all[m.r.IntN(len(all))]
	}
	return nil
}

func (m *model) drop(x *modelMember) {
	if x != nil && !x.gone {
		x.gone = true
		x.leave()
	}
}

func (m *model) join() {
	loop := m.r.IntN(len(m.boxes))
	x := &modelMember{loop: loop, held: m.r.IntN(3) == 0}
	x.member = &member{
		table: m.hub.Table(loop), channel: m.channels[m.r.IntN(len(m.channels))],
		client: throng.NewClientID(), index: -1,
	}
	x.onPush = func() { // who is pushed to may leave, and take others with it
		switch m.r.IntN(40) {
		case 0:
			m.drop(x)
		case 1:
			m.drop(m.pick(func(y *modelMember) bool { return y.loop == loop }))
		case 2:
			m.drop(m.pick(func(y *modelMember) bool { return y.loop == loop && y.channel == x.channel }))
			m.drop(x)
		}
	}
	x.table.Add(x.channel, x, 0, x.held)
	m.members = append(m.members, x)
}

func (m *model) receiveOne(loop int) {
	if len(m.boxes[loop].tasks) == 0 {
		return
	}
	p := m.sent[loop][0]
	m.sent[loop] = m.sent[loop][1:]
	for _, x := range m.here(func(y *modelMember) bool { return y.loop == loop && y.channel == p.Event }) {
		x.must = append(x.must, p)
	}
	m.boxes[loop].run(loop, 1)
}

func (m *model) send() {
	channel := m.channels[m.r.IntN(len(m.channels))]
	counts := make([]int, len(m.boxes))
	for i, b := range m.boxes {
		counts[i] = len(b.tasks)
	}
	p := m.publish(channel, "x", func(p *throng.Publication) { p.Event = channel })
	for i, b := range m.boxes {
		if len(b.tasks) > counts[i] {
			m.sent[i] = append(m.sent[i], p)
		}
	}
}

func (m *model) release(x *modelMember) {
	if x == nil {
		return
	}
	x.held = false
	if m.r.IntN(2) == 0 {
		if !x.table.Flow(x.channel, x.index) {
			m.t.Fatal("overflow")
		}
		return
	}
	x.behind = m.offsets[x.channel] // as if the history were read now
	if !x.table.Release(x.channel, x.index, throng.Position{Offset: x.behind}) {
		m.t.Fatal("overflow")
	}
}

func (m *model) step() {
	isHeld := func(x *modelMember) bool { return x.held }
	loop := m.r.IntN(len(m.boxes))
	switch m.r.IntN(12) {
	case 0, 1:
		m.join()
	case 2:
		m.drop(m.pick(func(*modelMember) bool { return true }))
	case 3, 4, 5:
		m.send()
	case 6, 7:
		m.receiveOne(loop)
	case 8:
		if x := m.pick(func(*modelMember) bool { return true }); x != nil {
			x.table.CatchUp(x.channel, x.index)
		}
	case 9:
		m.release(m.pick(isHeld))
	default:
		m.hub.Table(loop).Turn()
	}
}

func (m *model) checkCounts() {
	for _, channel := range m.channels {
		want := len(m.here(func(x *modelMember) bool { return x.channel == channel }))
		if got := m.hub.Subscribers(channel); got != want {
			m.t.Fatalf("%d subscribers of %s, want %d", got, channel, want)
		}
	}
}

func (m *model) check() {
	for i, x := range m.members {
		must := x.must
		if x.behind > 0 {
			must = slices.DeleteFunc(slices.Clone(must), func(p *throng.Publication) bool { return p.Offset <= x.behind })
		}
		if x.lost != 0 {
			m.t.Fatalf("member %d lost something", i)
		}
		got := x.got
		if x.gone && len(got) <= len(must) {
			must = must[:len(got)]
		}
		if !slices.Equal(got, must) {
			m.t.Fatalf("member %d of %s (gone %t) got %d publications, want %d", i, x.channel, x.gone, len(got), len(must))
		}
	}
}

func TestModel(t *testing.T) {
	for seed := range uint64(250) {
		m := &model{
			r: rand.New(rand.NewPCG(seed, 1)), channels: []string{"a", "b", "c"},
			sent: map[int][]*throng.Publication{},
		}
		m.world = newWorld(t, 1+m.r.IntN(3), 1+m.r.IntN(5))
		for range 500 {
			m.step()
			m.checkCounts()
		}
		for loop := range m.boxes {
			for len(m.boxes[loop].tasks) > 0 {
				m.receiveOne(loop)
			}
		}
		for _, x := range m.here(func(y *modelMember) bool { return y.held }) {
			if !x.gone { // another one's release may have ended it
				m.release(x)
			}
		}
		m.settle()
		m.check()
		for _, x := range m.members {
			m.drop(x)
		}
		m.settle()
		m.empty()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

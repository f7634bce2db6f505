package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"throng"
)

var modelTests = []test{
	{"Model/1", func(w *world) { model(w, 1) }},
	{"Model/2", func(w *world) { model(w, 2) }},
	{"Model/3", func(w *world) { model(w, 3) }},
}

// key is what a lease has open once.
type key struct {
	user, channel string
	kind          throng.VisitKind
}

// stay is an open visit of the model, and when its last client went, 0 if it did not.
type stay struct{ started, left int64 }

// process is a node of the model.
type process struct {
	*node
	open map[key]*stay
	at   int64 // its last At
}

// books is what the store should have.
type books struct {
	*world
	random *rand.Rand
	now    int64 // the nodes' present; the store's moves along
	all    map[string]*process
	ended  []throng.Visit
}

// model drives nodes that open, close, die, are fenced and come back, as chance has it,
// and compares the whole record with what it should be.
func model(w *world, seed uint64) {
	b := &books{world: w, random: rand.New(rand.NewPCG(seed, 0)), all: make(map[string]*process)}
	b.now = time.Now().UnixMilli()
	w.limit = 50 // small pages have tests of their own
	for step := range 120 {
		b.step()
		if step%15 == 14 {
			b.compare()
		}
		if w.Failed() {
			w.Fatalf("seed %d, step %d", seed, step)
		}
	}
	b.compareSums()
}

func (b *books) step() {
	b.pass(time.Duration(b.random.IntN(5000)) * time.Millisecond)
	name := fmt.Sprintf("node%d", b.random.IntN(3))
	p := b.all[name]
	switch chance := b.random.IntN(20); {
	case p == nil || chance == 0: // starts, or starts again after a crash
		if p != nil {
			b.lose(p, p.at, throng.VisitCrashed)
		}
		b.all[name] = &process{node: b.node(name), open: make(map[key]*stay), at: b.now}
		b.all[name].flush(throng.VisitFlush{At: b.now})
	case chance == 1: // is stopped
		why := []throng.VisitReason{throng.VisitDrained, throng.VisitMoved}[b.random.IntN(2)]
		b.no(p.store.Release(b.ctx, p.lease, b.now, why))
		b.lose(p, b.now, why)
		delete(b.all, name)
	case chance == 2: // is silent for long, and so are those who are not asked
		b.pass(20 * time.Second)
		_, err := b.store.Reap(b.ctx, 10*time.Second)
		b.no(err)
		for name, p := range b.all {
			p.refused(throng.ErrFenced)
			b.lose(p, p.at, throng.VisitCrashed)
			delete(b.all, name)
		}
	default:
		b.act(p)
	}
	// The others beat, or they would be dead by chance.
	for _, p := range b.all {
		p.flush(throng.VisitFlush{At: b.now})
		p.at = b.now
	}
}

// pass lets time go by.
func (b *books) pass(d time.Duration) {
	b.advance(d)
	b.now += d.Milliseconds()
}

// lose ends what a process has open.
func (b *books) lose(p *process, at int64, why throng.VisitReason) {
	for k, s := range p.open {
		end := at
		if s.left != 0 {
			end = min(at, s.left)
		}
		b.end(p, k, s, max(end, s.started), why)
	}
}

func (b *books) end(p *process, k key, s *stay, at int64, why throng.VisitReason) {
	b.ended = append(b.ended, throng.Visit{
		User: k.user, Channel: k.channel, Kind: k.kind, Node: p.lease.NodeID, StartedAt: s.started, EndedAt: at, Reason: why,
	})
	delete(p.open, k)
}

// act makes a flush of whatever happened to some users.
func (b *books) act(p *process) {
	f := throng.VisitFlush{At: b.now}
	for range 1 + b.random.IntN(8) {
		k := key{fmt.Sprintf("user%d", b.random.IntN(12)), []string{"", "chat"}[b.random.IntN(2)], throng.VisitKind(b.random.IntN(2))}
		v := throng.Visit{User: k.user, Channel: k.channel, Kind: k.kind}
		if mentioned(&f, v) {
			continue
		}
		s := p.open[k]
		switch {
		case s == nil && b.random.IntN(3) == 0: // came and went since
			v.StartedAt, v.EndedAt, v.Reason = b.now-int64(b.random.IntN(3000)), b.now, throng.VisitLeft
			f.Closed = append(f.Closed, v)
			b.end(p, k, &stay{started: v.StartedAt}, v.EndedAt, v.Reason)
		case s == nil:
			v.StartedAt = b.now - int64(b.random.IntN(3000))
			f.Opened = append(f.Opened, v)
			p.open[k] = &stay{started: v.StartedAt}
		case s.left == 0 && b.random.IntN(2) == 0:
			s.left = b.now - int64(b.random.IntN(1000))
			v.StartedAt, v.EndedAt = s.started, max(s.left, s.started)
			s.left = v.EndedAt
			f.Left = append(f.Left, v)
		case s.left != 0 && b.random.IntN(2) == 0:
			s.left = 0
			v.StartedAt = s.started
			f.Returned = append(f.Returned, v)
		default:
			v.StartedAt, v.EndedAt, v.Reason = s.started, max(b.now, s.started), throng.VisitLeft
			if s.left != 0 {
				v.EndedAt = s.left
			}
			f.Closed = append(f.Closed, v)
			b.end(p, k, s, v.EndedAt, v.Reason)
		}
	}
	p.flush(f)
	p.at = b.now
	if b.random.IntN(4) == 0 { // the answer was lost
		f.Sequence = p.seq
		_, err := p.store.Flush(b.ctx, p.lease, &f)
		b.no(err)
	}
}

func mentioned(f *throng.VisitFlush, v throng.Visit) bool {
	for _, list := range [][]throng.Visit{f.Opened, f.Closed, f.Left, f.Returned} {
		if slices.ContainsFunc(list, func(o throng.Visit) bool { return o.User == v.User && o.Channel == v.Channel && o.Kind == v.Kind }) {
			return true
		}
	}
	return false
}

func byBeginning(a, b throng.Visit) int {
	return cmp.Or(cmp.Compare(a.StartedAt, b.StartedAt), cmp.Compare(a.EndedAt, b.EndedAt), cmp.Compare(a.Node, b.Node),
		cmp.Compare(a.User, b.User), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Kind, b.Kind))
}

// compare holds the record against the model.
func (b *books) compare() {
	b.Helper()
	want := slices.Clone(b.ended)
	for _, p := range b.all {
		for k, s := range p.open {
			want = append(want, throng.Visit{User: k.user, Channel: k.channel, Kind: k.kind, Node: p.lease.NodeID, StartedAt: s.started})
		}
	}
	got := append(b.visits(throng.Connected), b.visits(throng.Watching)...)
	slices.SortFunc(want, byBeginning)
	slices.SortFunc(got, byBeginning)
	same(b.world, "the record", got, want)
	for _, channel := range []string{"", "chat"} {
		present := make(map[string]bool)
		for _, p := range b.all {
			for k := range p.open {
				if k.channel == channel && k.kind == throng.Connected {
					present[k.user] = true
				}
			}
		}
		var want []string
		for user := range present {
			want = append(want, user)
		}
		slices.Sort(want)
		same(b.world, "online", names(b.online(throng.OnlineQuery{Channel: channel})), want)
	}
}

// compareSums ends everything, and adds up by hand.
func (b *books) compareSums() {
	for name, p := range b.all {
		b.no(p.store.Release(b.ctx, p.lease, b.now, throng.VisitDrained))
		b.lose(p, b.now, throng.VisitDrained)
		delete(b.all, name)
	}
	b.compare()
	all := make(map[string]throng.Watched) // what days add up to
	for _, v := range b.ended {
		if v.Kind == throng.Watching && v.Channel == "chat" {
			sum := all[v.User]
			sum.User, sum.Channel = v.User, v.Channel
			sum.Milliseconds += v.EndedAt - v.StartedAt
			sum.Visits++
			all[v.User] = sum
		}
	}
	var want []throng.Watched
	for _, sum := range all {
		want = append(want, sum)
	}
	slices.SortFunc(want, func(a, b throng.Watched) int { return cmp.Compare(a.User, b.User) })
	same(b.world, "sums", b.watched(throng.WatchedQuery{Channel: "chat", Kind: throng.Watching}), want)
	for _, sum := range want {
		once := covered(b.ended, sum.User)
		got := b.watched(throng.WatchedQuery{User: sum.User, Channel: "chat", Kind: throng.Watching})
		if len(got) != 1 || got[0].Milliseconds != once {
			b.Errorf("%s watched %+v, want %d ms", sum.User, got, once)
		}
	}
}

// covered is the time that a user's visits cover, found by their edges.
func covered(visits []throng.Visit, user string) (ms int64) {
	type edge struct{ at, step int64 }
	var edges []edge
	for _, v := range visits {
		if v.User == user && v.Kind == throng.Watching && v.Channel == "chat" {
			edges = append(edges, edge{v.StartedAt, 1}, edge{v.EndedAt, -1})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Compare(a.at, b.at) })
	depth, last := int64(0), int64(0)
	for _, e := range edges {
		if depth > 0 {
			ms += e.at - last
		}
		depth, last = depth+e.step, e.at
	}
	return ms
}

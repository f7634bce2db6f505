package hub_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"throng"
)

func of(epoch string) func(*throng.Publication) {
	return func(p *throng.Publication) { p.Epoch = epoch }
}

func at(offset uint64, epoch string) throng.Position {
	return throng.Position{Offset: offset, Epoch: epoch}
}

// positioned adds a member that counts offsets from a position on.
func (w *world) positioned(loop int, channel string, from throng.Position) *member {
	m := w.add(loop, channel, true)
	m.table.Release(channel, m.index, from)
	return m
}

// A broker that lost its data begins anew: nobody goes on as if nothing had been.
func TestAnotherEpochIsALoss(t *testing.T) {
	for _, first := range []uint64{1, 2, 3, 4, 100} { // whatever offset it comes with
		w := newWorld(t, 1, 1)
		a, b := w.positioned(0, "c", at(0, "one")), w.positioned(0, "c", at(0, "one"))
		plain, held := w.add(0, "c", false), w.add(0, "c", true)
		w.publish("c", "1", of("one"))
		w.publish("c", "2", of("one"))
		w.settle()
		w.offsets["c"] = first - 1
		w.publish("c", "x", of("two"))
		w.publish("c", "y", of("two"))
		w.settle()
		if a.data() != "12" || b.data() != "12" || a.lost != 1 || b.lost != 1 {
			t.Errorf("at %d: %q %q, lost %d %d", first, a.data(), b.data(), a.lost, b.lost)
		}
		if plain.data() != "12xy" || plain.lost != 0 {
			t.Errorf("at %d: who counts no offsets: %q, lost %d", first, plain.data(), plain.lost)
		}
		held.table.Release("c", held.index, at(first, "two")) // the history was read after all this
		w.publish("c", "z", of("two"))
		w.settle()
		if held.data() != "yz" || held.lost != 0 {
			t.Errorf("at %d: who begins in the new epoch: %q, lost %d", first, held.data(), held.lost)
		}
		if n := w.hub.Table(0).Stats().Gaps.Load(); n != 2 {
			t.Errorf("%d gaps", n)
		}
	}
}

// Who joins learns of the new epoch first.
func TestReleaseInAnotherEpoch(t *testing.T) {
	w := newWorld(t, 1, 1)
	a := w.positioned(0, "c", at(5, "one"))
	b := w.positioned(0, "c", at(5, "two"))
	w.settle()
	if a.lost != 1 || b.lost != 0 {
		t.Errorf("lost %d %d", a.lost, b.lost)
	}
	w.offsets["c"] = 5
	w.publish("c", "6", of("two"))
	w.settle()
	if a.data() != "" || b.data() != "6" {
		t.Errorf("%q %q", a.data(), b.data())
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name   string
		checks []throng.Position
		lost   bool
	}{
		{"fine", []throng.Position{at(3, "e"), at(3, "e"), at(3, "e")}, false},
		{"late answers", []throng.Position{at(1, "e"), at(0, "e"), at(2, "e")}, false},
		{"once behind", []throng.Position{at(4, "e"), at(3, "e"), at(4, "e")}, false},
		{"twice behind", []throng.Position{at(4, "e"), at(4, "e")}, true},
		{"twice behind, more each time", []throng.Position{at(4, "e"), at(9, "e")}, true},
		{"once in another epoch", []throng.Position{at(9, "f"), at(3, "e"), at(9, "f")}, false},
		{"in two other epochs", []throng.Position{at(9, "f"), at(9, "g")}, false},
		{"twice in another epoch", []throng.Position{at(0, "f"), at(0, "f")}, true},
		{"behind, then in another epoch", []throng.Position{at(4, "e"), at(4, "f")}, false},
		{"in another epoch, then behind", []throng.Position{at(4, "f"), at(4, "e")}, false},
	} {
		w := newWorld(t, 2, 1)
		a, b := w.positioned(0, "c", at(0, "e")), w.positioned(1, "c", at(2, "e"))
		plain, held := w.add(0, "c", false), w.add(0, "c", true)
		for range 3 {
			w.publish("c", "x", of("e"))
		}
		for _, top := range c.checks { // behind what waits in the mailboxes
			w.hub.Check("c", top)
		}
		w.settle()
		if lost := a.lost + b.lost; lost != 0 && !c.lost || lost != 2 && c.lost {
			t.Errorf("%s: lost %d %d", c.name, a.lost, b.lost)
		}
		if a.data() != "xxx" && !c.lost || plain.data() != "xxx" || plain.lost != 0 {
			t.Errorf("%s: %q, plain %q lost %d", c.name, a.data(), plain.data(), plain.lost)
		}
		if !held.table.Release("c", held.index, at(9, "e")) || held.lost != 0 {
			t.Errorf("%s: held", c.name)
		}
		for _, m := range []*member{a, b, plain, held} {
			m.leave()
		}
		w.settle()
		w.empty()
	}
}

// Only who is behind is lost: not who was released from further on.
func TestCheckFindsTheOneBehind(t *testing.T) {
	w := newWorld(t, 1, 1)
	behind, ahead := w.positioned(0, "c", at(3, "e")), w.positioned(0, "c", at(4, "e"))
	for range 3 {
		w.hub.Check("c", at(4, "e"))
		w.settle()
	}
	if behind.lost != 1 || ahead.lost != 0 {
		t.Errorf("lost %d %d", behind.lost, ahead.lost)
	}
	if n := w.hub.Table(0).Stats().Behind.Load(); n != 1 {
		t.Errorf("%d behind", n)
	}
	behind.leave()
	w.checksIdle("c", at(4, "e")) // the others were looked at
}

// A check of a channel that is fine visits nobody.
func TestCheckIsCheap(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.positioned(0, "c", at(7, "e"))
	w.positioned(0, "c", at(7, "e"))
	w.checksIdle("c", at(7, "e"))
	w.hub.Check("nobody", at(7, "e"))
	if len(w.boxes[0].tasks) != 0 {
		t.Error("a channel without subscribers was posted")
	}
}

// checksIdle checks that nothing is to be done for a position.
func (w *world) checksIdle(channel string, top throng.Position) {
	w.t.Helper()
	for range 4 {
		w.hub.Check(channel, top)
		w.receive()
		if !w.hub.Table(0).Idle() {
			w.t.Fatal("there was something to do")
		}
	}
}

func TestPositioned(t *testing.T) {
	w := newWorld(t, 2, 1)
	list := func() (all []string) {
		for part := range 256 {
			all = append(all, w.hub.Positioned(part)...)
		}
		return all
	}
	a, b := w.positioned(0, "c", at(1, "e")), w.positioned(1, "c", at(1, "e"))
	w.add(0, "d", false)
	w.add(0, "d", true)
	if got := fmt.Sprint(list()); got != "[c]" {
		t.Error(got)
	}
	a.leave()
	if got := fmt.Sprint(list()); got != "[c]" {
		t.Error(got)
	}
	b.leave()
	if got := list(); len(got) != 0 {
		t.Error(got)
	}
}

// lossy is a broker that loses deliveries, and all its data, at random. Deliveries
// are under way for a while, but never from one check to the next but one.
type lossy struct {
	*world
	r       *rand.Rand
	top     throng.Position
	epochs  int
	way     []*throng.Publication
	old     int // of those, how many were there at the last check
	members []*follower
}

type follower struct {
	*member
	from     throng.Position // where it was released
	read     bool            // the history was read
	released bool
	perfect  bool // nothing was lost since it came, nor was anything of another epoch on its way
}

func (l *lossy) deliver() {
	if len(l.way) > 0 {
		l.hub.Deliver("c", l.way[0])
		l.way = l.way[1:]
		l.old = max(0, l.old-1)
	}
}

func (l *lossy) harm() {
	for _, f := range l.members {
		f.perfect = false
	}
}

// quiet reports whether nothing of another epoch is on its way. What comes out of
// order is believed, for want of anything better, and costs a resync too many.
func (l *lossy) quiet() bool {
	for _, p := range l.way {
		if p.Epoch != l.top.Epoch {
			return false
		}
	}
	for _, b := range l.boxes {
		if len(b.tasks) > 0 {
			return false
		}
	}
	for _, f := range l.members {
		if f.read && !f.released && f.index >= 0 && f.from.Epoch != l.top.Epoch {
			return false
		}
	}
	return true
}

func (l *lossy) step() {
	switch l.r.IntN(40) {
	case 0:
		l.harm()
		l.epochs++
		l.top = at(uint64(l.r.IntN(3)), fmt.Sprint("e", l.epochs))
	case 1, 2:
		l.harm()
		l.top.Offset++ // published, and never delivered
	case 3, 4, 5, 6:
		f := &follower{member: l.add(l.r.IntN(len(l.boxes)), "c", true), perfect: l.quiet()}
		l.members = append(l.members, f)
	case 7, 8, 9, 10:
		for _, f := range l.members {
			if !f.read && l.r.IntN(2) == 0 {
				f.from, f.read = l.top, true
			}
		}
	case 11, 12, 13:
		l.release(func() bool { return l.r.IntN(2) == 0 })
	case 14:
		if len(l.members) > 0 {
			l.members[l.r.IntN(len(l.members))].leave()
		}
	case 15, 16:
		l.check()
	case 17, 18, 19, 20, 21, 22:
		l.deliver()
	case 23, 24, 25, 26, 27, 28:
		loop := l.r.IntN(len(l.boxes))
		l.boxes[loop].run(loop, 1)
	case 29, 30, 31, 32:
		l.hub.Table(l.r.IntN(len(l.boxes))).Turn()
	default:
		l.top.Offset++
		l.way = append(l.way, &throng.Publication{Offset: l.top.Offset, Epoch: l.top.Epoch, Data: []byte("x")})
	}
	for _, f := range l.members { // as a session does
		if f.lost > 0 {
			f.leave()
		}
	}
}

func (l *lossy) release(which func() bool) {
	for _, f := range l.members {
		if f.read && !f.released && f.index >= 0 && which() {
			f.released = true
			if !f.table.Release("c", f.index, f.from) {
				l.t.Fatal("overflow")
			}
		}
	}
}

// check brings what was under way at the last one, and then tells the loops.
func (l *lossy) check() {
	for l.old > 0 {
		l.deliver()
	}
	l.old = len(l.way)
	l.hub.Check("c", l.top)
}

// finish lets everything arrive and checks twice more than needed.
func (l *lossy) finish() {
	for len(l.way) > 0 {
		l.deliver()
	}
	for _, f := range l.members {
		if !f.read {
			f.from, f.read = l.top, true
		}
	}
	l.settle()
	l.release(func() bool { return true })
	for range 4 {
		l.check()
		l.settle()
		for _, f := range l.members {
			if f.lost > 0 {
				f.leave()
			}
		}
	}
}

func (l *lossy) verify() {
	for i, f := range l.members {
		last := f.from
		for _, p := range f.got {
			if p.Epoch != f.from.Epoch || p.Offset != last.Offset+1 {
				l.t.Fatalf("member %d was at %v and got %d of %s", i, last, p.Offset, p.Epoch)
			}
			last.Offset = p.Offset
		}
		switch {
		case f.lost > 1:
			l.t.Fatalf("member %d was told %d times", i, f.lost)
		case f.lost > 0 && f.perfect:
			l.t.Fatalf("member %d, from %v to %v, was told that it missed something, and nothing was lost", i, f.from, last)
		case f.lost == 0 && f.index >= 0 && last != l.top:
			l.t.Fatalf("member %d, from %v, was left at %v; the stream is at %v", i, f.from, last, l.top)
		}
	}
}

// However a broker fails, nobody stays behind without being told, and nobody is
// told without need.
func TestLossyBroker(t *testing.T) {
	for seed := range uint64(400) {
		l := &lossy{r: rand.New(rand.NewPCG(seed, 9)), top: at(0, "e0")}
		l.world = newWorld(t, 1+l.r.IntN(3), 1+l.r.IntN(4))
		for range 300 {
			l.step()
		}
		l.finish()
		l.verify()
		for _, f := range l.members {
			f.leave()
		}
		l.settle()
		l.empty()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

package hub_test

import (
	"strings"
	"testing"

	"throng"
)

func TestBigChannelDoesNotStopSmallOne(t *testing.T) {
	const slice, big = 10, 5000
	w := newWorld(t, 1, slice)
	pushed := 0
	for _, channel := range []string{"big", "huge"} {
		for range big {
			w.add(0, channel, false).onPush = func() { pushed++ }
		}
	}
	small := w.add(0, "small", false)
	w.publish("big", "x")
	w.publish("huge", "x")
	w.receive()
	for range 7 { // in the middle of their rounds
		w.hub.Table(0).Turn()
	}
	before, waited := pushed, -1
	small.onPush = func() { waited = pushed - before }
	w.publish("small", "s")
	w.settle()
	if waited < 0 || waited > 2*slice {
		t.Errorf("a small channel waited for %d pushes of 2 big ones with slices of %d", waited, slice)
	}
	if pushed != 2*big {
		t.Errorf("%d pushes, want %d", pushed, 2*big)
	}
}

func TestTurnIsBounded(t *testing.T) {
	const slice = 16
	w := newWorld(t, 1, slice)
	pushed := 0
	for i := range 100 {
		w.add(0, strings.Repeat("c", i+1), false).onPush = func() { pushed++ }
		w.publish(strings.Repeat("c", i+1), "x")
	}
	w.receive()
	for turn := 0; ; turn++ {
		before := pushed
		more := w.hub.Table(0).Turn()
		if pushed-before > slice {
			t.Fatalf("turn %d made %d pushes", turn, pushed-before)
		}
		if !more {
			break
		}
	}
	if pushed != 100 {
		t.Errorf("%d pushes", pushed)
	}
}

func TestBurstIsOneVisit(t *testing.T) {
	w := newWorld(t, 1, 100)
	var order []int
	members := make([]*member, 100)
	for i := range members {
		members[i] = w.add(0, "c", false)
		members[i].onPush = func() { order = append(order, i) }
	}
	for range 16 {
		w.publish("c", "x")
	}
	w.receive()
	if w.hub.Table(0).Turn() {
		t.Error("one slice was not enough for one visit of each")
	}
	if len(order) != 1600 {
		t.Fatalf("%d pushes, want 1600", len(order))
	}
	for i, who := range order {
		if who != i/16 {
			t.Fatalf("push %d went to %d: more than one visit", i, who)
		}
	}
}

func TestPublicationsDuringARound(t *testing.T) {
	w := newWorld(t, 1, 1)
	a, b, c := w.add(0, "c", false), w.add(0, "c", false), w.add(0, "c", false)
	w.publish("c", "1")
	w.receive()
	w.hub.Table(0).Turn() // a has it
	w.publish("c", "2")
	w.receive()
	w.hub.Table(0).Turn() // b gets both
	if a.data() != "1" || b.data() != "12" || c.data() != "" {
		t.Fatalf("%q %q %q", a.data(), b.data(), c.data())
	}
	d := w.add(0, "c", false)
	w.settle()
	if a.data() != "12" || b.data() != "12" || c.data() != "12" || d.data() != "" {
		t.Fatalf("%q %q %q %q", a.data(), b.data(), c.data(), d.data())
	}
}

func TestCatchUp(t *testing.T) {
	w := newWorld(t, 1, 1)
	first, last := w.add(0, "c", false), w.add(0, "c", false)
	w.publish("c", "1")
	w.publish("c", "2")
	w.receive()
	w.hub.Table(0).CatchUp("c", last.index)
	if last.data() != "12" || first.data() != "" {
		t.Fatalf("%q %q", first.data(), last.data())
	}
	w.hub.Table(0).CatchUp("c", last.index)
	w.settle()
	if last.data() != "12" || first.data() != "12" {
		t.Fatalf("%q %q", first.data(), last.data())
	}
	if n := w.hub.Table(0).Stats().Deliveries.Load(); n != 4 {
		t.Errorf("%d deliveries counted", n)
	}
}

func TestLeavingInsidePush(t *testing.T) {
	tests := map[string]func(all []*member, me int){
		"itself":   func(all []*member, me int) { all[me].leave() },
		"all":      func(all []*member, _ int) { leaveAll(all) },
		"the rest": func(all []*member, me int) { leaveAll(all[:me]); leaveAll(all[me+1:]) },
	}
	for name, leave := range tests {
		for who := range 5 {
			w := newWorld(t, 1, 2)
			var all []*member
			for range 5 {
				all = append(all, w.add(0, "c", false))
			}
			all[who].onPush = func() { leave(all, who) }
			for range 3 {
				w.publish("c", "x")
			}
			w.settle()
			for i, m := range all {
				if n := len(m.got); m.index >= 0 && n != 3 {
					t.Errorf("%s in push to %d: %d got %d of 3", name, who, i, n)
				}
			}
			leaveAll(all)
			w.empty()
		}
	}
}

func leaveAll(all []*member) {
	for _, m := range all {
		m.leave()
	}
}

func TestBusyAndBacklog(t *testing.T) {
	w := newWorld(t, 2, 1, func(o *hubOptions) { o.BacklogBytes = 10_000 })
	m := w.add(1, "c", false)
	for range 9 {
		w.publish("c", strings.Repeat("x", 1000))
	}
	if !w.hub.Busy("c") || w.hub.Busy("other") {
		t.Error("a full backlog is busy, a channel without subscribers is not")
	}
	if n := w.hub.Table(0).Stats().Backlog.Load(); n != 0 {
		t.Errorf("backlog %d on a loop without subscribers", n)
	}
	w.receive()
	m.leave() // what waits in the topic goes with it
	w.settle()
	w.empty()
	m = w.add(1, "c", false)
	w.publish("c", "x")
	m.leave() // and what waits in the mailbox
	w.settle()
	w.empty()
}

func TestRejoinedChannelIsFresh(t *testing.T) {
	w := newWorld(t, 1, 1)
	a := w.add(0, "c", false)
	w.publish("c", "1")
	w.receive()
	a.leave() // its topic waits for a turn
	b := w.add(0, "c", false)
	w.publish("c", "2")
	w.settle()
	if a.data() != "" || b.data() != "2" {
		t.Errorf("%q %q", a.data(), b.data())
	}
	b.leave()
	w.settle()
	w.empty()
}

func TestUnknownChannelCostsNothing(t *testing.T) {
	w := newWorld(t, 1, 1)
	p := &throng.Publication{Data: []byte("x")}
	if n := testing.AllocsPerRun(100, func() { w.hub.Deliver("nobody", p) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	w.empty()
}

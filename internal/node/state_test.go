package node_test

import (
	"encoding/json"
	"testing"

	"throng/internal/session"
	"throng/internal/session/sessiontest"
)

// move takes a session to another node, as JSON.
func move(t *testing.T, from *sessiontest.Wire, to *place, between func()) *sessiontest.Wire {
	t.Helper()
	b, err := json.Marshal(from.Capture())
	if err != nil {
		t.Fatal(err)
	}
	from.End()
	between()
	var st session.State
	if err := json.Unmarshal(b, &st); err != nil {
		t.Fatal(err)
	}
	c := to.client(0)
	c.Restore(st)
	return c
}

func TestMove(t *testing.T) {
	w := newWorld(t)
	one, two := w.add(1, 1), w.add(1, 1)
	a := one.client(0)
	join(a, "hist:x", nil)
	join(a, "hist:long", nil)
	a.Join(session.SubscribeRequest{Channel: "open:x"})
	one.publish("hist:x", "1")
	one.settle()
	one.publish("hist:x", "2") // posted, not pushed
	one.receive()
	a.Take()
	b := move(t, a, two, func() {
		one.publish("hist:x", "3")
		for range 6 { // one more than the window keeps
			one.publish("hist:long", "l")
		}
	})
	expect(t, b, "resumed hist:x 2:2 3:3", "resync hist:long", "resumed open:x")
	expect(t, a)
	one.publish("hist:x", "4")
	one.publish("open:x", "o")
	one.settle()
	two.settle()
	expect(t, b, "hist:x 4:4", "open:x 0:o")
	if b.Client() != a.Client() || b.Count() != 2 {
		t.Errorf("%d subscriptions", b.Count())
	}
	say(b, "hist:x", "5")
	two.settle()
	expect(t, b, "hist:x 5:5", "published 5 at 5")
	one.empty()
	two.empty()
}

// A session is captured while it waits for answers, on a node where they come
// late, and again before the new node has them.
func TestMoveWhileWaiting(t *testing.T) {
	w := newWorld(t)
	w.late = &late{}
	one, two, three := w.add(1, 1), w.add(1, 1), w.add(1, 1)
	a := one.client(0)
	join(a, "hist:x", nil)
	w.late.all()
	one.settle()
	join(a, "hist:y", nil)
	w.direct("hist:x", "1")
	one.settle()
	expect(t, a, "subscribed hist:x at 0 recovered=false", "hist:x 1:1")
	b := move(t, a, two, func() { w.direct("hist:x", "2"); w.direct("hist:y", "y") })
	two.settle()
	expect(t, b)
	c := move(t, b, three, func() { w.direct("hist:x", "3") })
	say(c, "hist:x", "4")
	for _, n := range w.nodes { // the first two nodes' answers find nobody
		w.late.all()
		n.settle()
	}
	expect(t, a)
	expect(t, b)
	got := c.Take()
	if len(got) < 2 || got[0] != "resumed hist:x 2:2 3:3" && got[0] != "resumed hist:x 2:2 3:3 4:4" {
		t.Errorf("%q", got)
	}
	seen := map[string]int{}
	for _, line := range got {
		seen[line]++
	}
	if seen["subscribed hist:y at 1 recovered=false"] != 1 || seen["published 4 at 4"] != 1 {
		t.Errorf("%q", got)
	}
	for _, n := range w.nodes {
		n.empty()
	}
}

func TestMoveToAnotherEpoch(t *testing.T) {
	w, w2 := newWorld(t), newWorld(t)
	one, two := w.add(1, 1), w2.add(1, 1)
	a := one.client(0)
	join(a, "hist:x", nil)
	a.Join(session.SubscribeRequest{Channel: "hist:y"})
	b := move(t, a, two, func() { two.publish("hist:x", "1") })
	expect(t, b, "resync hist:x", "resumed hist:y")
	one.empty()
	two.empty()
}

package node_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/session"
)

func TestSubscribe(t *testing.T) {
	n := newWorld(t).add(2, 1)
	a, b := n.client(0), n.client(1)
	join(a, "hist:x", nil)
	join(b, "open:x", nil)
	n.publish("hist:x", "1", "2")
	n.publish("open:x", "o")
	n.settle()
	expect(t, a, "subscribed hist:x at 0 recovered=false", "hist:x 1:1", "hist:x 2:2")
	expect(t, b, "subscribed open:x", "open:x 0:o")
	b.Join(session.SubscribeRequest{Channel: "hist:x"}) // counts no offsets
	n.client(1).Join(session.SubscribeRequest{Channel: "nowhere:x"})
	n.publish("hist:x", "3")
	n.settle()
	expect(t, b, "subscribed hist:x", "hist:x 3:3")
	n.empty()
}

func TestRecover(t *testing.T) {
	n := newWorld(t).add(1, 1)
	n.publish("hist:x", "1", "2", "3", "4", "5", "6", "7") // the window is 5
	epoch := n.epoch("hist:x")
	for _, c := range []struct {
		name  string
		since *throng.Position
		want  string
	}{
		{"complete", since(4, epoch), "subscribed hist:x at 7 recovered=true 5:5 6:6 7:7"},
		{"at the edge of the window", since(2, epoch), "subscribed hist:x at 7 recovered=true 3:3 4:4 5:5 6:6 7:7"},
		{"up to date", since(7, epoch), "subscribed hist:x at 7 recovered=true"},
		{"trimmed", since(1, epoch), "subscribed hist:x at 7 recovered=false"},
		{"another epoch", since(4, "other"), "subscribed hist:x at 7 recovered=false"},
		{"no epoch", since(4, ""), "subscribed hist:x at 7 recovered=false"},
		{"future", since(8, epoch), "subscribed hist:x at 7 recovered=false"},
	} {
		a := n.client(0)
		join(a, "hist:x", c.since)
		got := a.Take()
		if len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	a := n.client(0)
	a.Join(session.SubscribeRequest{Channel: "hist:x", Positioned: true, Recent: 2})
	n.publish("hist:x", "8")
	n.settle()
	expect(t, a, "subscribed hist:x at 7 recovered=false 6:6 7:7", "hist:x 8:8")
	b := n.client(0)
	join(b, "open:x", since(1, "e"))
	expect(t, b, "subscribed open:x")
	n.empty()
}

// What is in the loop's mailbox already when the history is read is not pushed
// again.
func TestSubscribeAmongDeliveries(t *testing.T) {
	n := newWorld(t).add(1, 1)
	a, b := n.client(0), n.client(0)
	join(a, "hist:x", nil)
	n.publish("hist:x", "1", "2")
	join(b, "hist:x", since(0, n.epoch("hist:x")))
	n.publish("hist:x", "3")
	n.settle()
	expect(t, b, "subscribed hist:x at 2 recovered=true 1:1 2:2", "hist:x 3:3")
	expect(t, a, "subscribed hist:x at 0 recovered=false", "hist:x 1:1", "hist:x 2:2", "hist:x 3:3")
	n.empty()
}

func TestExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newWorld(t).add(1, 1)
		a := n.client(0)
		join(a, "brief:x", nil)
		epoch := n.epoch("brief:x")
		n.publish("brief:x", "1", "2")
		n.receive()
		time.Sleep(time.Second)
		n.publish("brief:x", "3")
		n.settle()
		expect(t, a, "subscribed brief:x at 0 recovered=false", "brief:x 3:3")
		b := n.client(0)
		join(b, "brief:x", since(0, epoch))
		expect(t, b, "subscribed brief:x at 3 recovered=true 3:3")
		n.empty()
		_ = n.memory.Close(t.Context())
	})
}

func TestDuplicateJoin(t *testing.T) {
	n := newWorld(t).add(1, 1)
	a := n.client(0)
	join(a, "hist:x", nil)
	n.publish("hist:x", "1")
	n.receive() // not pushed yet
	a.Join(session.SubscribeRequest{Channel: "hist:x"})
	n.publish("hist:x", "2")
	n.settle()
	expect(t, a, "subscribed hist:x at 0 recovered=false", "hist:x 1:1", "subscribed hist:x", "replaced hist:x", "hist:x 2:2")
	if a.Count() != 1 {
		t.Errorf("%d subscriptions", a.Count())
	}
	n.empty()
}

func TestDuplicateJoinLate(t *testing.T) {
	for first, want := range [][]string{
		{"subscribed hist:x at 0 recovered=false", "subscribed hist:x at 0 recovered=false", "replaced hist:x", "hist:x 1:1"},
		{"subscribed hist:x at 0 recovered=false", "replaced hist:x", "hist:x 1:1"},
	} {
		w := newWorld(t)
		w.late = &late{}
		n := w.add(1, 1)
		a := n.client(0)
		join(a, "hist:x", nil)
		w.late.tell(0)
		join(a, "hist:x", nil)
		w.late.calls[0].do() // both histories are read
		w.late.calls[1].do()
		w.direct("hist:x", "1")
		w.late.tell(first)
		n.settle()
		w.late.all()
		n.settle()
		expect(t, a, want...)
		w.direct("hist:x", "2")
		n.settle()
		expect(t, a, "hist:x 2:2")
		n.empty()
	}
}

// While the new join waits, the old one is silent; nothing comes twice.
func TestDuplicateJoinIsNoGap(t *testing.T) {
	w := newWorld(t)
	w.late = &late{}
	n := w.add(1, 1)
	a := n.client(0)
	join(a, "hist:x", nil)
	w.late.all()
	n.settle()
	w.direct("hist:x", "1")
	n.receive()
	join(a, "hist:x", since(0, n.epoch("hist:x")))
	w.late.calls[0].do()
	w.direct("hist:x", "2")
	n.settle()
	w.late.all()
	w.direct("hist:x", "3")
	n.settle()
	expect(t, a, "subscribed hist:x at 0 recovered=false", "hist:x 1:1",
		"subscribed hist:x at 1 recovered=true 1:1", "replaced hist:x", "hist:x 2:2", "hist:x 3:3")
	n.empty()
}

func TestBrokerFails(t *testing.T) {
	w := newWorld(t)
	w.late = &late{fail: errors.New("down")}
	n := w.add(1, 1)
	a, b, c := n.client(0), n.client(0), n.client(0)
	join(a, "open:x", nil)
	join(b, "open:x", nil)
	w.late.all()
	join(c, "open:x", nil) // before a and b have heard
	if w.late.kinds() != "S" {
		t.Errorf("calls %q", w.late.kinds())
	}
	w.late.all()
	n.settle()
	expect(t, a, "failed open:x internal error")
	expect(t, b, "failed open:x internal error")
	expect(t, c, "subscribed open:x")
	join(a, "open:x", nil)
	expect(t, a, "subscribed open:x")
	n.empty()
}

func TestHistoryFails(t *testing.T) {
	w := newWorld(t)
	w.late = &late{}
	n := w.add(1, 1)
	a := n.client(0)
	join(a, "hist:x", nil)
	w.late.tell(0)
	_ = w.memory.Close(t.Context())
	w.late.all()
	n.settle()
	expect(t, a, "failed hist:x internal error")
	if a.Count() != 0 || n.hub.Channels() != 0 {
		t.Error("still subscribed")
	}
}

// Nothing of a channel is heard before the answer, whether it has a history.
func TestHeldUntilAnswered(t *testing.T) {
	for channel, want := range map[string][]string{
		"open:x": {"subscribed open:x", "open:x 0:1", "open:x 0:2", "open:x 0:3"},
		"hist:x": {"subscribed hist:x at 1 recovered=false", "hist:x 2:2", "hist:x 3:3"},
	} {
		w := newWorld(t)
		w.late = &late{}
		n := w.add(1, 1)
		a := n.client(0)
		join(a, channel, nil)
		w.direct(channel, "1")
		if channel == "hist:x" {
			w.late.tell(0)
			w.late.calls[0].do() // the history is read, not yet told
		}
		w.direct(channel, "2")
		n.settle()
		expect(t, a)
		w.late.all()
		w.direct(channel, "3")
		n.settle()
		expect(t, a, want...)
		n.empty()
	}
}

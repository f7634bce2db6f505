package node_test

import (
	"fmt"
	"testing"
)

// A slow client in the middle of a sweep ends without harm to the others.
func TestSlowDisconnectInSweep(t *testing.T) {
	w := newWorld(t)
	w.limits.QueueBytes = 64
	n := w.add(1, 2)
	for i := range 9 {
		c := n.client(0)
		join(c, "open:x", nil)
		join(c, "open:y", nil)
		c.Take()
		c.Stalled = i%3 == 1
	}
	for range 4 {
		n.publish("open:x", "0123456789")
		n.publish("open:y", "0123456789")
	}
	n.settle()
	ended := 0
	for _, c := range n.clients {
		got := c.Take()
		switch {
		case c.Stalled && len(got) == 1 && got[0] == "disconnect 3008" && c.Ended():
			ended++
		case c.Stalled || len(got) != 8 || c.Ended():
			t.Errorf("stalled %t, ended %t: %q", c.Stalled, c.Ended(), got)
		}
	}
	if ended != 3 {
		t.Errorf("%d ended", ended)
	}
	n.empty()
}

// A slow client of a channel with history is told to resynchronise, and finds
// all that it missed in the history.
func TestSlowNewestResync(t *testing.T) {
	w := newWorld(t)
	w.limits.QueueBytes = 100
	n := w.add(1, 3)
	a, other := n.client(0), n.client(0)
	join(a, "newest:x", nil)
	join(other, "newest:x", nil)
	for i := range 3 {
		n.publish("newest:x", fmt.Sprint(i+1))
	}
	n.settle()
	a.Flush()
	a.Stalled = true
	for i := range 20 {
		n.publish("newest:x", fmt.Sprint(i+4))
	}
	n.settle()
	expect(t, a, "subscribed newest:x at 0 recovered=false", "newest:x 1:1", "newest:x 2:2", "newest:x 3:3",
		"resync newest:x")
	a.Stalled = false
	join(a, "newest:x", since(3, n.epoch("newest:x")))
	got := a.Take()
	if want := "subscribed newest:x at 23 recovered=true 4:4 5:5"; len(got) != 1 || got[0][:len(want)] != want {
		t.Errorf("%q", got)
	}
	if got := other.Take(); len(got) != 24 {
		t.Errorf("the other got %d lines", len(got))
	}
	n.empty()
}

package session_test

import (
	"fmt"
	"strings"
	"testing"

	"throng"
)

func TestQueueBound(t *testing.T) {
	n := newNode()
	w := n.client("")
	sub := join(w, "open:a", false)
	w.Take()
	for i := range 50 { // a fast client: the queue is flushed when it is full
		push(sub, i)
	}
	if got := w.Take(); len(got) != 50 || w.Ended() {
		t.Errorf("%d pushes, ended %t", len(got), w.Ended())
	}
	sub.Push([]byte(strings.Repeat("x", 1000)), &throng.Publication{})
	if got := w.Take(); len(got) != 1 || w.Ended() {
		t.Errorf("a frame above the bound, with nothing waiting: %d pushes, ended %t", len(got), w.Ended())
	}
}

func TestSlowDisconnect(t *testing.T) {
	n := newNode()
	w := n.client("")
	sub, other := join(w, "open:a", false), join(w, "hist:b", true)
	w.Stalled = true
	for i := range 5 {
		push(other, i+1)
		push(sub, i+1)
	}
	// Nothing that can be dropped stands before the reason.
	expect(t, w, "subscribed open:a", "subscribed hist:b at 0 recovered=false", "disconnect 3008")
	if !w.Ended() || w.Count() != 0 || len(n.here) != 0 {
		t.Errorf("ended %t, %d subscriptions", w.Ended(), len(n.here))
	}
	push(sub, 6) // a loop over the members may not have noticed
	expect(t, w)
}

func TestSlowNewestKeepsNewest(t *testing.T) {
	n := newNode()
	w := n.client("")
	sub := join(w, "new:a", false)
	w.Take()
	w.Stalled = true
	w.Published(nil, tokenOf("r"), throng.PublishResult{}, nil) // an answer: 14 bytes
	for i := range 20 {
		push(sub, i+1)
	}
	expect(t, w, "published r at 0", "new:a 17", "new:a 18", "new:a 19", "new:a 20")
	if w.Ended() {
		t.Error("ended")
	}
}

func TestSlowNewestResyncsPositioned(t *testing.T) {
	n := newNode()
	w := n.client("")
	plain, counted, idle := join(w, "new:a", false), join(w, "newhist:b", true), join(w, "newhist:c", true)
	w.Take()
	w.Stalled = true
	push(plain, 1)
	push(counted, 1)
	push(counted, 2)
	push(plain, 2)
	push(plain, 3)
	push(plain, 4)
	// The oldest two go; with the counted one all of its frames, or its client
	// would see 2 behind the gap.
	expect(t, w, "resync newhist:b", "new:a 4")
	if w.Count() != 2 || w.Find([]byte("newhist:b")) != nil || idle.Index() < 0 {
		t.Errorf("%d subscriptions", w.Count())
	}
}

func TestSlowNewestLosesItself(t *testing.T) {
	n := newNode()
	w := n.client("")
	sub := join(w, "newhist:a", true)
	w.Take()
	w.Stalled = true
	for i := range 6 {
		push(sub, i+1)
	}
	expect(t, w, "resync newhist:a")
	if len(n.here) != 0 {
		t.Error("still subscribed")
	}
}

func TestSlowNewestWithAnswersOnly(t *testing.T) {
	n := newNode()
	w := n.client("")
	sub := join(w, "new:a", false)
	w.Take()
	w.Stalled = true
	for i := range 6 {
		w.Published(nil, tokenOf(fmt.Sprint(i)), throng.PublishResult{}, nil)
	}
	push(sub, 1)
	expect(t, w, "published 0 at 0", "published 1 at 0", "published 2 at 0", "published 3 at 0",
		"published 4 at 0", "published 5 at 0", "disconnect 3008")
}

// The publications of a namespace that says disconnect are not dropped because
// another one says newest.
func TestSlowNewestAmongOthers(t *testing.T) {
	n := newNode()
	w := n.client("")
	strict, sub := join(w, "open:a", false), join(w, "new:b", false)
	w.Take()
	w.Stalled = true
	push(strict, 1)
	for i := range 5 {
		push(sub, i+1)
	}
	expect(t, w, "disconnect 3008")
}

func TestSlowAfterLeave(t *testing.T) {
	n := newNode()
	w := n.client("")
	left, sub := join(w, "open:a", false), join(w, "new:b", false)
	w.Take()
	w.Stalled = true
	push(left, 1)
	w.Unsubscribe(left)
	for i := range 5 {
		push(sub, i+1)
	}
	expect(t, w, "new:b 2", "new:b 3", "new:b 4", "new:b 5")
}

func TestEndedInFlush(t *testing.T) {
	n := newNode()
	w := n.client("")
	sub := join(w, "open:a", false)
	w.Take()
	for i := range 5 {
		push(sub, i)
	}
	w.OnFlush = w.End
	push(sub, 5)
	if got := w.Take(); len(got) != 5 {
		t.Errorf("%q", got)
	}
}

// What waits of a channel that was left goes whole or not at all: its client may
// come back with the last offset that it saw.
func TestSlowAfterLeavingPositioned(t *testing.T) {
	n := newNode()
	w := n.client("")
	left, sub := join(w, "newhist:a", true), join(w, "new:b", false)
	w.Take()
	w.Stalled = true
	for i := range 3 {
		push(left, i+1)
	}
	w.Unsubscribe(left)
	for i := range 10 {
		push(sub, i+1)
	}
	for _, line := range w.Take() {
		if strings.HasPrefix(line, "newhist:a") {
			t.Errorf("%q behind a gap", line)
		}
	}
}

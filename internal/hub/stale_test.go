package hub_test

import (
	"testing"

	"throng"
)

// Who comes to a loop that all others had left is told of no step that was posted
// before: those after it did not come to the loop. Messages come all the same.
func TestStaleSteps(t *testing.T) {
	w := newWorld(t, 2, 10)
	step := func(p *throng.Publication) { p.Event, p.Offset, p.Publisher = throng.PresenceDiff, 0, nil }
	for _, elsewhere := range []bool{false, true} { // the channel's record stays, or is another one
		a := w.add(0, "x", false)
		var other *member
		if elsewhere {
			other = w.add(1, "x", false)
		}
		w.publish("x", "1", step)
		w.publish("x", "message")
		a.leave()
		w.publish("x", "2", step)
		b := w.add(0, "x", false)
		w.publish("x", "3", step)
		w.settle()
		if got := b.data(); got != "message3" {
			t.Errorf("got %q", got)
		}
		if elsewhere {
			if got := len(other.got); got != 4 {
				t.Errorf("the other got %d", got)
			}
			other.leave()
		}
		b.leave()
	}
	w.empty()
}

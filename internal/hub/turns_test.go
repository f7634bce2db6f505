package hub_test

import (
	"strings"
	"testing"
)

// Small channels are brought to all one after the other, in the order in which something
// came; big ones take turns.
func TestWhoTakesTurns(t *testing.T) {
	const slice, small = 2, 4 * 2 // the most subscribers of a small one
	for name, test := range map[string]struct {
		members int
		want    string
	}{
		"small": {small, strings.Repeat("a", small) + strings.Repeat("b", small)},
		"big":   {small + slice, strings.Repeat("aabb", small/slice+1)},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			w := newWorld(t, 1, slice)
			w.order(&got, "a", test.members)
			w.order(&got, "b", test.members)
			w.publish("a", "a")
			w.publish("b", "b")
			w.settle()
			if s := strings.Join(got, ""); s != test.want {
				t.Errorf("order %q, want %q", s, test.want)
			}
		})
	}
}

// A small channel in the middle of its sweep goes on before others, but what came to it
// meanwhile waits behind them.
func TestSmallSweepsAreInOrder(t *testing.T) {
	var got []string
	w := newWorld(t, 1, 2)
	w.order(&got, "a", 4)
	w.order(&got, "b", 4)
	w.publish("a", "a")
	w.receive()
	w.hub.Table(0).Turn()
	w.publish("b", "b")
	w.publish("a", "A")
	w.settle()
	if s := strings.Join(got, ""); s != "aa"+"aAaA"+"bbbb"+"AA" {
		t.Errorf("order %q", s)
	}
}

// A big channel has a share of the turns while small ones never end.
func TestBigHasItsShare(t *testing.T) {
	const big = 20
	var got []string
	w := newWorld(t, 1, 1)
	w.order(&got, "big", big)
	w.order(&got, "room", 1)
	w.publish("big", "b")
	for range 4 * big {
		w.publish("room", "r")
		w.receive()
		w.hub.Table(0).Turn()
	}
	s := strings.Join(got, "")
	if strings.Count(s, "b") != big || strings.Contains(s, "bb") || strings.Count(s, "r") < 2*big {
		t.Errorf("order %q", s)
	}
	w.settle()
}

// Urgent, small and big all come to something when none of them ever ends.
func TestNoLaneStarves(t *testing.T) {
	const big, rounds = 20, 400
	var got []string
	w := newWorld(t, 1, 1)
	w.order(&got, "big", big)
	w.order(&got, "room", 1)
	w.order(&got, "user", 1)
	for range rounds {
		w.publish("big", "b")
		w.publish("room", "r")
		w.publish("user", "u", hasty)
		w.receive()
		w.hub.Table(0).Turn()
	}
	turns := strings.Join(got, "")
	if n := strings.Count(turns, "b"); n < rounds/32 {
		t.Errorf("%d of %d pushes in bulk", n, len(turns))
	}
	for _, lane := range []string{"r", "u"} {
		if !strings.Contains(turns, lane) {
			t.Errorf("%q never had a turn", lane)
		}
	}
	w.settle()
}

// A channel that grows while it waits takes turns from then on: nobody is left out or
// visited twice.
func TestSmallGrowsBig(t *testing.T) {
	var got []string
	w := newWorld(t, 1, 1)
	w.order(&got, "a", 4)
	w.order(&got, "other", 5)
	w.publish("a", "a")
	w.publish("other", "o")
	w.receive()
	for range 3 {
		w.hub.Table(0).Turn()
	}
	w.order(&got, "a", 1) // from the next publication on
	w.publish("a", "A")
	w.settle()
	s := strings.Join(got, "")
	if strings.Count(s, "a") != 4 || strings.Count(s, "A") != 5 || strings.Count(s, "o") != 5 {
		t.Errorf("order %q", s)
	}
	if !w.hub.Table(0).Idle() {
		t.Error("somebody waits")
	}
}

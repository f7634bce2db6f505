package hub_test

import (
	"fmt"
	"strings"
	"testing"

	"throng"
)

func hasty(p *throng.Publication) { p.Urgent = true }

// order collects what members of several channels get, in the order of all.
func (w *world) order(into *[]string, channel string, members int) (all []*member) {
	for range members {
		m := w.add(0, channel, false)
		m.onPush = func() { *into = append(*into, string(m.got[len(m.got)-1].Data)) }
		all = append(all, m)
	}
	return all
}

// An urgent publication is brought before what waits in other channels, with what came
// before it in its own.
func TestUrgentFirst(t *testing.T) {
	var got []string
	w := newWorld(t, 1, 4)
	w.order(&got, "big", 8)
	w.order(&got, "room", 2)
	w.publish("big", "b")
	w.receive()
	w.hub.Table(0).Turn() // half of it
	w.publish("room", "r")
	w.publish("room", "u", hasty)
	w.publish("room", "s")
	w.settle()
	if s := strings.Join(got, ""); s != "bbbb"+"rusrus"+"bbbb" {
		t.Errorf("order %q", s)
	}
	if !w.hub.Table(0).Idle() {
		t.Error("somebody waits")
	}
}

// Topics that their other queue has served are passed over a slice at a time.
func TestUrgentLeavesNoLongTurn(t *testing.T) {
	const channels, slice = 200, 8
	var got []string
	w := newWorld(t, 1, slice)
	for i := range channels {
		w.order(&got, fmt.Sprint("user", i), 1)
		w.publish(fmt.Sprint("user", i), "b")
	}
	for i := range channels {
		w.publish(fmt.Sprint("user", i), "u", hasty)
	}
	w.receive()
	turns := 0
	for w.hub.Table(0).Turn() {
		if turns++; len(got) == 2*channels {
			break
		}
	}
	passed := 0
	for w.hub.Table(0).Turn() {
		passed++
	}
	if passed < channels/slice/4 {
		t.Errorf("%d turns brought all, and %d more passed over the rest", turns, passed)
	}
}

// Bulk has a share of the turns while urgent ones never end.
func TestUrgentShares(t *testing.T) {
	var got []string
	w := newWorld(t, 1, 1)
	w.order(&got, "big", 3)
	w.order(&got, "room", 1)
	w.publish("big", "b")
	for range 30 {
		w.publish("room", "u", hasty)
		w.receive()
		w.hub.Table(0).Turn()
	}
	if s := strings.Join(got, ""); strings.Count(s, "b") != 3 || strings.Count(s, "u") < 20 || strings.Contains(s, "bb") {
		t.Errorf("order %q", s)
	}
	w.settle()
}

// A topic that waits already goes ahead when something urgent comes, and back when that
// has reached everybody.
func TestUrgentOvertakes(t *testing.T) {
	var got []string
	w := newWorld(t, 1, 2)
	w.order(&got, "a", 2)
	w.order(&got, "b", 2)
	w.order(&got, "c", 4)
	for _, name := range []string{"a", "b", "c"} {
		w.publish(name, name)
	}
	w.publish("c", "C", hasty)
	w.settle()
	if s := strings.Join(got, ""); s != "cCcCcCcCaabb" {
		t.Errorf("order %q", s)
	}
	w.publish("a", "a")
	w.publish("c", "c")
	w.settle()
	if s := strings.Join(got[12:], ""); s != "aacccc" {
		t.Errorf("then %q", s)
	}
}

// What arrives after its deadline visits nobody, unless it has an offset that positions
// have to pass: also those of members that have none yet.
func TestExpiredOnArrival(t *testing.T) {
	w := newWorld(t, 1, 4)
	plain, counting := w.add(0, "plain", false), w.add(0, "counting", true)
	late := func(p *throng.Publication) { p.ExpiresAt = w.clock.Now() }
	loose := func(p *throng.Publication) { p.Offset = 0 }
	w.publish("plain", "x", late, loose)
	w.publish("plain", "y", loose)
	w.publish("counting", "x", late)
	w.settle()
	counting.table.Release("counting", counting.index, throng.Position{}) // from before x
	w.publish("counting", "y")
	w.settle()
	if plain.data() != "y" || counting.data() != "y" || counting.lost > 0 {
		t.Errorf("got %q and %q, lost %d", plain.data(), counting.data(), counting.lost)
	}
	s := w.hub.Table(0).Stats()
	if a, e, b := s.Arrived.Load(), s.Expired.Load(), s.Backlog.Load(); a != 1 || e != 1 || b != 0 {
		t.Errorf("%d counted at arrival, %d at the fan-out, backlog %d", a, e, b)
	}
}

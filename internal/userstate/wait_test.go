package userstate_test

import (
	"strings"
	"testing"
	"time"

	"throng/internal/session"
	"throng/internal/userstate"
)

// While the store is away, who joins again and again waits once, and who is gone does not.
func TestWaitersAreFew(t *testing.T) {
	o, d := options(), newDisk(nil)
	o.Store = d
	inWorld(t, o, func(w *world) {
		d.set(true)
		tab := w.tab("a")
		w.settle()
		one := w.states.Memory()
		for range 500 {
			tab.join()
			w.settle()
		}
		if m := w.states.Memory(); m != one || one == 0 {
			t.Errorf("%d bytes when it joined once, %d when it joined often", one, m)
		}
		tab.disconnect()
		for range 500 {
			tab.connect()
			w.settle()
			tab.disconnect()
		}
		w.wait(3 * time.Second)
		if m := w.states.Memory(); m >= one {
			t.Errorf("%d bytes when it was here, %d when nobody is", one, m)
		}
		tab.connect()
		d.set(false)
		w.wait(2 * time.Second)
		if !tab.fresh || w.states.Stats().Snapshots.Load() != 1 {
			t.Errorf("%d maps were shown", w.states.Stats().Snapshots.Load())
		}
	})
}

// Who waits for a map gets the same bytes as all others who do: they are encoded once.
func TestWaitersShareAnswer(t *testing.T) {
	o, d := options(), newDisk(nil)
	o.Store = d
	inWorld(t, o, func(w *world) {
		w.want(set("k", "1"), "1")
		w.wait(2 * o.Idle) // nobody is here: it is in the store alone
		var got [][]byte
		for range 31 { // the store is asked when all have
			w.states.Event(userstate.Event{User: user, Channel: own, Name: "state_get"}, func(ok bool, b []byte) {
				if ok {
					got = append(got, b)
				}
			})
		}
		w.wait(100 * time.Millisecond)
		if len(got) != 31 {
			t.Fatalf("%d of 31 were answered", len(got))
		}
		for _, b := range got {
			if &b[0] != &got[0][0] || cap(b) != len(b) || !strings.Contains(string(b), `"version":1,"entries":{"k":{"value":1`) {
				t.Errorf("one has bytes of its own, or could write behind all others': %s", b)
				break
			}
		}
	})
}

// A screen that does not read is shown the map when it does, as it is then, and costs no
// encoding before.
func TestStalledScreen(t *testing.T) {
	inWorld(t, options(), func(w *world) {
		w.want(set("<key>", "1"), "1")
		tab := w.tab("a")
		w.settle()
		before := w.states.Stats().Snapshots.Load()
		tab.Transport.Stalled = true
		tab.SendScratch([]byte(`{"event":"`+strings.Repeat("x", 600_000)+`"}`), 0)
		tab.join()
		for range 20 { // the loops' boxes only: tabs would read
			for i, b := range w.boxes {
				for b.runOne(i) {
				}
			}
			time.Sleep(50 * time.Millisecond)
		}
		w.states.Submit(userstate.Change{User: user, Key: "<key>", Value: []byte("2")}, func(userstate.Outcome) {})
		var sub *session.Subscription
		tab.Each(func(s *session.Subscription) { sub = s })
		// A key that has to be escaped takes allocations.
		if n := testing.AllocsPerRun(50, func() { w.states.Show(sub) }); n != 0 {
			t.Errorf("%v allocations to show nothing", n)
		}
		if n := w.states.Stats().Snapshots.Load(); n != before {
			t.Errorf("%d maps were shown to a screen that does not read", n-before)
		}
		tab.Transport.Stalled = false
		w.wait(time.Second)
		if n := w.states.Stats().Snapshots.Load(); n != before+1 || !strings.HasSuffix(tab.shows(), " 2 <key>=2") {
			t.Errorf("%d maps were shown; the tab shows %s", n-before, tab.shows())
		}
	})
}

// A diff that the broker does not take: the answer comes without it, and says up to which
// version the tab's own change is to be shown on top of what it has.
func TestAnswerWithoutDiff(t *testing.T) {
	inWorld(t, options(), func(w *world) {
		w.want(set("k", "1"), "1")
		tab := w.tab("a")
		w.settle()
		w.deaf.Store(true)
		tab.change("k", "2")
		w.wait(time.Second)
		if len(tab.pending) != 1 || tab.pending[0].made == nil || tab.pending[0].made.Version != 2 || tab.version != 1 {
			t.Errorf("the tab shows %s, %d changes pending", tab.shows(), len(tab.pending))
		}
		w.deaf.Store(false)
		w.wait(500 * time.Millisecond)
		if len(tab.pending) != 0 || !strings.HasSuffix(tab.shows(), " 2 k=2") {
			t.Errorf("the tab shows %s, %d changes pending", tab.shows(), len(tab.pending))
		}
	})
}

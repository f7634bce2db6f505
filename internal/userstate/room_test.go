package userstate_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"throng"
	"throng/internal/userstate"
)

// hundreds asks for a change of each of many users, a few at a time, and returns how many
// were refused for want of room.
func (w *world) hundreds(prefix string, n int) int {
	var refused atomic.Int64
	for i := range n {
		w.states.Submit(userstate.Change{User: fmt.Sprint(prefix, i), Key: "k", Value: []byte(`"value"`)}, func(o userstate.Outcome) {
			if o.Err != nil {
				refused.Add(1)
				if o.Err.Code != 106 || !strings.Contains(o.Err.Message, "50000 bytes") {
					w.t.Error(o.Err)
				}
			}
		})
		if i%10 == 9 {
			w.wait(200 * time.Millisecond)
		}
	}
	w.wait(200 * time.Millisecond)
	return int(refused.Load())
}

// All maps together have a bound.
func TestMemoryBound(t *testing.T) {
	o := options()
	o.Memory = 50_000
	inWorld(t, o, func(w *world) {
		refused := w.hundreds("u", 300)
		if n := w.states.Stats().Users.Load(); n < 80 || int(n)+refused != 300 || w.states.Memory() > 51_000 {
			t.Errorf("%d maps, %d refused, %d bytes", n, refused, w.states.Memory())
		}
		time.Sleep(5 * time.Minute)
		w.wait(time.Second)
		w.want(set("k", "1"), "1")
	})
}

// With a store, maps of users who are not here make room for others.
func TestMemoryBoundWithStore(t *testing.T) {
	o, d := options(), newDisk(nil)
	o.Memory, o.Store, o.Idle = 50_000, d, 24*time.Hour
	inWorld(t, o, func(w *world) {
		tab := w.tab("a")
		w.want(set("k", "1"), "1")
		most := int64(0)
		for i := range 10 {
			if n := w.hundreds(fmt.Sprint(i, "-"), 50); n != 0 {
				t.Errorf("%d of 50 users were refused", n)
			}
			most = max(most, w.states.Memory())
			time.Sleep(time.Second)
		}
		if n := w.states.Stats().Users.Load(); most > 51_000 || n < 60 || n > 150 {
			t.Errorf("%d maps, %d bytes at most", n, most)
		}
		loads := w.states.Stats().Loads.Load()
		if s := w.snapshot(); s.text() != tab.shows() || len(s.Entries) != 1 || w.states.Stats().Loads.Load() != loads {
			t.Errorf("the map of who is here: %s, the tab shows %s", s.text(), tab.shows())
		}
		if len(d.users) != 501 {
			t.Errorf("%d maps are on the disk", len(d.users))
		}
	})
}

// Everybody is here, and all memory in use: changes of others are refused, who comes waits
// for room, and one can be forgotten all the same.
func TestNoRoom(t *testing.T) {
	o, d := options(), newDisk(nil)
	var here atomic.Bool
	here.Store(true)
	var w *world
	o.Memory, o.Store, o.Here = 50_000, d, func(channel string) bool { return here.Load() || w.hub.Active(channel) }
	inWorld(t, o, func(made *world) {
		w = made
		w.want(set("k", "1"), "1")
		here.Store(false)
		time.Sleep(2 * time.Minute)
		here.Store(true)
		if n := w.hundreds("u", 200); n < 80 || n > 120 {
			t.Errorf("%d of 200 were refused", n)
		}
		tab := w.tab("a")
		w.wait(3 * time.Second)
		if tab.fresh {
			t.Errorf("a map was loaded: %s", tab.shows())
		}
		w.want(set("k", "2"), "106")
		var err *throng.Error
		for _, user := range []string{user, "unheard of"} {
			w.states.Snapshot(user, func(_ []byte, e *throng.Error) { err = e })
			w.wait(50 * time.Millisecond)
			if err == nil || err.Code != 106 {
				t.Errorf("the map of %s: %v", user, err)
			}
		}
		forgotten := make(chan userstate.Outcome, 1)
		w.states.Forget("gone", func(o userstate.Outcome) { forgotten <- o })
		w.wait(50 * time.Millisecond)
		if o := <-forgotten; o.Err != nil {
			t.Error(o.Err)
		}
		if w.states.Memory() > 52_000 {
			t.Errorf("%d bytes", w.states.Memory())
		}
		here.Store(false)
		w.wait(3 * time.Second)
		if !strings.HasSuffix(tab.shows(), " 1 k=1") {
			t.Errorf("when there is room the tab shows %q", tab.shows())
		}
		w.want(set("k", "2"), "2")
	})
}

// Changes that wait for the store take memory too.
func TestWaitingChangesTakeRoom(t *testing.T) {
	o, d := options(), newDisk(nil)
	o.Memory, o.Store = 50_000, d
	inWorld(t, o, func(w *world) {
		w.want(set("k", "1"), "1")
		before := w.states.Memory()
		refused, done := 0, 0
		value := []byte(`"` + strings.Repeat("x", 900) + `"`)
		for range 200 {
			w.states.Submit(userstate.Change{User: user, Key: "k", Value: value}, func(o userstate.Outcome) {
				if done++; o.Err != nil && o.Err.Code == 106 {
					refused++
				}
			})
		}
		if m := w.states.Memory(); refused < 150 || m > 52_000 {
			t.Errorf("%d of 200 were refused, %d bytes", refused, m)
		}
		w.wait(100 * time.Millisecond)
		if m := w.states.Memory(); done != 200 || m != before+900+2-1 {
			t.Errorf("%d are answered, %d bytes, %d before", done, m, before)
		}
		d.set(true)
		for range 20 {
			w.states.Submit(userstate.Change{User: user, Key: "k", Value: value}, func(userstate.Outcome) { done++ })
		}
		w.wait(3 * time.Second)
		if m := w.states.Memory(); done != 220 || m != before+900+2-1 {
			t.Errorf("after a failure: %d are answered, %d bytes", done, m)
		}
	})
}

// A diff that the broker did not take, of a map that was put away meanwhile: all are told
// the map, not an empty one.
func TestPutAwayBeforeRenewal(t *testing.T) {
	o, d := options(), newDisk(nil)
	o.Memory, o.Store = 50_000, d
	o.Here, o.Idle = func(string) bool { return false }, 24*time.Hour
	inWorld(t, o, func(w *world) {
		tab := w.tab("a")
		w.want(set("k", "1"), "1")
		w.deaf.Store(true)
		w.want(set("k", "2"), "2")
		time.Sleep(2 * time.Minute) // now it is the first to go
		loads := w.states.Stats().Loads.Load()
		w.hundreds("u", 150)
		if n := w.states.Stats().Loads.Load() - loads; n <= 150 {
			t.Errorf("%d maps were loaded, that of ann not again", n)
		}
		w.deaf.Store(false)
		w.wait(2 * time.Second)
		if !strings.HasSuffix(tab.shows(), " 2 k=2") {
			t.Errorf("the tab shows %q", tab.shows())
		}
	})
}

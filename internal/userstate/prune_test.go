package userstate_test

import (
	"strings"
	"testing"
	"time"

	"throng/internal/userstate"
)

// A key that expired while its map was in the store only is told by a diff to a screen that
// goes on from what it had, however often the store was pruned meanwhile.
func TestExpiredInTheStore(t *testing.T) {
	o, d := options(), newDisk(nil)
	o.Store, o.Idle, o.History = d, 10*time.Second, time.Minute
	inWorld(t, o, func(w *world) {
		w.want(userstate.Change{Key: "short", Value: []byte("1"), TTL: 40_000}, "1")
		tab := w.tab("a")
		w.wait(4 * time.Second)
		w.want(set("stays", "2"), "2") // what the history has for a minute
		tab.disconnect()
		time.Sleep(56500 * time.Millisecond) // the first pruning is after a minute
		w.wait(10 * time.Millisecond)
		if n := w.states.Stats().Users.Load(); n != 0 {
			t.Errorf("%d maps in memory", n)
		}
		w.snapshot() // another screen
		tab.connect()
		w.wait(time.Second)
		if got := tab.shows(); !strings.HasSuffix(got, " 3 stays=2") {
			t.Error(got)
		}
	})
}

// In time they leave the store too.
func TestExpiredLeaveTheStore(t *testing.T) {
	o, d := options(), newDisk(nil)
	o.Store, o.History = d, time.Hour
	inWorld(t, o, func(w *world) {
		w.want(userstate.Change{Key: "short", Value: []byte("1"), TTL: 150_000}, "1")
		kept := func() int {
			d.mu.Lock()
			defer d.mu.Unlock()
			return len(d.users[user].st.Entries)
		}
		time.Sleep(24 * time.Hour)
		if n := kept(); n != 1 {
			t.Errorf("%d keys after a day", n)
		}
		time.Sleep(2 * time.Hour)
		if n := kept(); n != 0 {
			t.Errorf("%d keys after more than a day", n)
		}
	})
}

// A map that a client goes on from stays in memory until it has joined.
func TestKnownStays(t *testing.T) {
	bothWays(t, nil, func(w *world) {
		w.want(set("a", "1"), "1")
		epoch := w.snapshot().Epoch
		time.Sleep(59 * time.Second)
		if !w.states.Knows(user, epoch, 1) {
			t.Fatal("the map is not known")
		}
		w.wait(5 * time.Second)
		if n := w.states.Stats().Users.Load(); n != 1 {
			t.Errorf("%d maps in memory", n)
		}
	})
}

package userstate_test

import (
	"fmt"
	"testing"
	"time"

	"throng/internal/userstate"
)

// The store keeps no more changes than are remembered, and no more are read of it, however
// many a user has made: what was forgotten stays so when the map is loaded again.
func TestStoreRemembersNoMore(t *testing.T) {
	for most, want := range map[int]string{0: "8", 1: "8", 3: "5 again"} {
		o, d := options(), newDisk(nil)
		o.Store, o.Mutations = d, most
		inWorld(t, o, func(w *world) {
			made := func() int {
				d.mu.Lock()
				defer d.mu.Unlock()
				return len(d.users[user].made)
			}
			named := func(i int) userstate.Change {
				return userstate.Change{Key: "k", Value: []byte("1"), Mutation: fmt.Sprint("x:", i)}
			}
			for i := range 7 {
				w.want(named(i+1), fmt.Sprint(i+1))
			}
			if n := made(); n != most {
				t.Errorf("of %d changes that are remembered the store has %d", most, n)
			}
			time.Sleep(10 * time.Minute)
			w.wait(time.Second)
			if n := w.states.Stats().Users.Load(); n != 0 {
				t.Errorf("%d maps in memory", n)
			}
			w.want(named(5), want)
			if n := made(); n != most {
				t.Errorf("of %d changes that are remembered the store has %d in the end", most, n)
			}
		})
	}
}

// A user who made more changes than are remembered now is loaded without them, and they
// leave the store with the next one.
func TestRemembersFewer(t *testing.T) {
	d := newDisk(nil)
	named := func(id uint64) userstate.Change { return userstate.Change{Key: "k", Mutation: fmt.Sprint("x:", id)} }
	kept := func(w *world, want int) {
		w.t.Helper()
		if n := len(d.users[user].made); n != want {
			w.t.Errorf("the store has %d changes, want %d", n, want)
		}
	}
	o := options()
	o.Store, o.Mutations = d, 10
	inWorld(t, o, func(w *world) {
		for v := range uint64(12) {
			w.want(named(v+1), fmt.Sprint(v+1))
		}
		kept(w, 10)
	})
	o.Mutations = 2
	inWorld(t, o, func(w *world) {
		w.want(named(12), "12 again")
		kept(w, 10)
		w.want(named(3), "13")
		kept(w, 2)
	})
}

package userstate_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/userstate"
)

// moved finds a user whose changes go on from something else than what there is.
func (d *disk) moved(changes []throng.StateChange) (user string, moved bool) {
	at := map[string]throng.UserState{}
	for i := range changes {
		c := &changes[i]
		st, there := at[c.User]
		if k := d.users[c.User]; !there && k != nil {
			st = k.st
		}
		if st.Epoch == "" {
			st.Epoch = c.Epoch
		}
		if st.Version++; st.Epoch != c.Epoch || st.Version != c.Entry.Version {
			return c.User, true
		}
		at[c.User] = st
	}
	return "", false
}

// tardy is a disk on which a commit may come late: behind the answer that it failed, and
// what was read since, but before what is written next, which waits for it.
type tardy struct {
	*disk
	late bool // the next one does
	held []throng.StateChange
}

func (d *tardy) SaveStates(ctx context.Context, changes []throng.StateChange) error {
	if d.late {
		d.late, d.held = false, changes
		return errDisk
	}
	if held := d.held; held != nil {
		d.held = nil
		if err := d.disk.SaveStates(ctx, held); err != nil {
			return err
		}
	}
	return d.disk.SaveStates(ctx, changes)
}

// A commit that comes late costs no change that was confirmed: what was tried without it
// is refused, all are told what there is, and it can be tried again.
func TestLateCommit(t *testing.T) {
	o, d := options(), &tardy{disk: newDisk(nil)}
	o.Store = d
	inWorld(t, o, func(w *world) {
		w.want(set("a", "1"), "1")
		tab := w.tab("a")
		w.wait(20 * time.Millisecond)
		d.late = true
		w.want(set("b", "2"), "108 not available: the store is away")
		if got := tab.shows(); !strings.HasSuffix(got, " 1 a=1") {
			t.Error(got)
		}
		w.want(set("c", "3"), "108 not available: the store is away")
		w.wait(20 * time.Millisecond)
		s := w.snapshot()
		if got, want := tab.shows(), s.text(); got != want || !strings.HasSuffix(got, " 2 a=1 b=2") {
			t.Errorf("%s, not %s", got, want)
		}
		w.want(set("c", "3"), "3")
		if got := tab.shows(); !strings.HasSuffix(got, " 3 a=1 b=2 c=3") {
			t.Error(got)
		}
	})
}

// Maps that somebody else wrote keep those of others, in the same group, from nothing: they
// alone are refused, loaded, and can be changed then.
func TestMovedAlone(t *testing.T) {
	o, d := options(), newDisk(nil)
	o.Store = d
	inWorld(t, o, func(w *world) {
		names := []string{"ann", "bob", "cid", "dan", "eve"}
		change := func(value string) (answers string) {
			got := make([]string, len(names))
			for i, name := range names {
				w.states.Submit(userstate.Change{User: name, Key: "k", Value: []byte(value)}, func(o userstate.Outcome) {
					got[i] = fmt.Sprint(o.Version, o.Err)
				})
			}
			w.wait(20 * time.Millisecond)
			return strings.Join(got, " ")
		}
		if got := change("1"); got != "1 <nil> 1 <nil> 1 <nil> 1 <nil> 1 <nil>" {
			t.Fatal(got)
		}
		for _, name := range []string{"bob", "dan"} {
			d.users[name].st.Version++
		}
		saves := w.states.Stats().Commits.Load()
		away := fmt.Sprint(0, userstate.ErrAway)
		if got, want := change("2"), fmt.Sprintf("2 <nil> %s 2 <nil> %[1]s 2 <nil>", away); got != want {
			t.Errorf("%s, not %s", got, want)
		}
		if n := w.states.Stats().Commits.Load() - saves; n != 1 {
			t.Errorf("the others were written in %d groups", n)
		}
		if got := change("3"); got != "3 <nil> 3 <nil> 3 <nil> 3 <nil> 3 <nil>" {
			t.Error(got)
		}
	})
}

// A commit that comes late and begins a map: what was shown was nothing.
func TestLateBeginning(t *testing.T) {
	o, d := options(), &tardy{disk: newDisk(nil)}
	o.Store = d
	inWorld(t, o, func(w *world) {
		tab := w.tab("a")
		w.wait(20 * time.Millisecond)
		d.late = true
		w.want(set("b", "2"), "108 not available: the store is away")
		w.want(set("c", "3"), "108 not available: the store is away")
		w.wait(20 * time.Millisecond)
		s := w.snapshot()
		if got, want := tab.shows(), s.text(); got != want || !strings.HasSuffix(got, " 1 b=2") {
			t.Errorf("%s, not %s", got, want)
		}
		w.want(set("c", "3"), "2")
	})
}

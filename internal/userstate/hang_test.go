package userstate_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/userstate"
)

// tally is what became of many changes.
type tally struct {
	asked          int
	made, away     atomic.Int64
	other, longest atomic.Int64
}

// submit asks for a change of a user.
func (y *tally) submit(w *world, name string) {
	y.asked++
	began := w.clock.Now()
	w.states.Submit(userstate.Change{User: name, Key: "k", Value: []byte("1")}, func(o userstate.Outcome) {
		switch {
		case o.Err == nil:
			y.made.Add(1)
		case o.Err == userstate.ErrAway:
			y.away.Add(1)
		default:
			y.other.Add(1)
		}
		if took := w.clock.Now() - began; took > y.longest.Load() {
			y.longest.Store(took)
		}
	})
}

// A store that hangs: who waits is told so in a few seconds, however many wait before, and
// when it goes on so do the maps.
func TestStoreHangs(t *testing.T) {
	o, d := options(), newDisk(nil)
	o.Store = d
	inWorld(t, o, func(w *world) {
		tab := w.tab("a")
		var first, during, read tally
		for i := range 300 {
			first.submit(w, fmt.Sprint("u", i))
		}
		w.want(set("k", "1"), "1")
		if first.made.Load() != 300 {
			t.Fatalf("%d of 300 were made", first.made.Load())
		}
		d.stuck(true)
		for tick := range 300 { // half a minute
			for i := range 10 {
				during.submit(w, fmt.Sprint("u", (10*tick+i)%300)) // in memory
				read.submit(w, fmt.Sprint("v", 10*tick+i))
			}
			w.wait(100 * time.Millisecond)
		}
		d.stuck(false)
		w.wait(7 * time.Second)
		for name, y := range map[string]*tally{"changes": &during, "maps": &read} {
			answered, longest := y.made.Load()+y.away.Load(), time.Duration(y.longest.Load())*time.Millisecond
			if int(answered) != y.asked || y.away.Load() < 2400 || longest > 6500*time.Millisecond {
				t.Errorf("%s: %d of %d answered, %d that it is away; one waited %s", name, answered, y.asked, y.away.Load(), longest)
			}
		}
		w.want(set("k", "2"), "2")
		if !strings.HasSuffix(tab.shows(), " 2 k=2") {
			t.Error(tab.shows())
		}
		if w.states.Stats().Failures.Load() == 0 {
			t.Error("nobody is told of failures")
		}
	})
}

// A store that is away for ten minutes is a dozen lines of the log, and one when it is
// back; each call that failed is counted.
func TestAwayIsSaidSeldom(t *testing.T) {
	var log bytes.Buffer
	o, d := options(), newDisk(nil)
	o.Store, o.Log = d, slog.New(slog.NewTextHandler(&log, nil))
	inWorld(t, o, func(w *world) {
		var y tally
		y.submit(w, user)
		w.wait(20 * time.Millisecond)
		d.set(true)
		for range 600 {
			y.submit(w, user)
			time.Sleep(time.Second)
		}
		d.set(false)
		y.submit(w, user)
		w.wait(20 * time.Millisecond)
		away, back := strings.Count(log.String(), "the store fails"), strings.Count(log.String(), "works again")
		if failed := w.states.Stats().Failures.Load(); away < 10 || away > 15 || back != 1 || failed < 500 {
			t.Errorf("said %d times to be away, %d times to be back; %d calls failed\n%s", away, back, failed, &log)
		}
	})
}

// The stop waits 5 seconds for a store that hangs, not for each group, and everybody is
// answered.
func TestStopWhileTheStoreHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, d := options(), newDisk(nil)
		o.Store, o.Memory = d, 1<<24
		w := newWorld(t, o)
		ctx, cancel := context.WithCancel(context.Background())
		over := make(chan struct{})
		go func() { defer close(over); w.states.Run(ctx) }()
		var y tally
		const n = 2000
		ask := func(i int) {
			y.submit(w, fmt.Sprint("u", i%30))
			w.states.Forget(fmt.Sprint("f", i), func(o userstate.Outcome) {
				if o.Err == userstate.ErrAway {
					y.away.Add(1)
				}
			})
		}
		for i := range n {
			ask(i)
		}
		w.wait(50 * time.Millisecond)
		if y.made.Load() != n || y.away.Load() != 0 {
			t.Errorf("%d were made, %d refused", y.made.Load(), y.away.Load())
		}
		d.stuck(true)
		for i := range n {
			if ask(i); i == 100 {
				w.wait(3 * time.Second) // a group is under way
			}
		}
		unread := 0
		read := func(name string) {
			w.states.Snapshot(name, func(_ []byte, err *throng.Error) {
				if err == userstate.ErrAway {
					unread++
				}
			})
		}
		read("nobody")
		began := time.Now()
		cancel()
		w.wait(time.Second)
		read("late") // nobody reads any more
		<-over
		if took := time.Since(began); took > 5100*time.Millisecond {
			t.Errorf("it took %s", took)
		}
		if y.away.Load() != 2*n || unread != 2 {
			t.Errorf("%d of 4000 changes and %d of 2 maps were refused, %d in another way", y.away.Load(), unread, y.other.Load())
		}
	})
}

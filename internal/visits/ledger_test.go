package visits_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/visits"
)

// bubble runs a test in virtual time, with a store and its clock.
func bubble(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	bubbleIn(t, inSQLite, f)
}

func bubbleIn(t *testing.T, open opener, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, open)
		defer w.close()
		f(t, w)
	})
}

const second = 1000

// A visit is from the first client's coming to the last one's going, and written at
// the latest 200 ms after it began.
func TestVisit(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		from := w.now()
		tab := n.come("ann")
		time.Sleep(250 * time.Millisecond)
		w.want(from, "ann", "0-")
		second := n.come("ann")
		time.Sleep(time.Minute)
		tab.End()
		time.Sleep(time.Minute)
		if here, ok := n.Here("ann"); !ok || here.Connections != 1 || here.Since != from || here.Node != "a" {
			t.Errorf("ann is here as %+v", here)
		}
		second.End()
		time.Sleep(30 * time.Second)
		w.want(from, "ann", "0-120250 left")
		if err := n.drain(); err != nil {
			t.Error(err)
		}
	})
}

// TestGrace: who comes back within the grace did not leave, and a page that is loaded
// anew between two beats writes nothing.
func TestGrace(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		from := w.now()
		tab := n.come("ann")
		time.Sleep(5*time.Second + 100*time.Millisecond) // behind a beat
		rows := n.line.rows()
		tab.End()
		time.Sleep(500 * time.Millisecond)
		tab = n.come("ann")
		time.Sleep(10 * time.Second)
		if got := n.line.rows(); got != rows {
			t.Errorf("a page that was loaded anew wrote %d rows", got-rows)
		}
		tab.End()
		time.Sleep(14 * time.Second) // over some beats
		tab = n.come("ann")
		time.Sleep(time.Minute)
		w.want(from, "ann", "0-")
		tab.End()
		left := w.now() - from
		time.Sleep(16 * time.Second)
		back := w.now() - from
		tab = n.come("ann")
		time.Sleep(time.Second)
		w.want(from, "ann", fmt.Sprintf("0-%d left", left), fmt.Sprintf("%d-", back))
		tab.End()
		_ = n.drain()
	})
}

// TestCrash: a crash costs an open visit the time since the last beat; who had left
// before is given nothing, whether the grace was over or not.
func TestCrash(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		from := w.now()
		n.come("stays")
		back := n.come("back")
		gone := n.come("gone")
		time.Sleep(2 * time.Second)
		gone.End()
		back.End()
		left := w.now() - from
		n.come("keeps flushing") // whose row is written before the next beat
		time.Sleep(300 * time.Millisecond)
		back = n.come("back")
		time.Sleep(20*time.Second + 50*time.Millisecond)
		back.End()
		leftAgain := w.now() - from
		time.Sleep(30 * time.Millisecond)
		n.come("flushes again")
		time.Sleep(220 * time.Millisecond)
		n.crash()
		crashed := w.now() - from
		w.reap(8 * time.Second)
		for _, v := range w.all() {
			end := v.EndedAt - from
			switch v.User {
			case "stays":
				if v.Reason != throng.VisitCrashed || end > crashed || end < crashed-2*second {
					t.Errorf("stays: %s; the crash was at %d", show(v, from), crashed)
				}
			case "gone":
				w.want(from, "gone", fmt.Sprintf("0-%d left", left))
			case "back":
				if end > leftAgain || end < leftAgain-2*second {
					t.Errorf("back: %s; it left at %d", show(v, from), leftAgain)
				}
			}
		}
		if online := w.online(); len(online) > 0 {
			t.Errorf("after the crash %v are online", online)
		}
	})
}

// reap lets a TTL pass and closes what a node left that died.
func (w *world) reap(ttl time.Duration) {
	w.t.Helper()
	time.Sleep(ttl + time.Second)
	if _, err := w.store.Reap(w.t.Context(), ttl); err != nil {
		w.t.Fatal(err)
	}
}

// A process that starts under the name of one that died closes its visits at once.
func TestSuccessor(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		from := w.now()
		n.come("ann")
		time.Sleep(10 * time.Second)
		n.crash()
		n = w.start("a")
		time.Sleep(time.Second)
		if online := w.online(); len(online) > 0 {
			t.Errorf("%v are online", online)
		}
		v := w.all()[0]
		if v.EndedAt-from < 8*second || v.EndedAt-from > 10*second || v.Reason != throng.VisitCrashed {
			t.Errorf("the visit is %s", show(v, from))
		}
		_ = n.drain()
	})
}

// A client that is found to be gone was there until it was last heard.
func TestHalfOpen(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		from := w.now()
		a, b, c := n.come("ann"), n.come("bob"), n.come("cid")
		other := n.come("cid")
		time.Sleep(time.Minute)
		a.EndSeen(n.clock.Now() - 10*second) // within the grace
		b.EndSeen(n.clock.Now() - 40*second) // over it
		other.End()
		c.EndSeen(n.clock.Now() - 40*second) // the other one was there longer
		time.Sleep(3 * time.Second)
		n.come("ann")
		n.come("bob")
		time.Sleep(20 * time.Second)
		w.want(from, "ann", "0-")
		w.want(from, "bob", "0-20000 left", "63000-")
		w.want(from, "cid", "0-60000 left")
		_ = n.drain()
	})
}

// A node that is stopped closes its visits: those that are held for the grace when
// their clients left.
func TestDrain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		from := w.now()
		a, b := n.come("ann"), n.come("bob")
		time.Sleep(10 * time.Second)
		a.End()
		time.Sleep(time.Second)
		n.Drain()
		time.Sleep(2 * time.Second)
		b.End()
		time.Sleep(time.Second)
		if err := n.drain(); err != nil {
			t.Error(err)
		}
		w.want(from, "ann", "0-10000 left")
		w.want(from, "bob", "0-13000 drained")
		if online := w.online(); len(online) > 0 {
			t.Errorf("%v are online", online)
		}
	})
}

// A thousand tabs are one visit, and two rows.
func TestThousandTabs(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		from := w.now()
		var tabs []interface{ End() }
		for range 1000 {
			tabs = append(tabs, n.come("ann"))
		}
		time.Sleep(time.Minute)
		for _, tab := range tabs {
			tab.End()
		}
		time.Sleep(time.Minute)
		w.want(from, "ann", "0-60000 left")
		if rows := n.line.rows(); rows > 3 { // began, left, ended
			t.Errorf("%d rows were written", rows)
		}
		_ = n.drain()
	})
}

// A user who comes and goes a hundred times a second costs at most two rows a beat.
func TestFlapping(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		from := w.now()
		for range 6000 {
			tab := n.come("ann")
			time.Sleep(5 * time.Millisecond)
			tab.End()
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(20 * time.Second)
		w.want(from, "ann", "0-59995 left")
		if rows := n.line.rows(); rows > 2*32 {
			t.Errorf("%d rows were written", rows)
		}
		_ = n.drain()
	})
}

// Names of users are any bytes; what is longer than the store takes is kept by its
// hash.
func TestNames(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		names := []string{
			strings.Repeat("n", 1024), strings.Repeat("n", 1025), strings.Repeat("m", 16<<10), "🦆👩‍👩‍👧", "'; DROP TABLE visit_log; --",
			"null\x00byte", "not \xff utf-8", " ", "\n", `{"user":1}`, "%", "_",
		}
		for _, name := range names {
			n.come(name)
		}
		n.come("") // nobody
		time.Sleep(time.Second)
		if online := w.online(); len(online) != len(names) {
			t.Errorf("%d of %d are online: %q", len(online), len(names), online)
		}
		if got := n.Count(); got != len(names) {
			t.Errorf("%d of %d are here", got, len(names))
		}
		if err := n.drain(); err != nil {
			t.Error(err)
		}
	})
}

// Two nodes of one name: the later one has it, the other one goes on under a name of
// its own, and nobody's visit is lost or there twice.
func TestTwoOfOneName(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.start("n")
		time.Sleep(time.Second)
		from := w.now()
		a.come("ann")
		time.Sleep(10 * time.Second)
		b := w.start("n")
		time.Sleep(time.Second)
		b.come("bob")
		time.Sleep(time.Minute)
		if name := a.Name(); !strings.HasPrefix(name, "n~") || b.Name() != "n" {
			t.Errorf("they are called %q and %q", name, b.Name())
		}
		if got := a.Stats().Superseded.Load() + b.Stats().Superseded.Load(); got != 1 {
			t.Errorf("the name was taken %d times", got)
		}
		list := w.all()
		if len(list) != 3 || list[0].EndedAt != list[1].StartedAt || list[0].StartedAt != from || list[1].Reason != throng.VisitOpen {
			t.Errorf("the visits are %+v", list)
		}
		_, _ = a.drain(), b.drain()
	})
}

// What the API asks: a user's connections and channels; and a user who was erased
// begins anew.
func TestHereAndErase(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		tab := n.come("ann")
		join(tab, "p:1")
		join(tab, "q:1")
		gone := n.come("bob")
		time.Sleep(time.Minute)
		gone.End()
		time.Sleep(time.Second)
		here, _ := n.Here("ann")
		if len(here.Channels) != 1 || here.Channels[0].Channel != "p:1" || here.Channels[0].Clients != 1 {
			t.Errorf("ann is here as %+v", here)
		}
		books := n.Records(w.store)
		for _, user := range []string{"ann", "bob"} {
			if erased, err := books.Erase(t.Context(), user); err != nil || erased == 0 {
				t.Errorf("%d records of %s were erased: %v", erased, user, err)
			}
		}
		from := w.now()
		time.Sleep(time.Minute)
		w.want(from, "ann", "0-", "p:1 0-")
		w.want(from, "bob")
		tab.End()
		time.Sleep(time.Minute)
		w.want(from, "ann", "0-60000 left", "p:1 0-60000 left")
		_ = n.drain()
	})
}

// An erasure that hangs in the store keeps the node from its beat for less than the
// TTL, and ends with the node.
func TestSlowErase(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.start("a"), w.start("b")
		time.Sleep(time.Minute)
		a.come("ann")
		hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		for range 5 {
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // the API's patience
			err := a.Erase(ctx, "bob", hang)
			cancel()
			if e := throng.AsError(err); !e.Temporary || !strings.Contains(e.Message, "try again") {
				t.Errorf("who asked is told %v", err)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
		}
		var many sync.WaitGroup
		for range 100 {
			many.Go(func() { _ = a.Erase(t.Context(), "bob", hang) })
		}
		many.Wait()
		time.Sleep(time.Minute)
		if got := a.Stats().Fenced.Load(); got != 0 {
			t.Errorf("%d leases were lost", got)
		}
		done := make(chan error)
		go func() { done <- a.Erase(t.Context(), "bob", hang) }()
		time.Sleep(time.Second)
		began := time.Now()
		if err := a.drain(); err != nil || time.Since(began) > 100*time.Millisecond {
			t.Errorf("the end took %v: %v", time.Since(began), err)
		}
		if err := <-done; err == nil {
			t.Error("what hung was done")
		}
		_ = b.drain()
	})
}

// The curve has a point each minute: of the service, and of each channel.
func TestCurve(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a", func(o *visits.Options) { o.Occupancy = time.Minute })
		time.Sleep(time.Second)
		from := w.now()
		for i := range 3 {
			tab := n.come(fmt.Sprint("user", i%2))
			join(tab, "p:1")
		}
		time.Sleep(2 * time.Minute)
		for channel, want := range map[string][2]int64{"": {3, 2}, "p:1": {3, 2}} {
			points, err := w.store.Curve(t.Context(), throng.CurveQuery{Channel: channel, From: from, To: w.now(), Points: 10})
			if err != nil || len(points) == 0 {
				t.Fatalf("%v: %v", points, err)
			}
			for _, p := range points {
				if p.Connections != want[0] || p.Users != want[1] {
					t.Errorf("%q: %+v", channel, p)
				}
			}
		}
		_ = n.drain()
	})
}

package visits_test

import (
	"slices"
	"testing"
	"time"

	"throng"
	"throng/internal/session/sessiontest"
	"throng/internal/visits"
)

// A channel is watched while a client says so, and a client that says nothing watches
// nothing.
func TestWatching(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		from := w.now()
		tab, other := n.come("ann"), n.come("ann")
		one, two := join(tab, "p:1"), join(other, "p:1")
		say := func(err *throng.Error) {
			t.Helper()
			if err != nil {
				t.Error(err)
			}
		}
		time.Sleep(time.Second)
		say(one.Watch(true, true)) // 1000
		say(one.Watch(true, true))
		time.Sleep(time.Second)
		say(two.Watch(true, true))
		say(two.Watch(true, true))
		time.Sleep(time.Second)
		say(one.Watch(false, true))
		time.Sleep(time.Second)
		say(two.Watch(true, false)) // 4000
		time.Sleep(time.Second)
		say(two.Watch(true, true)) // 5000: no grace for what it says itself, but a lull
		time.Sleep(time.Second)
		tab.End()
		other.End() // 6000
		time.Sleep(10 * time.Second)
		tab = n.come("ann")
		one = join(tab, "p:1")
		time.Sleep(time.Second)
		say(one.Watch(true, true)) // 17000: came back and says so
		time.Sleep(time.Second)
		tab.Unsubscribe(one) // 18000
		time.Sleep(4 * time.Second)
		w.want(from, "ann", "0-", "p:1 0-", "p:1 watching 1000-4000 left", "p:1 watching 5000-18000 left")
		tab.End()
		time.Sleep(time.Minute)
		if q := join(n.come("ann"), "q:1"); q.Watch(true, true) != throng.ErrNotAvailable {
			t.Error("watching is recorded where it is off")
		}
		if p := join(n.come(""), "p:1"); p.Watch(true, true) != throng.ErrUnauthorized {
			t.Error("nobody is recorded")
		}
		_ = n.drain()
	})
}

// A client that changes its mind as often as it can costs no more than one that comes
// and goes, also while the store is away. Pauses under a second count as watching.
func TestWatchFlapping(t *testing.T) {
	for _, channel := range []string{"p:1", "x:1"} {
		t.Run(channel, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				n := w.start("a")
				time.Sleep(time.Second)
				tab := n.come("ann")
				sub := join(tab, channel)
				from := w.now()
				flap := func() {
					for range 3000 {
						_ = sub.Watch(true, true)
						time.Sleep(10 * time.Millisecond)
						_ = sub.Watch(false, true)
						time.Sleep(10 * time.Millisecond)
					}
				}
				flap()
				if rows := n.line.rows(); rows > 2*32 {
					t.Errorf("%d rows were written", rows)
				}
				n.line.set(refuses)
				flap()
				if got := n.Pending(); got > 0 {
					t.Errorf("%d visits wait to be written", got)
				}
				n.line.set(works)
				time.Sleep(20 * time.Second)
				for range 3 { // 140000
					_ = sub.Watch(true, true)
					time.Sleep(999 * time.Millisecond)
					_ = sub.Watch(false, true)
					time.Sleep(time.Second)
				}
				for range 3 { // 145997: by leaving the channel
					sub = join(tab, channel)
					_ = sub.Watch(true, true)
					time.Sleep(500 * time.Millisecond)
					tab.Unsubscribe(sub)
					time.Sleep(500 * time.Millisecond)
				}
				time.Sleep(time.Minute)
				var got []string
				for _, v := range w.all() {
					if v.Kind == throng.Watching {
						got = append(got, show(v, from))
					}
				}
				for i, want := range []string{"0-119990", "140000-140999", "141999-142998", "143998-144997", "145997-148497"} {
					if want = channel + " watching " + want + " left"; i >= len(got) || got[i] != want {
						t.Errorf("%d visits, and %d is not %s", len(got), i, want)
					}
				}
				_ = n.drain()
			})
		})
	}
}

// Of channels of which one counts it is that which the user turned to last, of those
// that are still watched.
func TestWatchingExclusively(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		from := w.now()
		tab, phone := n.come("ann"), n.come("ann")
		a, b, c := join(tab, "x:a"), join(tab, "x:b"), join(phone, "x:c")
		p := join(tab, "p:1")
		on := func(subs ...interface {
			Watch(visible, playing bool) *throng.Error
		}) {
			for _, sub := range subs {
				_ = sub.Watch(true, true)
			}
			time.Sleep(time.Second)
		}
		on(a, p)                 // 0
		on(b)                    // 1000
		on(a)                    // 2000: it says nothing new
		on(c)                    // 3000
		_ = c.Watch(false, true) // 4000: b is the last of those that are watched
		time.Sleep(time.Second)
		_ = b.Watch(false, true) // 5000
		_ = b.Watch(true, true)
		time.Sleep(time.Second)
		phone.End()
		tab.End() // 6000
		time.Sleep(5 * time.Second)
		tab = n.come("ann")
		b = join(tab, "x:b")
		on(b)     // 11000: within the grace
		tab.End() // 12000
		time.Sleep(time.Second)
		tab = n.come("ann")
		a = join(tab, "x:a")
		on(a) // 13000: what is held is not any more
		tab.End()
		time.Sleep(time.Minute)
		got := []string{}
		for _, v := range w.all() {
			if v.Kind == throng.Watching {
				got = append(got, show(v, from))
			}
		}
		want := []string{
			"x:a watching 0-1000 left", "p:1 watching 0-6000 left", "x:b watching 1000-3000 left", "x:c watching 3000-4000 left",
			"x:b watching 4000-5000 left", "x:b watching 5000-12000 left", "x:a watching 13000-14000 left",
		}
		if !sameSet(got, want) {
			t.Errorf("\n\t%q\nnot\n\t%q", got, want)
		}
		_ = n.drain()
	})
}

// A session that ends with several channels does not pass the time on among them, and
// takes none from another session of the user.
func TestWatchingSessionEnds(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		from := w.now()
		tab, phone := n.come("ann"), n.come("ann")
		_ = join(phone, "x:b").Watch(true, true)
		_ = join(tab, "x:a").Watch(true, true)
		b := join(tab, "x:b")
		_ = b.Watch(true, true)
		_ = tab.Find([]byte("x:a")).Watch(false, true)
		_ = tab.Find([]byte("x:a")).Watch(true, true) // counts again
		time.Sleep(time.Second)
		tab.End() // 1000: the phone's counts
		time.Sleep(time.Second)
		if here, _ := n.Here("ann"); len(here.Channels) != 2 {
			t.Errorf("ann is here as %+v", here)
		}
		phone.End() // 2000
		time.Sleep(time.Minute)
		got := []string{}
		for _, v := range w.all() {
			if v.Kind == throng.Watching {
				got = append(got, show(v, from))
			}
		}
		if want := []string{"x:a watching 0-1000 left", "x:b watching 1000-2000 left"}; !sameSet(got, want) {
			t.Errorf("%q, not %q", got, want)
		}
		_ = n.drain()
	})
}

func sameSet(a, b []string) bool {
	count := make(map[string]int)
	for _, s := range a {
		count[s]++
	}
	for _, s := range b {
		count[s]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// Clients that come back in a moment, as polls do, leave the time where it is; who is
// away for longer than the lull passes it on from when it went.
func TestWatchingComesBack(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		from := w.now()
		watches := func(channel string) *sessiontest.Wire {
			s := n.come("ann")
			_ = join(s, channel).Watch(true, true)
			return s
		}
		a, stays := watches("x:a"), watches("x:b") // 0: b is what she turned to
		again := func(s *sessiontest.Wire, channel string, times int) *sessiontest.Wire {
			for range times {
				time.Sleep(400 * time.Millisecond)
				s.End()
				time.Sleep(100 * time.Millisecond)
				s = watches(channel)
			}
			return s
		}
		a = again(a, "x:a", 20) // 10000: polls, parked
		a.End()
		time.Sleep(time.Second) // 11000: not in time any more
		a = watches("x:a")
		a = again(a, "x:a", 20) // 21000: polls, and counts
		a.End()
		time.Sleep(500 * time.Millisecond)
		c := watches("x:c") // 21500: turned to while a is away for a moment
		a = watches("x:a")  // which does not take it back
		time.Sleep(1500 * time.Millisecond)
		c.End()                     // 23000
		time.Sleep(4 * time.Second) // 27000: since when the next one counts is known later
		if here, _ := n.Here("ann"); !counts(here, "x:a", from+23000) {
			t.Errorf("ann is here as %+v", here)
		}
		a.End()
		stays.End() // 27000
		time.Sleep(time.Minute)
		got := []string{}
		for _, v := range w.all() {
			if v.Kind == throng.Watching {
				got = append(got, show(v, from))
			}
		}
		want := []string{
			"x:b watching 0-11000 left", "x:a watching 11000-21000 left", "x:c watching 21500-23000 left", "x:a watching 23000-27000 left",
		}
		if !sameSet(got, want) {
			t.Errorf("\n\t%q\nnot\n\t%q", got, want)
		}
		_ = n.drain()
	})
}

// counts reports whether a user is said to watch a channel since a time.
func counts(here visits.Here, channel string, since int64) bool {
	return slices.ContainsFunc(here.Channels, func(in visits.HereIn) bool {
		return in.Channel == channel && in.Kind == throng.Watching && in.Since == since
	})
}

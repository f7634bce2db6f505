package presence_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/session"
)

func restore(t *testing.T, c *client, captured []byte) {
	t.Helper()
	var st session.State
	if err := json.Unmarshal(captured, &st); err != nil {
		t.Fatal(err)
	}
	c.Restore(st)
	c.w.settle()
}

// Above the limit all lists are emptied and all are counted; below four fifths of it
// all are told of each other again.
func TestCrowd(t *testing.T) {
	for _, channel := range []string{"few:x", "fewclients:x"} {
		inWorld(t, func(w *world) {
			var all []*client
			add := func() {
				c := w.client(fmt.Sprint("u", len(all)))
				c.join(channel)
				all = append(all, c)
				w.wait(time.Second)
			}
			for range 5 {
				add()
			}
			shows(t, all[0], channel, "u0 u1 u2 u3 u4")
			add()
			for _, c := range all {
				l := c.list(channel)
				shows(t, c, channel, "")
				if l.count == nil || l.count.Users != 6 || l.count.Connections != 6 || len(l.count.Newest) != 6 || l.count.Newest[0].Key != "u5" {
					t.Errorf("counts %+v", l.count)
				}
			}
			all[5].End()
			w.wait(2 * time.Second)
			shows(t, all[0], channel, "") // five are not few enough
			if n := all[0].lists[channel].count.Users; n != 5 {
				t.Errorf("counts %d", n)
			}
			all[4].End()
			w.wait(2 * time.Second)
			for _, c := range all[:4] {
				shows(t, c, channel, "u0 u1 u2 u3")
			}
			add()
			shows(t, all[0], channel, "u0 u1 u2 u3 u6")
		})
	}
}

// A storm of joins costs each client its own answer and a message a second.
func TestStorm(t *testing.T) {
	inWorld(t, func(w *world) {
		const many = 2000
		for i := range many {
			w.client(fmt.Sprint("u", i)).join("users:x")
		}
		w.wait(3 * time.Second)
		stats := w.presence.Stats()
		if n := stats.Diffs.Load() + stats.Counts.Load(); n > 4 {
			t.Errorf("%d messages to all", n)
		}
		deliveries := uint64(0)
		for i := range w.boxes {
			deliveries += w.hub.Table(i).Stats().Deliveries.Load()
		}
		if deliveries > 4*many {
			t.Errorf("%d deliveries", deliveries)
		}
		for _, c := range w.all {
			if l := c.list("users:x"); len(l.state) != 0 || l.count == nil || l.count.Users != many {
				t.Fatalf("shows %q, counts %+v", l.keys(), l.count)
			}
		}
		if n := len(w.all[0].lists["users:x"].count.Newest); n != 10 {
			t.Errorf("%d of the newest", n)
		}
		w.wait(5 * time.Second)
		if after := stats.Diffs.Load() + stats.Counts.Load(); after > 4 {
			t.Errorf("%d messages where nothing changes", after)
		}
	})
}

// Crowds are counted though there is more to tell than anybody could.
func TestCountsHaveTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const crowds, changing = 10, 60
		w := newWorld(t) // whose presence does not run
		for i := range crowds {
			for n := range 6 {
				w.client(fmt.Sprint("u", n)).join(fmt.Sprint("few:", i))
			}
		}
		ann := w.client("ann")
		for i := range changing {
			ann.join(fmt.Sprint("users:", i))
		}
		time.Sleep(2 * time.Second) // all of it is due
		counted := map[string]bool{}
		for range 2 * crowds {
			if channel, count := w.presence.Next(); count {
				counted[channel] = true
			}
		}
		if len(counted) != crowds {
			t.Errorf("%d of %d are counted", len(counted), crowds)
		}
		for n := 0; n < changing+crowds; n++ { // the rest is told all the same
			if channel, count := w.presence.Next(); channel == "" && n != changing || count {
				t.Fatalf("%q, %t after %d", channel, count, n)
			} else if channel == "" {
				break
			}
		}
		for _, c := range w.all {
			c.End()
		}
	})
}

// A count is at most a second late, and at most one a second.
func TestCountIsBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		var all []*client
		for i := range 20 {
			c := w.client(fmt.Sprint("u", i))
			c.join("few:x")
			all = append(all, c)
		}
		w.wait(3 * time.Second)
		all[0].take()
		for i := range 200 { // ten seconds
			c := all[1+i%19]
			c.leave("few:x")
			c.join("few:x")
			w.wait(50 * time.Millisecond)
		}
		if n := events(all[0].take(), "presence_count"); n < 9 || n > 11 {
			t.Errorf("%d counts in 10 s", n)
		}
		w.wait(2 * time.Second)
		all[0].take()
		all[1].End()
		w.wait(time.Second)
		if n := all[0].list("few:x").count.Users; n != 19 {
			t.Errorf("%d after a second", n)
		}
	})
}

// Named users are told of in a crowd too, to whom asked and to nobody else.
func TestWatch(t *testing.T) {
	for _, channel := range []string{"few:x", "fewclients:x"} {
		inWorld(t, func(w *world) {
			for i := range 10 {
				w.client(fmt.Sprint("u", i)).join(channel)
			}
			watcher, other := w.all[0], w.all[1]
			w.wait(2 * time.Second)
			here, err := w.presence.Watch(watcher.sub(channel), []string{"u3", "ann", "u3"})
			var list roll
			if err != nil || json.Unmarshal(here, &list) != nil || len(list) != 1 || len(list["u3"].Metas) != 1 {
				t.Fatalf("%s, %v", here, err)
			}
			w.wait(300 * time.Millisecond)
			shows(t, watcher, channel, "u3")
			ann := w.client("ann")
			ann.join(channel)
			w.wait(300 * time.Millisecond)
			shows(t, watcher, channel, "ann u3")
			_ = w.presence.Update(ann.sub(channel), []byte(`{"n":1}`))
			w.wait(300 * time.Millisecond)
			if m := watcher.list(channel).state["ann"].Metas; len(m) != 1 || m[0]["n"] != 1.0 {
				t.Errorf("shows %v", m)
			}
			ann.End()
			w.wait(300 * time.Millisecond)
			shows(t, watcher, channel, "u3")
			if _, err := w.presence.Watch(watcher.sub(channel), nil); err != nil {
				t.Fatal(err)
			}
			w.wait(300 * time.Millisecond)
			shows(t, watcher, channel, "")
			if n := events(other.take(), "presence_diff"); n != 0 {
				t.Errorf("another one was told %d differences", n)
			}
		})
	}
}

// Of a user with very many connections a watcher is told of a few.
func TestWatchManyOfOne(t *testing.T) {
	inWorld(t, func(w *world) {
		c := w.client("viewer")
		sub := c.join("fewclients:x")
		for range 40 {
			w.client("ann").join("fewclients:x")
		}
		here, err := w.presence.Watch(sub, []string{"ann"})
		var list roll
		if err != nil || json.Unmarshal(here, &list) != nil || len(list["ann"].Metas) != 10 {
			t.Errorf("%s, %v", here, err)
		}
		w.wait(time.Second)
		shows(t, c, "fewclients:x", "ann*10")
		for _, tab := range w.all[1:37] { // four are left
			tab.End()
			w.wait(10 * time.Millisecond)
		}
		w.wait(2 * time.Second)
		shows(t, c, "fewclients:x", "ann*4")
	})
}

// Where very many watch many who all change at once, the lock is let go in between.
func TestWatchInPieces(t *testing.T) {
	inWorld(t, func(w *world) {
		const watchers, hosts = 400, 10
		var names []string
		var subs []*session.Subscription
		for i := range hosts {
			names = append(names, fmt.Sprint("host", i))
			subs = append(subs, w.client(names[i]).join("few:x"))
		}
		for i := range watchers {
			sub := w.client(fmt.Sprint("u", i)).join("few:x")
			if _, err := w.presence.Watch(sub, append([]string(nil), names...)); err != nil {
				t.Fatal(err)
			}
		}
		w.wait(2 * time.Second)
		for i, sub := range subs {
			if err := w.presence.Update(sub, fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
				t.Fatal(err)
			}
		}
		all, most := 0, 0
		for more := true; more; {
			var n int
			n, _, more = w.presence.Letters("few:x")
			all, most = all+n, max(most, n)
		}
		if all != watchers*hosts || most > 512+watchers {
			t.Errorf("%d letters, %d in one hold", all, most)
		}
		w.wait(time.Second)
		for _, c := range w.all[hosts:] {
			for i, name := range names {
				if m := c.list("few:x").state[name].Metas; len(m) != 1 || m[0]["n"] != float64(i) {
					t.Errorf("%s: shows %v", name, m)
					return
				}
			}
		}
	})
}

// Who has very much to tell watchers does not keep all other channels waiting.
func TestWatchersWaitTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const watchers, hosts, others = 200, 20, 5
		w := newWorld(t) // whose presence does not run
		var names []string
		for i := range hosts {
			names = append(names, fmt.Sprint("host", i))
			w.client(names[i]).join("few:x")
		}
		for i := range watchers {
			sub := w.client(fmt.Sprint("u", i)).join("few:x")
			if _, err := w.presence.Watch(sub, append([]string(nil), names...)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Second)
		for w.presence.Step() != "" {
		}
		for i, c := range w.all[:hosts] {
			if err := w.presence.Update(c.sub("few:x"), fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
				t.Fatal(err)
			}
		}
		for i := range others {
			w.all[0].join(fmt.Sprint("users:", i))
		}
		time.Sleep(time.Second)
		var steps []string
		for {
			channel := w.presence.Step()
			if channel == "" {
				break
			}
			steps = append(steps, channel)
		}
		pieces, last := 0, 0
		for i, channel := range steps {
			if channel == "few:x" {
				pieces++
			} else {
				last = i
			}
		}
		if pieces < 7 || last > 2*others+1 {
			t.Errorf("%q", steps)
		}
		for _, c := range w.all {
			c.End()
		}
	})
}

// More users than a subscription may watch are refused, and names that no user has.
func TestWatchIsBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		c := w.client("ann")
		sub := c.join("users:x")
		if _, err := w.presence.Watch(sub, make([]string, 101)); err != throng.ErrLimitExceeded {
			t.Errorf("%v", err)
		}
		for n, want := range map[int]*throng.Error{255: nil, 256: throng.ErrBadRequest} {
			if _, err := w.presence.Watch(sub, []string{"bob", strings.Repeat("x", n)}); err != want {
				t.Errorf("%d bytes: %v", n, err)
			}
		}
		if _, err := w.presence.Watch(c.join("off:x"), []string{"bob"}); err != throng.ErrNotAvailable {
			t.Errorf("%v", err)
		}
	})
}

// Before a subscription is answered nothing is asked through it, though its user is there
// with another one: it may fail, and nobody would forget what it watches.
func TestNotYetThere(t *testing.T) {
	inWorld(t, func(w *world) {
		w.client("ann").join("users:x")
		tab := w.client("ann")
		w.env.Node = silence{w.Node}
		sub := tab.join("users:x")
		if _, err := w.presence.Watch(sub, []string{"bob"}); err != throng.ErrNotAvailable {
			t.Errorf("watch: %v", err)
		}
		if err := w.presence.Update(sub, []byte(`{"n":1}`)); err != throng.ErrNotAvailable {
			t.Errorf("update: %v", err)
		}
		if _, err := w.presence.List(sub, "", 10); err != throng.ErrNotAvailable {
			t.Errorf("list: %v", err)
		}
		tab.Session.Subscribed(sub, &session.Subscribed{Class: sub.Class(), Err: throng.ErrInternal})
		if n := w.presence.Watchers("users:x"); n != 0 {
			t.Errorf("%d watch", n)
		}
		w.env.Node = w.Node
	})
}

// silence is a node that does not answer.
type silence struct{ session.Node }

func (silence) Subscribe(*session.Subscription, session.SubscribeRequest) {}

// Pages have everybody who stays, though others come and go between them.
func TestPages(t *testing.T) {
	inWorld(t, func(w *world) {
		const many = 700
		for i := range many {
			w.client(fmt.Sprintf("u%03d", i)).join("users:x")
		}
		viewer := w.client("viewer")
		sub := viewer.join("users:x")
		seen := map[string]bool{}
		cursor, left := "", 0
		for page := 0; page == 0 || cursor != ""; page++ {
			b, err := w.presence.List(sub, cursor, 100)
			var p struct {
				Members []struct {
					Key         string
					Metas       []meta
					Connections int
				}
				Cursor      string
				Users       int
				Connections int
			}
			if err != nil || json.Unmarshal(b, &p) != nil || len(p.Members) > 100 {
				t.Fatalf("%s, %v", b, err)
			}
			for _, m := range p.Members {
				seen[m.Key] = true
				if m.Connections != 1 || len(m.Metas) != 1 {
					t.Fatalf("%+v", m)
				}
			}
			cursor = p.Cursor
			for i := 0; i < 40 && left < many; i++ { // every third goes
				w.all[left].leave("users:x")
				left += 3
			}
		}
		for i := range many {
			if key := fmt.Sprintf("u%03d", i); !seen[key] && (i%3 != 0 || i >= left) {
				t.Errorf("%s is in no page", key)
			}
		}
		found, next, err := w.presence.Members("users:x", "", 1000, "u69")
		if err != nil || next != "" || len(found) == 0 || len(found) > 10 {
			t.Errorf("%d members, %q, %v", len(found), next, err)
		}
	})
}

// What is no page is refused.
func TestPagesRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		c := w.client("ann")
		sub := c.join("users:x")
		for _, cursor := range []string{"0", "-1", "x", "99999999999", "1 "} {
			if _, err := w.presence.List(sub, cursor, 10); err != throng.ErrBadRequest {
				t.Errorf("%q: %v", cursor, err)
			}
			if _, _, err := w.presence.Members("users:x", cursor, 10, ""); err == nil {
				t.Errorf("%q is a cursor", cursor)
			}
		}
		for _, limit := range []int{-1, 101} {
			if _, err := w.presence.List(sub, "", limit); err != throng.ErrBadRequest {
				t.Errorf("%d: %v", limit, err)
			}
		}
		if b, err := w.presence.List(sub, "2000000000", 0); err != nil {
			t.Errorf("%s, %v", b, err)
		}
	})
}

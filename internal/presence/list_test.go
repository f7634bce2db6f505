package presence_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"throng"
)

func shows(t *testing.T, c *client, channel, want string) {
	t.Helper()
	if got := c.list(channel).keys(); got != want {
		t.Errorf("%q shows %q, not %q", c.User(), got, want)
	}
}

// events counts the lines of an event.
func events(lines []string, event string) (n int) {
	for _, l := range lines {
		if strings.HasPrefix(l, event+" ") {
			n++
		}
	}
	return n
}

// Who joins is shown itself at once, all others within the time that changes are
// gathered.
func TestJoinAndLeave(t *testing.T) {
	inWorld(t, func(w *world) {
		a, b := w.client("ann"), w.client("bob")
		a.join("users:x")
		shows(t, a, "users:x", "ann")
		b.join("users:x")
		shows(t, b, "users:x", "bob")
		w.wait(250 * time.Millisecond)
		shows(t, a, "users:x", "ann bob")
		shows(t, b, "users:x", "ann bob")
		a.leave("users:x")
		w.wait(240 * time.Millisecond)
		shows(t, b, "users:x", "ann bob")
		w.wait(20 * time.Millisecond)
		shows(t, b, "users:x", "bob")
		if got := b.lists["users:x"].leaves; len(got) != 1 || got[0] != "ann" {
			t.Errorf("left: %q", got)
		}
	})
}

// A second tab is no join, and closing one of two is no leave.
func TestTabs(t *testing.T) {
	inWorld(t, func(w *world) {
		other := w.client("bob")
		other.join("users:x")
		first, second := w.client("ann"), w.client("ann")
		first.join("users:x")
		w.wait(time.Second)
		other.take()
		second.join("users:x")
		shows(t, second, "users:x", "ann bob")
		w.wait(time.Second)
		first.leave("users:x")
		w.wait(time.Second)
		if lines := other.take(); len(lines) > 0 {
			t.Errorf("the other was told %q", lines)
		}
		second.End()
		w.wait(time.Second)
		shows(t, other, "users:x", "bob")
	})
}

// A thousand tabs of one user are one join and one leave.
func TestThousandTabs(t *testing.T) {
	inWorld(t, func(w *world) {
		other := w.client("bob")
		other.join("users:x")
		w.wait(time.Second)
		other.take()
		var tabs []*client
		for range 1000 {
			c := w.client("ann")
			c.join("users:x")
			tabs = append(tabs, c)
		}
		w.wait(time.Second)
		conns, users := w.presence.Of("users:x")
		if conns != 1001 || users != 2 {
			t.Errorf("%d connections of %d users", conns, users)
		}
		for i, c := range tabs {
			shows(t, c, "users:x", "ann bob")
			if i > 0 {
				c.End()
			}
		}
		w.wait(time.Second)
		if lines := other.take(); len(lines) != 1 {
			t.Errorf("the other was told %d times", len(lines))
		}
		tabs[0].End()
		w.wait(time.Second)
		if lines := other.take(); len(lines) != 1 {
			t.Errorf("the other was told %d times of the leave", len(lines))
		}
	})
}

// A user who comes and goes a hundred times a second costs no more than a difference
// in 250 ms, and none where nothing came of it.
func TestFlapping(t *testing.T) {
	for _, channel := range []string{"users:x", "clients:x"} {
		inWorld(t, func(w *world) {
			other := w.client("bob")
			other.join(channel)
			ann := w.client("ann")
			ann.join(channel)
			w.wait(time.Second)
			other.take()
			for range 500 { // it is there at the end of each time
				ann.leave(channel)
				ann.join(channel)
				w.wait(10 * time.Millisecond)
			}
			if lines := other.take(); len(lines) != 0 {
				t.Errorf("%s: the other was told %q", channel, lines)
			}
			for range 500 {
				ann.leave(channel)
				w.wait(10 * time.Millisecond)
				ann.join(channel)
				w.wait(10 * time.Millisecond)
			}
			if n := events(other.take(), "presence_diff"); n > 41 {
				t.Errorf("%s: %d differences in 10 s", channel, n)
			}
			w.wait(time.Second)
			shows(t, other, channel, "ann bob")
			shows(t, ann, channel, "ann bob")
		})
	}
}

// Where clients are members, a user has a meta for each.
func TestClients(t *testing.T) {
	inWorld(t, func(w *world) {
		first, second, other := w.client("ann"), w.client("ann"), w.client("")
		for _, c := range []*client{first, second, other} {
			c.join("clients:x")
		}
		id := other.Client().String()
		shows(t, second, "clients:x", "ann") // its own, all else is still to be told
		w.wait(time.Second)
		for _, c := range []*client{first, second, other} {
			if got := c.list("clients:x").keys(); got != "ann*2 "+id && got != id+" ann*2" {
				t.Errorf("shows %q", got)
			}
		}
		third := w.client("ann")
		third.join("clients:x")
		if got := len(third.list("clients:x").state["ann"].Metas); got != 3 {
			t.Errorf("its own is not among %d metas", got)
		}
		first.End()
		w.wait(time.Second)
		if got := len(other.list("clients:x").state["ann"].Metas); got != 2 {
			t.Errorf("%d metas", got)
		}
		if conns, users := w.presence.Of("clients:x"); conns != 3 || users != 2 {
			t.Errorf("%d connections of %d users", conns, users)
		}
	})
}

// Ids are the application's, whatever they are.
func TestIDs(t *testing.T) {
	ids := []string{strings.Repeat("k", 1024), "😀👩‍👩‍👧", `"; drop {"metas":[]}`, "'; drop table online", "\\u0000\n\t", "<script>", "ключ", " ", "a\xff\xfeb"}
	for _, channel := range []string{"users:x", "clients:x"} {
		inWorld(t, func(w *world) {
			nobody := w.client("")
			nobody.join(channel)
			for _, id := range ids {
				w.client(id).join(channel)
			}
			w.wait(time.Second)
			late := w.client("late")
			late.join(channel)
			for _, c := range []*client{nobody, late} {
				l := c.list(channel)
				for _, id := range ids {
					if _, ok := l.state[strings.ToValidUTF8(id, "\uFFFD")]; !ok {
						t.Errorf("%s: %q is not shown in %q", channel, id, l.keys())
					}
				}
				if _, ok := l.state[nobody.Client().String()]; !ok || len(l.state) < len(ids)+1 {
					t.Errorf("%s: the anonymous one is not shown", channel)
				}
			}
		})
	}
}

// A user may be called like an anonymous client, and is another member all the same: one
// key, two metas, of which each is its own.
func TestUserLikeAClient(t *testing.T) {
	for _, channel := range []string{"users:x", "clients:x", "few:x"} {
		inWorld(t, func(w *world) {
			nobody := w.client("")
			nobody.join(channel)
			key := nobody.Client().String()
			w.wait(time.Second)
			twin := w.client(key)
			twin.join(channel)
			if err := w.presence.Update(twin.sub(channel), []byte(`{"name":"mine"}`)); err != nil {
				t.Fatal(err)
			}
			w.wait(time.Second)
			for _, c := range w.all {
				shows(t, c, channel, key+"*2")
			}
			members, _, _ := w.presence.Members(channel, "", 10, "")
			if len(members) != 2 || members[0].User != key || members[1].User != "" || strings.Contains(string(members[1].Meta), "mine") {
				t.Errorf("%s: %+v", channel, members)
			}
			if _, err := w.presence.Watch(nobody.sub(channel), []string{key}); err != nil {
				t.Fatal(err)
			}
			for i := range 5 { // of "few" a crowd
				w.client(fmt.Sprint(i)).join(channel)
			}
			w.wait(2 * time.Second)
			if metas := nobody.list(channel).state[key].Metas; len(metas) != 2 {
				t.Errorf("%s: shows %v", channel, metas)
			}
			twin.leave(channel)
			w.wait(2 * time.Second)
			if metas := nobody.list(channel).state[key].Metas; len(metas) != 1 || metas[0]["name"] != nil {
				t.Errorf("%s: shows %v", channel, metas)
			}
			if conns, _ := w.presence.Of(channel); conns != 6 {
				t.Errorf("%d connections", conns)
			}
		})
	}
}

// A client that takes its own id for a name is a user from then on.
func TestRefreshToOwnID(t *testing.T) {
	for _, channel := range []string{"users:x", "clients:x"} {
		inWorld(t, func(w *world) {
			c := w.client("")
			c.join(channel)
			key := c.Client().String()
			c.introduce(key)
			w.wait(time.Second)
			shows(t, c, channel, key)
			if members, _, _ := w.presence.Members(channel, "", 10, ""); len(members) != 1 || members[0].User != key {
				t.Errorf("%s: %+v", channel, members)
			}
		})
	}
}

// What a token says of a client stands in its meta, and can't stand for what is the
// server's.
func TestInfo(t *testing.T) {
	for info, want := range map[string]string{
		`{ "name": "Ann",
 "age": 7 }`: `{"name":"Ann","age":7,`,
		`"plain"`: `{"info":"plain",`,
		`null`:    `{`,
		`{}`:      `{`,
		`[1, 2]`:  `{"info":[1,2],`,
		`{"phx_ref":"x","name":"A","online_at":"never"}`: `{"name":"A",`,
		`{"phx\u005fref":"x","a":{"b":"\""}}`:            `{"a":{"b":"\""},`,
		`{"big":"` + strings.Repeat("x", 5000) + `"}`:    `{`,
	} {
		inWorld(t, func(w *world) {
			c := w.informed("ann", []byte(info))
			c.join("users:x")
			c.read()
			state := c.heard[1] // behind the answer
			if !strings.HasPrefix(state, `presence_state users:x {"ann":{"metas":[`+want+`"online_at":`) {
				t.Errorf("%s makes %s", info, state)
			}
		})
	}
}

// A client of which nothing was known says who it is: it stays one member.
func TestRefresh(t *testing.T) {
	for _, channel := range []string{"users:x", "clients:x"} {
		inWorld(t, func(w *world) {
			a, b := w.client(""), w.client("bob")
			a.join(channel)
			b.join(channel)
			w.wait(time.Second)
			if err := a.Refresh(&throng.Identity{User: "ann"}); err != nil {
				t.Fatal(err)
			}
			w.wait(time.Second)
			shows(t, a, channel, "ann bob")
			shows(t, b, channel, "ann bob")
		})
	}
}

// Who says at once who it is, as a page does when its socket opens, does not go on
// showing itself as it was: its own list had that, though nobody else's.
func TestRefreshAtOnce(t *testing.T) {
	for _, channel := range []string{"users:x", "clients:x"} {
		inWorld(t, func(w *world) {
			b := w.client("bob")
			b.join(channel)
			w.wait(time.Second)
			a := w.client("")
			a.join(channel)
			a.introduce("ann")
			late := w.client("late")
			late.join(channel)
			w.wait(time.Second)
			for _, c := range []*client{a, b, late} {
				shows(t, c, channel, "ann bob late")
			}
		})
	}
}

// An update is one step: the new meta comes with the old one's reference.
func TestUpdate(t *testing.T) {
	for _, channel := range []string{"users:x", "clients:x"} {
		inWorld(t, func(w *world) {
			a, b := w.client("ann"), w.client("bob")
			a.join(channel)
			b.join(channel)
			w.wait(time.Second)
			before := b.list(channel).state["ann"].Metas[0]
			b.take()
			for i := range 10 { // all but the last are told to nobody
				if err := w.presence.Update(a.sub(channel), fmt.Appendf(nil, ` {"status": "away", "n":%d}`, i)); err != nil {
					t.Fatal(err)
				}
			}
			w.wait(time.Second)
			if lines := b.take(); len(lines) != 1 {
				t.Errorf("told %q", lines)
			}
			now := b.list(channel).state["ann"].Metas
			if len(now) != 1 || now[0]["status"] != "away" || now[0]["n"] != 9.0 || now[0].ref() == before.ref() || now[0]["phx_ref_prev"] == nil {
				t.Errorf("%v after %v", now, before)
			}
			if now[0]["online_at"] != before["online_at"] {
				t.Errorf("it came at another time")
			}
			_ = w.presence.Update(a.sub(channel), []byte(`{"status":"away","n":9}`))
			w.wait(time.Second)
			if lines := b.take(); len(lines) != 0 {
				t.Errorf("nothing new is told: %q", lines)
			}
		})
	}
}

// What is no metadata is refused by a code.
func TestUpdateRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		c := w.client("ann")
		sub := c.join("users:x")
		for meta, want := range map[string]*throng.Error{
			"":       throng.ErrBadRequest,
			"7":      throng.ErrBadRequest,
			"[]":     throng.ErrBadRequest,
			"{\xff}": throng.ErrBadRequest,
			"null":   throng.ErrBadRequest,
			`{"a":"` + strings.Repeat("x", 5000) + `"}`: throng.ErrLimitExceeded,
			"{}": nil,
		} {
			if err := w.presence.Update(sub, []byte(meta)); err != want {
				t.Errorf("%q: %v, not %v", meta, err, want)
			}
		}
		off := c.join("off:x")
		if err := w.presence.Update(off, []byte("{}")); err != throng.ErrNotAvailable {
			t.Errorf("off: %v", err)
		}
	})
}

// An update between a join and its announcement leaves no ghost in the user's own
// tabs, which were shown the meta before all others.
func TestUpdateBeforeAnnouncement(t *testing.T) {
	inWorld(t, func(w *world) {
		other := w.client("bob")
		other.join("users:x")
		w.wait(time.Second)
		first, second := w.client("ann"), w.client("ann")
		first.join("users:x")
		_ = w.presence.Update(first.sub("users:x"), []byte(`{"n":1}`))
		second.join("users:x")
		_ = w.presence.Update(first.sub("users:x"), []byte(`{"n":2}`))
		w.wait(time.Second)
		for _, c := range []*client{first, second, other} {
			shows(t, c, "users:x", "ann bob")
			if m := c.list("users:x").state["ann"].Metas[0]; m["n"] != 2.0 {
				t.Errorf("shows %v", m)
			}
		}
	})
}

// A channel without presence is told nothing, and has no room.
func TestOff(t *testing.T) {
	inWorld(t, func(w *world) {
		c := w.client("ann")
		c.join("off:x")
		w.wait(2 * time.Second)
		if lines := c.take(); len(lines) != 1 || w.presence.Stats().Rooms.Load() != 0 {
			t.Errorf("%q", lines)
		}
	})
}

// Differences take no offset and are in no history.
func TestNoOffsets(t *testing.T) {
	inWorld(t, func(w *world) {
		a, b := w.client("ann"), w.client("bob")
		a.join("hist:x")
		w.wait(time.Second)
		b.join("hist:x")
		w.wait(time.Second)
		done := make(chan throng.HistoryResult, 1)
		w.History(t.Context(), throng.HistoryRequest{Channel: "hist:x", Limit: -1}, func(r throng.HistoryResult, _ error) { done <- r })
		if r := <-done; r.Position.Offset != 0 || len(r.Publications) != 0 {
			t.Errorf("%+v", r)
		}
		shows(t, a, "hist:x", "ann bob")
	})
}

// A session that another process puts back is a member there, and its client gets
// that process's list.
func TestRestore(t *testing.T) {
	inWorld(t, func(w *world) {
		c := w.client("ann")
		c.join("users:x")
		w.wait(time.Second)
		text, err := json.Marshal(c.Capture())
		if err != nil {
			t.Fatal(err)
		}
		inOther := newWorld(w.t)
		d := inOther.client("")
		d.lists["users:x"] = c.list("users:x")
		restore(t, d, text)
		shows(t, d, "users:x", "ann")
		if conns, users := inOther.presence.Of("users:x"); conns != 1 || users != 1 {
			t.Errorf("%d connections of %d users", conns, users)
		}
		d.End()
	})
}

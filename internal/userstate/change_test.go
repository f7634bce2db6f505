package userstate_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/userstate"
)

func version(v uint64) *uint64 { return &v }

// want wants what became of a change: the version, or what is said of an error.
func (w *world) want(c userstate.Change, want string) {
	w.t.Helper()
	o := w.change(c)
	got := fmt.Sprint(o.Version)
	if o.Replayed {
		got += " again"
	}
	if o.Err != nil {
		got = fmt.Sprintf("%d %s", o.Err.Code, o.Err.Message)
		if o.Err == throng.ErrVersionConflict {
			got += fmt.Sprintf(" %d %s", o.Version, o.Value)
		}
	}
	if !strings.HasPrefix(got, want) {
		w.t.Errorf("%s %.50q\ngot  %s\nwant %s", c.Key, c.Value, got, want)
	}
}

func set(key, value string) userstate.Change { return userstate.Change{Key: key, Value: []byte(value)} }

// bothWays runs a test in memory and with a store.
func bothWays(t *testing.T, set func(*userstate.Options), f func(w *world)) {
	for name, store := range map[string]throng.UserStates{"memory": nil, "store": newDisk(nil)} {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.Store = store
			if set != nil {
				set(&o)
			}
			inWorld(t, o, f)
		})
	}
}

func TestCompareAndSet(t *testing.T) {
	bothWays(t, nil, func(w *world) {
		expect := func(key, value string, v uint64) userstate.Change {
			c := set(key, value)
			if value == "" {
				c.Value = nil
			}
			c.IfVersion = version(v)
			return c
		}
		w.want(expect("a", "1", 1), "113 version conflict 0 ")
		w.want(expect("a", "1", 0), "1")
		w.want(expect("a", "2", 0), "113 version conflict 1 1")
		w.want(expect("b", "2", 0), "2")
		w.want(expect("a", "3", 1), "3") // b's change is none of a
		w.want(expect("a", "", 1), "113 version conflict 3 3")
		w.want(expect("a", "", 3), "4")
		w.want(expect("a", "5", 4), "113 version conflict 0 ") // a deleted key has no version
		w.want(expect("a", "5", 0), "5")
		if s := w.snapshot(); s.text() != s.Epoch+" 5 a=5 b=2" {
			t.Error(s.text())
		}
	})
}

// A change that is repeated is made once, whatever came in between, for a day.
func TestReplays(t *testing.T) {
	bothWays(t, func(o *userstate.Options) { o.Mutations = 3 }, func(w *world) {
		named := func(key, value, id string) userstate.Change {
			c := set(key, value)
			c.Mutation = id
			return c
		}
		w.want(named("a", "1", "x:1"), "1")
		w.want(named("a", "2", "x:2"), "2")
		w.want(named("a", "1", "x:1"), "1 again") // late, and not put over the newer one
		w.want(named("a", "3", "x:2"), "2 again") // whatever it says now
		w.want(named("b", "1", "x:1"), "107 bad request: mutation_id")
		del := userstate.Change{Key: "none", Mutation: "x:3"}
		w.want(del, "3") // there was nothing to delete; repeated later it must not delete
		w.want(set("none", "4"), "4")
		w.want(del, "3 again")
		w.want(named("c", "5", "x:4"), "5") // x:1 is the oldest of four
		w.want(named("a", "6", "x:1"), "6")
		w.want(userstate.Change{Key: "c", Mutation: "x:4", IfVersion: version(77)}, "5 again")
		w.want(userstate.Change{Key: "c", Mutation: "x:5", IfVersion: version(77)}, "113")
		w.want(userstate.Change{Key: "c", Mutation: "x:5", IfVersion: version(5)}, "7") // what was refused may be tried again
		time.Sleep(24 * time.Hour)
		w.wait(time.Second)
		w.want(named("a", "8", "x:1"), w.next())
	})
}

// next is the map's next version.
func (w *world) next() string { return fmt.Sprint(w.snapshot().Version + 1) }

func TestExpiry(t *testing.T) {
	bothWays(t, nil, func(w *world) {
		tab := w.tab("a")
		c := set("short", "1")
		c.TTL = 1000
		w.want(c, "1")
		c = set("later", "2")
		c.ExpiresAt = w.clock.Now() + 5000
		w.want(c, "2")
		w.want(set("stays", "3"), "3")
		c = set("longer", "4")
		c.TTL = 1000
		w.want(c, "4")
		w.want(set("longer", "5"), "5") // without an end now
		w.wait(800 * time.Millisecond)
		if len(tab.entries) != 4 {
			t.Error(tab.shows())
		}
		time.Sleep(100 * time.Millisecond)
		if s := w.snapshot(); len(s.Entries) != 3 { // nobody is shown it after its time, swept or not
			t.Error(s.text())
		}
		w.wait(time.Second)
		if got := tab.shows(); got != tab.epoch+" 6 later=2 longer=5 stays=3" {
			t.Error(got)
		}
		c = set("later", "7")
		c.IfVersion = version(0)
		w.wait(4 * time.Second)
		if got := tab.shows(); got != tab.epoch+" 7 longer=5 stays=3" {
			t.Error(got)
		}
		w.want(c, "8")
	})
}

// The map of who is not here leaves memory; with a store it is there again.
func TestIdle(t *testing.T) {
	bothWays(t, nil, func(w *world) {
		w.want(userstate.Change{Key: "a", Value: []byte("1"), Mutation: "x:1"}, "1")
		tab := w.tab("a")
		w.wait(10 * time.Millisecond)
		time.Sleep(10 * time.Minute)
		w.wait(time.Second)
		if n := w.states.Stats().Users.Load(); n != 1 {
			t.Errorf("%d maps while somebody is here", n)
		}
		tab.disconnect()
		time.Sleep(10 * time.Minute)
		w.wait(time.Second)
		if n, b := w.states.Stats().Users.Load(), w.states.Memory(); n != 0 || b != 0 {
			t.Errorf("%d maps, %d bytes", n, b)
		}
		tab.connect()
		w.wait(time.Second)
		if got, want := tab.shows(), w.snapshot(); got != want.text() {
			t.Errorf("%s, not %s", got, want.text())
		}
		if s := w.snapshot(); w.t.Name() == "TestIdle/store" {
			w.want(userstate.Change{Key: "a", Value: []byte("1"), Mutation: "x:1"}, "1 again")
		} else if s.Version != 0 {
			t.Error(s.text())
		}
	})
}

func TestBadChanges(t *testing.T) {
	bothWays(t, nil, func(w *world) {
		deep := strings.Repeat("[", 400) + strings.Repeat("]", 400)
		for _, c := range []struct {
			change userstate.Change
			want   string
		}{
			{set("", "1"), "107 bad request: key"},
			{set(strings.Repeat("k", 256), "1"), "107 bad request: key"},
			{set("\xff", "1"), "107 bad request: key"},
			{set("k", ""), "107 bad request: value"},
			{set("k", "{"), "107 bad request: value"},
			{set("k", "1 2"), "107 bad request: value"},
			{set("k", "\"\xff\""), "107 bad request: value"},
			{set("k", `"`+strings.Repeat("x", 1<<20)+`"`), "106 limit exceeded: a value has at most 1000 bytes"},
			{userstate.Change{Key: "k", Value: []byte("1"), TTL: -1}, "107 bad request: ttl_ms"},
			{userstate.Change{Key: "k", Value: []byte("1"), TTL: 1 << 62}, "107 bad request: ttl_ms"},
			{userstate.Change{Key: "k", Value: []byte("1"), TTL: 1, ExpiresAt: 1}, "107 bad request: expires_at"},
			{userstate.Change{Key: "k", Value: []byte("1"), ExpiresAt: 1}, "107 bad request: expires_at: it is over"},
			{userstate.Change{Key: "k", Value: []byte("1"), Mutation: strings.Repeat("m", 129)}, "107 bad request: mutation_id"},
			{set("__proto__", " {\n\"a\" : [ 1 ] } "), "1"},
			{set("😀\x00\"\\", "1e400"), "2"},
			{set("deep", deep), "3"},
			{set("twice", `{"a":1,"a":2}`), "4"},
			{set("null", `null`), "5"},
			{set("big", `123456789012345678901234567890.5`), "6"},
		} {
			w.want(c.change, c.want)
		}
		tab := w.tab("a")
		w.wait(20 * time.Millisecond)
		for key, value := range map[string]string{
			"__proto__": `{"a":[1]}`, "😀\x00\"\\": "1e400", "deep": deep, "twice": `{"a":1,"a":2}`, "null": "null", "big": "123456789012345678901234567890.5",
		} {
			if tab.entries[key] != value {
				t.Errorf("%q: %s", key, tab.entries[key])
			}
		}
		for i := range 14 {
			w.want(set(fmt.Sprint("n", i), "1"), fmt.Sprint(7+i))
		}
		w.want(set("one more", "1"), "106 limit exceeded: a user has at most 20 keys")
		w.want(set("n0", "2"), "21")
		w.want(set("n1", `"`+strings.Repeat("x", 900)+`"`), "22")
		w.want(set("n2", `"`+strings.Repeat("x", 900)+`"`), "23")
		w.want(set("n3", `"`+strings.Repeat("x", 900)+`"`), "106 limit exceeded: keys and values of a user have at most 3500 bytes")
		if s := w.snapshot(); s.Version != 23 || len(s.Entries) != 20 {
			t.Error(s.text())
		}
		if n, s := w.tab("b"), w.snapshot(); n.shows() != s.text() {
			w.wait(20 * time.Millisecond)
			if n.shows() != s.text() {
				t.Errorf("%s, not %s", n.shows(), s.text())
			}
		}
	})
}

// A store that is away: what is in memory is shown, changes are refused for now, and
// nothing of it is lost or made twice.
func TestStoreAway(t *testing.T) {
	o, d := options(), newDisk(nil)
	o.Store = d
	inWorld(t, o, func(w *world) {
		w.want(set("a", "1"), "1")
		tab := w.tab("a")
		w.wait(20 * time.Millisecond)
		d.set(true)
		w.want(set("a", "2"), "108 not available: the store is away")
		late := w.tab("b")
		w.wait(time.Second)
		if got := late.shows(); got != tab.shows() || !strings.HasSuffix(got, " 1 a=1") {
			t.Errorf("%s, %s", got, tab.shows())
		}
		var unread *throng.Error
		w.states.Snapshot("bob", func(_ []byte, err *throng.Error) { unread = err })
		w.wait(time.Second)
		if unread == nil || !unread.Temporary {
			t.Errorf("the map of a user who was not here: %v", unread)
		}
		d.set(false)
		w.want(set("a", "3"), "2")
		if tab.shows() != late.shows() || !strings.HasSuffix(tab.shows(), " 2 a=3") {
			t.Errorf("%s, %s", tab.shows(), late.shows())
		}
	})
}

// A change that is repeated before it is written is no more confirmed than the first one.
func TestRepeatedWhileTheStoreFails(t *testing.T) {
	o, d := options(), newDisk(nil)
	o.Store = d
	inWorld(t, o, func(w *world) {
		w.want(set("a", "1"), "1")
		d.set(true)
		c := set("a", "2")
		c.User, c.Mutation = user, "tab:1"
		var answers []userstate.Outcome
		for range 2 {
			w.states.Submit(c, func(o userstate.Outcome) { answers = append(answers, o) })
		}
		w.wait(time.Second)
		for i, o := range answers {
			if o.Err != userstate.ErrAway {
				t.Errorf("answer %d: %+v, want that the store is away", i+1, o)
			}
		}
		if len(answers) != 2 {
			t.Errorf("%d answers", len(answers))
		}
		d.set(false)
		w.want(c, "2")
	})
}

// A user's first change is written, and the store says that it failed, and can't be read
// for a while: all screens are told in the end.
func TestFirstChangeInDoubt(t *testing.T) {
	o, d := options(), newDisk(nil)
	o.Store = d
	inWorld(t, o, func(w *world) {
		a, b := w.tab("a"), w.tab("b")
		w.wait(20 * time.Millisecond)
		d.loseAnswer()
		a.change("k", "1")
		w.wait(5 * time.Second)
		late := w.tab("c")
		w.wait(time.Second)
		if a.version != 0 || !late.fresh {
			t.Errorf("while it is not known what was written: %q, %q", a.shows(), late.shows())
		}
		d.set(false)
		w.wait(2 * time.Second)
		for _, tab := range []*tab{a, b, late} {
			if !strings.HasSuffix(tab.shows(), " 1 k=1") || len(tab.pending) != 0 {
				t.Errorf("tab %s shows %q, %d changes pending", tab.named, tab.shows(), len(tab.pending))
			}
		}
	})
}

// Changes that come together are written together.
func TestGroups(t *testing.T) {
	o, d := options(), newDisk(nil)
	o.Store = d
	inWorld(t, o, func(w *world) {
		made := 0
		for i := range 900 {
			c := set(fmt.Sprint("k", i%10), "1")
			c.User = fmt.Sprint("u", i%30)
			w.states.Submit(c, func(o userstate.Outcome) {
				if o.Err == nil {
					made++
				}
			})
		}
		w.wait(100 * time.Millisecond)
		if made != 900 || d.saves > 3 {
			t.Errorf("%d changes were made in %d groups", made, d.saves)
		}
		d.set(true)
		refused := 0
		for range 2000 { // a flood is bounded
			w.states.Submit(userstate.Change{User: "u0", Key: "k", Value: []byte("1")}, func(o userstate.Outcome) {
				if o.Err == throng.ErrTooManyRequests {
					refused++
				}
			})
		}
		w.wait(100 * time.Millisecond)
		if refused != 1000 {
			t.Errorf("%d changes were refused at once", refused)
		}
	})
}

// A forgotten map is empty for all who are there, and the next one is another.
func TestForget(t *testing.T) {
	bothWays(t, nil, func(w *world) {
		w.want(userstate.Change{Key: "a", Value: []byte("1"), Mutation: "x:1"}, "1")
		tab := w.tab("a")
		w.wait(20 * time.Millisecond)
		before := tab.epoch
		forgotten := make(chan userstate.Outcome, 1)
		w.states.Forget(user, func(o userstate.Outcome) { forgotten <- o })
		w.wait(20 * time.Millisecond)
		if o := <-forgotten; o.Err != nil || len(tab.entries) != 0 {
			t.Errorf("%+v %s", o, tab.shows())
		}
		w.want(userstate.Change{Key: "a", Value: []byte("2"), Mutation: "x:1"}, "1")
		if tab.epoch == before || !strings.HasSuffix(tab.shows(), " 1 a=2") {
			t.Error(tab.shows())
		}
	})
}

// Whatever a client sends, it is answered with JSON, and what is made of it is a map.
func FuzzEvent(f *testing.F) {
	for _, seed := range []string{
		`{"key":"a","value":1}`, `{"key":"a","value":{"a":[]},"if_version":0,"mutation_id":"x:1"}`, `{"key":"a"}`, `{}`, `[]`, ``,
		`{"key":"__proto__","value":null,"ttl_ms":5}`, `{"key":"\u0000","value":"\ud800","expires_at":99999999999999}`,
		`{"key":"a","key":"b","value":1,"value":2}`, `{"key":"a","value":1e999,"if_version":-1}`,
	} {
		f.Add("state_set", []byte(seed), false)
	}
	f.Add("state_del", []byte(`{"key":"a"}`), false)
	f.Add("state_get", []byte(`{}`), true)
	f.Fuzz(func(t *testing.T, name string, data []byte, binary bool) {
		var clock = throng.NewClock()
		o := options()
		o.Clock = clock
		o.Publish = func(_ string, p *throng.Publication, done func(error)) {
			if !json.Valid(p.Data) {
				t.Errorf("a diff that is not JSON: %q", p.Data)
			}
			done(nil)
		}
		s := userstate.New(o)
		answers := 0
		s.Event(userstate.Event{User: user, Channel: own, Name: name, Data: data, Binary: binary}, func(_ bool, response []byte) {
			answers++
			if !json.Valid(response) {
				t.Errorf("an answer that is not JSON: %q", response)
			}
		})
		if answers != 1 {
			t.Errorf("%d answers", answers)
		}
		s.Snapshot(user, func(b []byte, _ *throng.Error) {
			if !json.Valid(b) {
				t.Errorf("a map that is not JSON: %q", b)
			}
		})
	})
}

package session_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/session"
	"throng/internal/session/sessiontest"
)

// bearer says what tokens say: "CHANNEL[+publish][@END]" for the user ann.
type bearer struct{ clock *throng.Clock }

func (bearer) Connection(string) (*throng.Identity, *throng.Error) {
	return nil, throng.ErrUnauthorized
}

// Costly are tokens that begin with "!"; nobody gets anything for these.
func (bearer) Costly(token string) bool { return strings.HasPrefix(token, "!") }

func (b bearer) Subscription(token, user, channel string) (*throng.Grant, *throng.Error) {
	name, end, limited := strings.Cut(token, "@")
	name, publish := strings.CutSuffix(name, "+publish")
	if user != "ann" || name != channel {
		return nil, throng.ErrPermissionDenied
	}
	g := &throng.Grant{Channel: channel, Publish: publish}
	if limited {
		d, err := time.ParseDuration(end)
		if err != nil {
			return nil, throng.ErrUnauthorized
		}
		g.Expires = b.clock.Now() + d.Milliseconds()
	}
	return g, nil
}

// known is a node of one loop whose sessions are listed by user.
type known struct {
	*node
	env *session.Env
}

func newKnown() *known {
	n, clock := newNode(), throng.NewClock()
	n.namespaces["token"] = &throng.Namespace{Name: "token", Subscribe: throng.Token, Publish: throng.Token}
	return &known{n, &session.Env{
		Node: n, Limits: session.Limits{Channels: 4, QueueBytes: 1000}, Clock: clock,
		Auth: bearer{clock}, Users: []*session.Users{session.NewUsers()},
	}}
}

func (k *known) client(id *throng.Identity) *sessiontest.Wire {
	return sessiontest.NewIdentified(k.env, throng.Ref{}, throng.NewClientID(), id)
}

// of lists a user's sessions.
func (k *known) of(user string) (all []*session.Session) {
	k.env.Users[0].Each(user, 1000, func(s *session.Session) { all = append(all, s) })
	return all
}

// joinBy subscribes with a token.
func joinBy(t *testing.T, w *sessiontest.Wire, channel, token string) *session.Subscription {
	t.Helper()
	ns, grant, err := w.Check(channel, token)
	if err != nil {
		t.Fatalf("%s by %q: %v", channel, token, err)
	}
	w.Subscribe(ns, session.SubscribeRequest{Channel: channel, Grant: grant})
	return w.Find([]byte(channel))
}

// TestUsers: the list of a user has all its sessions, whichever comes and goes first.
func TestUsers(t *testing.T) {
	k := newKnown()
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}, {0, 2, 1}, {2, 0, 1}} {
		var all []*sessiontest.Wire
		for range 3 {
			all = append(all, k.client(&throng.Identity{User: "ann"}))
		}
		other := k.client(&throng.Identity{User: "bob"})
		k.client(nil).End()
		left := map[*session.Session]bool{all[0].Base(): true, all[1].Base(): true, all[2].Base(): true}
		for _, i := range order {
			if got := k.of("ann"); len(got) != len(left) || slices.ContainsFunc(got, func(s *session.Session) bool { return !left[s] }) {
				t.Fatalf("%v: %d sessions, want %d", order, len(got), len(left))
			}
			all[i].End()
			all[i].End() // again does no harm
			delete(left, all[i].Base())
		}
		if len(k.of("ann")) != 0 || len(k.of("bob")) != 1 || k.env.Users[0].Count() != 1 {
			t.Fatal("somebody is left")
		}
		other.End()
	}
	if k.env.Users[0].Count() != 0 {
		t.Error("names are left")
	}
}

// TestUsersEndWithin: whoever is called may end any of them, itself too, and those
// that have ended are not called.
func TestUsersEndWithin(t *testing.T) {
	k := newKnown()
	var all []*sessiontest.Wire
	for range 5 {
		all = append(all, k.client(&throng.Identity{User: "ann"}))
	}
	calls := 0
	k.env.Users[0].Each("ann", 5, func(s *session.Session) {
		calls++
		s.End()
		for _, w := range all[1:4] {
			w.End()
		}
	})
	if calls != 2 || len(k.of("ann")) != 0 {
		t.Errorf("%d calls, %d left", calls, len(k.of("ann")))
	}
}

// TestUsersOfMany: the sessions of a user who has too many are not walked at all.
func TestUsersOfMany(t *testing.T) {
	k := newKnown()
	for range 4 {
		k.client(&throng.Identity{User: "ann"})
	}
	for most, want := range map[int]int{3: 0, 4: 4, 5: 4} {
		calls := 0
		if all := k.env.Users[0].Each("ann", most, func(*session.Session) { calls++ }); calls != want || all != (want > 0) {
			t.Errorf("at most %d: %d calls, %v", most, calls, all)
		}
	}
	if !k.env.Users[0].Each("bob", 0, func(*session.Session) { t.Error("there is no bob") }) {
		t.Error("none are too many")
	}
}

// TestUsersMemory: the index of very many users is given back when they go.
func TestUsersMemory(t *testing.T) {
	k := newKnown()
	var all []*sessiontest.Wire
	for i := range 20_000 {
		all = append(all, k.client(&throng.Identity{User: fmt.Sprint("u", i)}))
	}
	most := k.env.Users[0].Room()
	if k.env.Users[0].Count() != 20_000 {
		t.Fatal(k.env.Users[0].Count())
	}
	for _, w := range all {
		w.End()
	}
	if left := k.env.Users[0].Room(); left > most/5 {
		t.Errorf("room for %d of %d is kept", left, most)
	}
}

// TestRefresh: nobody may become somebody, and somebody nobody else.
func TestRefresh(t *testing.T) {
	k := newKnown()
	w := k.client(nil)
	w.Await(1 << 40)
	if _, _, err := w.Check("open:1", ""); err != throng.ErrUnauthorized {
		t.Errorf("before it said who it is: %v", err)
	}
	if err := w.Refresh(&throng.Identity{}); err != nil || len(k.of("")) != 0 {
		t.Errorf("an anonymous token: %v", err)
	}
	if _, _, err := w.Check("open:1", ""); err != nil || w.Deadline() != 0 {
		t.Errorf("after it: %v, %d", err, w.Deadline())
	}
	for i, test := range []struct {
		user string
		want *throng.Error
	}{{"ann", nil}, {"bob", throng.ErrUnauthorized}, {"", throng.ErrUnauthorized}, {"ann", nil}} {
		if err := w.Refresh(&throng.Identity{User: test.user, Expires: int64(i + 1), TokenID: fmt.Sprint(i)}); err != test.want {
			t.Errorf("%q: %v", test.user, err)
		}
	}
	if w.User() != "ann" || w.Deadline() != 4 || w.Identity().TokenID != "3" || len(k.of("ann")) != 1 || w.Since() == 0 {
		t.Errorf("%+v, %d listed", w.Identity(), len(k.of("ann")))
	}
	w.End()
	if len(k.of("ann")) != 0 {
		t.Error("it is still listed")
	}
}

// TestGrants: what a token says of a channel counts for that subscription only, and
// is forgotten with it.
func TestGrants(t *testing.T) {
	k := newKnown()
	w := k.client(&throng.Identity{User: "ann", Info: []byte("1"), Channels: []throng.Grant{{Channel: "token:c", Publish: true}}})
	for _, test := range []struct {
		channel, token string
		want           *throng.Error
	}{
		{"token:a", "", throng.ErrPermissionDenied}, {"token:a", "token:b", throng.ErrPermissionDenied}, {"token:a", "token:a@x", throng.ErrUnauthorized},
		{"token:a", "token:a", nil}, {"token:c", "", nil}, {"open:a", "open:b", throng.ErrPermissionDenied}, {"secret:a", "secret:a", throng.ErrPermissionDenied},
		{"nowhere:a", "nowhere:a", throng.ErrUnknownChannel},
	} {
		if _, _, err := w.Check(test.channel, test.token); err != test.want {
			t.Errorf("%s by %q: %v, want %v", test.channel, test.token, err, test.want)
		}
	}
	publishes := func(sub *session.Subscription) bool {
		before := len(k.requests)
		w.Publish(sub, "", []byte("1"), false, tokenOf("r"))
		return len(k.requests) > before
	}
	a, b, c := joinBy(t, w, "token:a", "token:a"), joinBy(t, w, "token:b", "token:b+publish"), joinBy(t, w, "token:c", "")
	if publishes(a) || !publishes(b) || !publishes(c) {
		t.Error("rights to publish")
	}
	if a.Grant() != nil || !b.Grant().Publish || c.Grant() == nil {
		t.Error("grants", a.Grant(), b.Grant(), c.Grant())
	}
	w.Unsubscribe(b)
	again := joinBy(t, w, "token:b", "token:b")
	if publishes(again) || again.Grant() != nil {
		t.Error("a right outlived its subscription")
	}
	if who := w.Info(); who.User != "ann" || string(who.Info) != "1" || who.Client != w.Client() {
		t.Errorf("%+v", who)
	}
	env := &session.Env{Node: k, Limits: k.env.Limits, Clock: k.env.Clock}
	if _, _, err := sessiontest.NewIdentified(env, throng.Ref{}, throng.NewClientID(), nil).Check("open:a", "t"); err != throng.ErrNotAvailable {
		t.Errorf("without keys: %v", err)
	}
}

// TestExpire: what has lasted its time ends, nothing else, and Deadline is when.
func TestExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKnown()
		now := k.env.Clock.Now
		w := k.client(&throng.Identity{User: "ann", Expires: now() + 10_000})
		if w.Deadline() != now()+10_000 {
			t.Error(w.Deadline())
		}
		joinBy(t, w, "token:a", "token:a@3s")
		joinBy(t, w, "token:b", "token:b@2s")
		joinBy(t, w, "token:c", "token:c@2s")
		joinBy(t, w, "open:d", "")
		expect(t, w, "subscribed token:a", "subscribed token:b", "subscribed token:c", "subscribed open:d")
		if w.Deadline() != now()+2000 {
			t.Error(w.Deadline() - now())
		}
		w.Expire(now() + 1999)
		time.Sleep(2 * time.Second)
		w.Expire(now())
		if lines := w.Take(); len(lines) != 2 || w.Count() != 2 || w.Deadline() != now()+1000 {
			t.Errorf("%q, %d, %d", lines, w.Count(), w.Deadline()-now())
		}
		joinBy(t, w, "token:a", "token:a@1h") // a newer one takes its place
		w.Take()
		time.Sleep(2 * time.Second)
		w.Expire(now())
		if lines := w.Take(); len(lines) != 0 || w.Count() != 2 {
			t.Errorf("%q, %d", lines, w.Count())
		}
		time.Sleep(6 * time.Second)
		w.Expire(now())
		if lines := w.Take(); len(lines) != 1 || lines[0] != "disconnect 3005" {
			t.Errorf("%q", lines)
		}
		late := k.client(nil)
		late.Await(now() + 1000)
		late.Expire(now() + 999)
		expect(t, late)
		late.Expire(now() + 1000)
		if lines := late.Take(); len(lines) != 1 || lines[0] != "disconnect 3502" {
			t.Errorf("%q", lines)
		}
		nobody := k.client(nil)
		nobody.Expire(now())
		if nobody.Deadline() != 0 || len(nobody.Take()) != 0 {
			t.Error("nobody expires")
		}
	})
}

// TestSubscribeAll: a token's channels, within the limit, and each once.
func TestSubscribeAll(t *testing.T) {
	k := newKnown()
	id := &throng.Identity{User: "ann"}
	for _, c := range []string{"token:1", "nowhere:1", "secret:1", "open:1", "open:2", "open:3"} {
		id.Channels = append(id.Channels, throng.Grant{Channel: c})
	}
	w := k.client(id)
	w.SubscribeAll()
	w.SubscribeAll()
	if w.Count() != 4 || w.Find([]byte("secret:1")) == nil || w.Find([]byte("open:3")) != nil {
		t.Errorf("%d subscriptions", w.Count())
	}
	if err := w.SubscribeServer(&throng.Grant{Channel: "open:9"}); err != throng.ErrLimitExceeded {
		t.Error(err)
	}
	w.End()
}

// TestStateKeepsIdentity: capture and restore, through JSON.
func TestStateKeepsIdentity(t *testing.T) {
	k := newKnown()
	id := &throng.Identity{User: "ann", Info: []byte(`{"a":1}`), Meta: []byte("2"), TokenID: "t", Issued: 1, Expires: 1 << 50, Channels: []throng.Grant{{Channel: "token:c"}}}
	w := k.client(id)
	joinBy(t, w, "token:a", "token:a+publish@1h")
	joinBy(t, w, "token:c", "")
	late := k.client(nil)
	late.Await(77)
	for _, from := range []*sessiontest.Wire{w, late} {
		raw, err := json.Marshal(from.Capture())
		if err != nil {
			t.Fatal(err)
		}
		var st session.State
		if err := json.Unmarshal(raw, &st); err != nil {
			t.Fatal(err)
		}
		deadline := from.Deadline()
		from.End()
		to := k.client(nil)
		to.Restore(st)
		if to.Deadline() != deadline || !reflect.DeepEqual(to.Identity(), from.Identity()) || len(k.of("ann")) != len(to.User())/3 {
			t.Errorf("%d %+v", to.Deadline(), to.Identity())
		}
		if from == w && (to.Count() != 2 || !to.Find([]byte("token:a")).Grant().Publish) {
			t.Errorf("%d subscriptions", to.Count())
		}
		if from == late {
			if _, _, err := to.Check("open:1", ""); err != throng.ErrUnauthorized {
				t.Errorf("it forgot that it waits: %v", err)
			}
		}
		to.End()
	}
}

// TestCostlyTokens: a client has few of them checked, and later on as many again;
// others are not counted.
func TestCostlyTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKnown()
		w, other := k.client(&throng.Identity{User: "ann"}), k.client(nil)
		check := func(w *sessiontest.Wire, token string, want *throng.Error) {
			t.Helper()
			if _, _, err := w.Check("token:1", token); err != want {
				t.Errorf("%s: %v, want %v", token, err, want)
			}
		}
		for range 8 {
			check(w, "!", throng.ErrPermissionDenied)
			check(w, "token:1", nil)
		}
		check(w, "!", throng.ErrTooManyRequests)
		check(w, "token:1", nil)
		check(other, "!", throng.ErrPermissionDenied)
		time.Sleep(8 * time.Second)
		check(w, "!", throng.ErrTooManyRequests)
		time.Sleep(3 * time.Second)
		for range 8 {
			check(w, "!", throng.ErrPermissionDenied)
		}
		check(w, "!", throng.ErrTooManyRequests)
	})
}

// TestStateKeepsServerSide: what the server subscribed a client to needed no
// permission, and needs none after a move.
func TestStateKeepsServerSide(t *testing.T) {
	k := newKnown()
	w := k.client(&throng.Identity{User: "ann"})
	for _, channel := range []string{"secret:a", "token:b", "open:c"} {
		if err := w.SubscribeServer(&throng.Grant{Channel: channel, Expires: 1 << 50}); err != nil {
			t.Fatal(channel, err)
		}
	}
	if err := w.SubscribeServer(&throng.Grant{Channel: "secret:plain"}); err != nil {
		t.Fatal(err)
	}
	st := w.Capture()
	w.End()
	for range 2 { // moved twice
		to := k.client(nil)
		to.Restore(st)
		for _, channel := range []string{"secret:a", "secret:plain", "token:b", "open:c"} {
			if to.Find([]byte(channel)) == nil {
				t.Errorf("%s was lost: %q", channel, to.Take())
			}
		}
		st = to.Capture()
		to.End()
	}
}

// TestStateKeepsOwn: one's own channel, joined by a token that runs out, needs no
// permission after a move; somebody else's can't be had by a state that says so.
func TestStateKeepsOwn(t *testing.T) {
	k := newKnown()
	k.namespaces[throng.UserNamespace] = &throng.Namespace{Name: throng.UserNamespace}
	w := k.client(&throng.Identity{User: "ann"})
	ns, _, err := w.Check("@user:ann", "")
	if err != nil {
		t.Fatal(err)
	}
	w.Subscribe(ns, session.SubscribeRequest{Channel: "@user:ann", Grant: &throng.Grant{Channel: "@user:ann", Expires: 1 << 50}})
	st := w.Capture()
	w.End()
	bobs := st
	bobs.Identity = &throng.Identity{User: "bob"}
	for _, test := range []struct {
		state session.State
		kept  bool
	}{{st, true}, {bobs, false}} {
		to := k.client(nil)
		to.Restore(test.state)
		if kept := to.Find([]byte("@user:ann")) != nil; kept != test.kept {
			t.Errorf("%s: kept %t: %q", test.state.User(), kept, to.Take())
		}
		to.End()
	}
}

// TestServerLetsNobodyIn: who still has to say who it is can't be let in, nor
// subscribed, but by a token.
func TestServerLetsNobodyIn(t *testing.T) {
	k := newKnown()
	w := k.client(nil)
	w.Await(77)
	w.Prolong(0, []byte("1"))
	if _, _, err := w.Check("open:1", ""); err != throng.ErrUnauthorized || w.Deadline() != 77 {
		t.Errorf("%v, until %d", err, w.Deadline())
	}
	if err := w.SubscribeServer(&throng.Grant{Channel: "open:1"}); err != throng.ErrUnauthorized || w.Count() != 0 {
		t.Errorf("%v, %d subscriptions", err, w.Count())
	}
	w.End()
}

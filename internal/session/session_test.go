package session_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"throng"
	"throng/internal/session"
	"throng/internal/session/sessiontest"
)

func tokenOf(ref string) session.Token { return session.Token{Ref: ref} }

func TestPermissions(t *testing.T) {
	long := "open:" + strings.Repeat("x", 251)
	for _, c := range []struct {
		channel            string
		anonymous, known   *throng.Error // of subscribe
		publishAnon, publi *throng.Error
	}{
		{"open:x", nil, nil, nil, nil},
		{"user:x", throng.ErrPermissionDenied, nil, nil, nil},
		{"news:x", nil, nil, throng.ErrPermissionDenied, throng.ErrPermissionDenied},
		{"secret:x", throng.ErrPermissionDenied, throng.ErrPermissionDenied, nil, nil},
		{"nowhere:x", throng.ErrUnknownChannel, throng.ErrUnknownChannel, nil, nil},
		{"plain", throng.ErrUnknownChannel, throng.ErrUnknownChannel, nil, nil},
		{"@user:x", throng.ErrPermissionDenied, throng.ErrPermissionDenied, nil, nil},
		{"", throng.ErrBadRequest, throng.ErrBadRequest, nil, nil},
		{long, throng.ErrBadRequest, throng.ErrBadRequest, nil, nil},
		{long[:255], nil, nil, nil, nil},
		{"open:\n", throng.ErrBadRequest, throng.ErrBadRequest, nil, nil},
		{"open:\xff", throng.ErrBadRequest, throng.ErrBadRequest, nil, nil},
	} {
		for user, want := range map[string][2]*throng.Error{"": {c.anonymous, c.publishAnon}, "u": {c.known, c.publi}} {
			n := newNode()
			w := n.client(user)
			if _, _, err := w.Check(c.channel, ""); err != want[0] {
				t.Errorf("%.20q as %q: %v, want %v", c.channel, user, err, want[0])
			}
			if want[0] != nil {
				continue
			}
			sub := join(w, c.channel, false)
			w.Take()
			w.Publish(sub, "", []byte("1"), false, tokenOf("r"))
			if want[1] == nil && len(n.requests) != 1 {
				t.Errorf("%.20q as %q: not published", c.channel, user)
			}
			if want[1] != nil {
				expect(t, w, "refused r permission denied")
			}
		}
	}
}

func TestLimits(t *testing.T) {
	n := newNode()
	w := n.client("")
	for i := range 5 {
		join(w, fmt.Sprint("open:", i), false)
	}
	join(w, "open:1", false) // replaces one
	w.Unsubscribe(w.Find([]byte("open:2")))
	join(w, "open:4", false)
	expect(t, w, "subscribed open:0", "subscribed open:1", "subscribed open:2", "subscribed open:3",
		"refused open:4 limit exceeded", "subscribed open:1", "replaced open:1", "subscribed open:4")
	sub := w.Find([]byte("open:1"))
	for range 1 << 16 {
		w.Publish(sub, "", nil, false, tokenOf("r"))
	}
	expect(t, w, "refused r too many requests")
	if sub.Inflight() != 1<<16-1 {
		t.Errorf("%d in flight", sub.Inflight())
	}
}

func TestPublishCopies(t *testing.T) {
	n := newNode()
	w := n.client("u")
	data := []byte("abc")
	w.Publish(join(w, "hist:a", true), "ev", data, true, tokenOf("r"))
	data[0] = 'x'
	r := n.requests[0]
	p := r.Publication
	if string(p.Data) != "abc" || p.Event != "ev" || !p.Binary || p.Publisher.User != "u" ||
		p.Publisher.Client != w.Client() || r.Channel != "hist:a" || !r.Retention.Enabled() {
		t.Errorf("%+v %+v", r, p)
	}
}

func TestEnd(t *testing.T) {
	n := newNode()
	w := n.client("")
	sub := join(w, "open:a", false)
	join(w, "hist:b", true)
	n.late = true
	late := join(w, "hist:c", true)
	w.Publish(sub, "", nil, false, tokenOf("r"))
	w.Take()
	w.End()
	w.End()
	if len(n.here) != 0 || w.Count() != 0 || !w.Ended() {
		t.Errorf("%d subscriptions left", len(n.here))
	}
	if !w.Handle(&n.published[0]) || !w.Handle(&session.Subscribed{Class: late.Class()}) || w.Handle("else") {
		t.Error("not handled")
	}
	sub.Lost()
	w.Session.Subscribe(n.Namespace("open:a"), session.SubscribeRequest{Channel: "open:a"})
	expect(t, w)
	if len(n.here) != 0 {
		t.Error("an ended session subscribed")
	}
}

func TestEachWhileEnding(t *testing.T) {
	n := newNode()
	w := n.client("")
	for i := range 4 {
		join(w, fmt.Sprint("open:", i), false)
	}
	var seen []string
	w.Each(func(sub *session.Subscription) {
		seen = append(seen, sub.Channel())
		if len(seen) == 1 {
			w.Unsubscribe(sub)
			w.Unsubscribe(w.Find([]byte("open:2")))
			w.Unsubscribe(w.Find([]byte("open:1")))
		}
	})
	if !reflect.DeepEqual(seen, []string{"open:3", "open:0"}) {
		t.Errorf("%q", seen)
	}
}

func TestReleaseLost(t *testing.T) {
	n := newNode()
	n.offset = 666
	w := n.client("")
	join(w, "hist:a", true)
	expect(t, w, "subscribed hist:a at 666 recovered=false", "resync hist:a")
	if len(n.here) != 0 {
		t.Error("still subscribed")
	}
}

func TestEndedByTheAnswer(t *testing.T) {
	n := newNode()
	w := n.client("")
	w.Hook = func(string) { w.End() }
	join(w, "hist:a", true)
	if len(n.released) != 0 || len(n.here) != 0 {
		t.Error("an ended session was released")
	}
}

func TestExcludedIsNotRecovered(t *testing.T) {
	n := newNode()
	w := n.client("")
	n.offset = 2
	n.result.Publications = []*throng.Publication{
		{Offset: 1, Data: []byte("a"), Exclude: w.Client()}, {Offset: 2, Data: []byte("b"), Exclude: throng.NewClientID()},
	}
	join(w, "hist:a", true)
	expect(t, w, "subscribed hist:a at 2 recovered=false 2:b")
}

// The answer to a publish that was made before the join was answered waits for
// that answer, behind which its push is.
func TestPublishedWaitsForSubscribed(t *testing.T) {
	for _, how := range []string{"answered", "failed", "left"} {
		n := newNode()
		n.late = true
		w := n.client("")
		sub := join(w, "hist:a", true)
		w.Publish(sub, "", nil, false, tokenOf("r"))
		w.Handle(&n.published[0])
		expect(t, w)
		switch how {
		case "answered":
			n.caughtUp = func(s *session.Subscription) { push(s, 1) }
			w.Handle(&session.Subscribed{Class: sub.Class(), Result: n.answer(sub, n.asked[0])})
			expect(t, w, "subscribed hist:a at 0 recovered=false", "hist:a 1", "published r at 0")
		case "failed":
			w.Handle(&session.Subscribed{Class: sub.Class(), Err: throng.ErrInternal})
			expect(t, w, "failed hist:a internal error", "published r at 0")
		case "left":
			w.Unsubscribe(sub)
			expect(t, w, "published r at 0")
		}
		if sub.Inflight() != 0 && how == "answered" {
			t.Errorf("%s: %d in flight", how, sub.Inflight())
		}
	}
}

func TestReplaced(t *testing.T) {
	n := newNode()
	w := n.client("")
	old := join(w, "open:a", false)
	w.Publish(old, "", nil, false, tokenOf("r"))
	n.late = true
	n.caughtUp = func(s *session.Subscription) { push(s, int(s.Class())) }
	sub := join(w, "open:a", false)
	if old.Index() >= 0 || sub.Index() < 0 {
		t.Error("both get pushes")
	}
	w.Handle(&n.published[0]) // its push comes through the new one
	w.Handle(&session.Subscribed{Class: sub.Class()})
	expect(t, w, "subscribed open:a", "open:a 1", "subscribed open:a", "replaced open:a", "open:a 2", "published r at 0")
}

func TestReplacedEndsInCatchUp(t *testing.T) {
	n := newNode()
	w := n.client("")
	join(w, "open:a", false)
	n.caughtUp = func(*session.Subscription) { w.Disconnect(throng.DisconnectSlow) }
	join(w, "open:a", false)
	expect(t, w, "subscribed open:a", "disconnect 3008")
	if len(n.here) != 0 {
		t.Error("an ended session subscribed")
	}
}

// capture takes a session through JSON.
func capture(t *testing.T, w *sessiontest.Wire) (st session.State) {
	t.Helper()
	b, err := json.Marshal(w.Capture())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &st); err != nil {
		t.Fatal(err)
	}
	return st
}

func TestState(t *testing.T) {
	n := newNode()
	n.offset = 7
	w := n.client("u")
	join(w, "open:a", false)
	join(w, "hist:b", true)
	n.late = true
	w.Join(session.SubscribeRequest{
		Channel: "hist:c", Tag: "tag", Token: tokenOf("ref"), WireFlags: 3, Positioned: true,
		Since: &throng.Position{Offset: 4, Epoch: "x"}, Encoding: 2,
	})
	st := capture(t, w)

	// Into a session whose answers come late, and out of it again before.
	w2 := n.client("")
	w2.Restore(st)
	again := capture(t, w2)
	if !reflect.DeepEqual(st, again) {
		t.Errorf("captured again:\n%+v\nbefore:\n%+v", again, st)
	}
	if w2.User() != "u" || w2.Client() != w.Client() {
		t.Error("another client")
	}
	expect(t, w2)
	for class, r := range []session.SubscribeResult{
		{}, {Positioned: true, Recovered: true, Position: throng.Position{Offset: 9, Epoch: "e"}},
		{Positioned: true, Position: throng.Position{Offset: 9, Epoch: "e"}},
	} {
		w2.Handle(&session.Subscribed{Class: uint32(class + 1), Result: r})
	}
	expect(t, w2, "resumed open:a", "resumed hist:b", "subscribed hist:c at 9 recovered=false")
	if sub := join(w2, "open:d", false); sub.Class() != 4 {
		t.Errorf("class %d is used twice", sub.Class())
	}
}

func TestRestoreRefused(t *testing.T) {
	n := newNode()
	w := n.client("")
	join(w, "open:a", false)
	join(w, "hist:b", true)
	join(w, "hist:c", true)
	n.late = true
	join(w, "news:d", false)
	st := capture(t, w)
	n.late = false
	delete(n.namespaces, "open")
	delete(n.namespaces, "news")
	n.namespaces["hist"].Retention = throng.Retention{} // what was positioned is not any more
	w2 := n.client("")
	w2.Restore(st)
	expect(t, w2, "resync open:a", "resync hist:b", "resync hist:c", "failed news:d unknown channel")
	if w2.Count() != 0 {
		t.Errorf("%d subscriptions", w2.Count())
	}
}

func TestRestoreEnds(t *testing.T) {
	n := newNode()
	w := n.client("")
	join(w, "open:a", false)
	join(w, "open:b", false)
	st := capture(t, w)
	n = newNode()
	w2 := n.client("")
	w2.Hook = func(string) { w2.End() }
	w2.Restore(st)
	if len(n.here) != 0 || w2.Count() != 0 {
		t.Error("an ended session subscribed")
	}
}

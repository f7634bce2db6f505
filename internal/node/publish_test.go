package node_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"throng"
	"throng/internal/session"
)

// The answer follows the client's own push, though its slice has not come.
func TestPublished(t *testing.T) {
	n := newWorld(t).add(1, 1)
	var others []string
	for range 50 {
		join(n.client(0), "hist:x", nil)
	}
	a := n.client(0)
	join(a, "hist:x", nil)
	n.publish("hist:x", "before")
	say(a, "hist:x", "mine")
	n.publish("hist:x", "after")
	n.receive()
	expect(t, a, "subscribed hist:x at 0 recovered=false", "hist:x 1:before", "hist:x 2:mine", "published mine at 2")
	n.settle()
	expect(t, a, "hist:x 3:after")
	for _, c := range n.clients {
		if c != a {
			others = c.Take()
			if len(others) != 4 {
				t.Fatalf("%q", others)
			}
		}
	}
	n.empty()
}

func TestPublishedAfterLeave(t *testing.T) {
	n := newWorld(t).add(1, 1)
	a := n.client(0)
	sub := join(a, "open:x", nil)
	say(a, "open:x", "1")
	a.Unsubscribe(sub)
	n.settle()
	expect(t, a, "subscribed open:x", "published 1 at 0")
	sub = join(a, "open:x", nil)
	say(a, "open:x", "2")
	a.Unsubscribe(sub)
	join(a, "open:x", nil) // the push comes through this one
	n.settle()
	expect(t, a, "subscribed open:x", "subscribed open:x", "open:x 0:2", "published 2 at 0")
	say(a, "open:x", "3")
	a.End()
	n.settle()
	expect(t, a)
	n.empty()
}

func TestPublishBusy(t *testing.T) {
	n := newWorld(t).add(1, 1)
	a := n.client(0)
	sub := join(a, "open:x", nil)
	big := make([]byte, 600<<10)
	for i := range 3 {
		a.Publish(sub, "", big, false, session.Token{Ref: fmt.Sprint(i)})
	}
	n.Broadcast(context.Background(), "open:x", &throng.Publication{}, "", func(_ throng.PublishResult, err error) {
		if err != throng.ErrTooManyRequests {
			t.Errorf("broadcast: %v", err)
		}
	})
	n.settle()
	got := a.Take()
	if len(got) != 6 || got[5] != "refused 2 too many requests" {
		t.Errorf("%d lines, the last %.50q", len(got), got[len(got)-1])
	}
	say(a, "open:x", "3")
	n.settle()
	expect(t, a, "open:x 0:3", "published 3 at 0")
	n.empty()
}

func TestPublishFails(t *testing.T) {
	n := newWorld(t).add(1, 1)
	a := n.client(0)
	sub := join(a, "open:x", nil)
	_ = n.memory.Close(t.Context())
	say(a, "open:x", "1")
	n.settle()
	expect(t, a, "subscribed open:x", "refused 1 internal error")
	if sub.Inflight() != 0 {
		t.Errorf("%d in flight", sub.Inflight())
	}
}

func TestBroadcast(t *testing.T) {
	n := newWorld(t).add(1, 1)
	var last string
	done := func(r throng.PublishResult, err error) {
		last = fmt.Sprint(r.Position.Offset, " ", r.Duplicate, " ", err)
	}
	for _, c := range []struct{ channel, key, want string }{
		{"hist:x", "k", "1 false <nil>"},
		{"hist:x", "k", "1 true <nil>"},
		{"hist:x", "", "2 false <nil>"},
		{"nowhere:x", "", "0 false unknown channel"},
	} {
		n.Broadcast(context.Background(), c.channel, &throng.Publication{Data: []byte("1")}, c.key, done)
		if last != c.want {
			t.Errorf("%s %q: %s, want %s", c.channel, c.key, last, c.want)
		}
	}
	n.Broadcast(context.Background(), "nowhere:x", &throng.Publication{}, "", nil)
	n.Broadcast(context.Background(), "hist:x", &throng.Publication{}, "", nil)
	if err := n.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// What a namespace says of its publications holds for those that say nothing
// themselves; when it was born is known of all.
func TestTimingOfANamespace(t *testing.T) {
	w := newWorld(t)
	w.spaces["offer"] = &throng.Namespace{Subscribe: throng.Anybody, PublicationTTL: time.Minute, Urgent: true}
	n := w.add(1, 1)
	now := w.clock.Now()
	for _, test := range []struct {
		channel       string
		urgent        bool
		expires, want int64
		hasty         bool
	}{
		{"offer:x", false, 0, now + 60_000, true}, {"offer:x", false, now + 5, now + 5, true},
		{"open:x", false, 0, 0, false}, {"open:x", true, now + 5, now + 5, true},
	} {
		p := &throng.Publication{Data: []byte("1"), Urgent: test.urgent, ExpiresAt: test.expires}
		n.Broadcast(context.Background(), test.channel, p, "", nil)
		if p.ExpiresAt < test.want || p.ExpiresAt > test.want+1000 || p.Urgent != test.hasty || p.Born < now*1000 {
			t.Errorf("%s: expires at %d, urgent %t, born %d", test.channel, p.ExpiresAt, p.Urgent, p.Born)
		}
	}
}

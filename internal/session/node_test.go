package session_test

import (
	"fmt"
	"strings"
	"testing"

	"throng"
	"throng/internal/session"
	"throng/internal/session/sessiontest"
)

// node is a session.Node that a test plays.
type node struct {
	namespaces map[string]*throng.Namespace
	late       bool // answers are given by the test
	result     session.SubscribeResult
	offset     uint64
	here       map[*session.Subscription]bool
	released   []string
	caughtUp   func(*session.Subscription)
	published  []session.Published
	requests   []throng.PublishRequest
	asked      []session.SubscribeRequest
}

func newNode() *node {
	keep := throng.Retention{Size: 10, TTL: 1e9}
	n := &node{here: map[*session.Subscription]bool{}, namespaces: map[string]*throng.Namespace{}}
	for _, ns := range []throng.Namespace{
		{Name: "open", Subscribe: throng.Anybody, Publish: throng.Anybody},
		{Name: "hist", Subscribe: throng.Anybody, Publish: throng.Anybody, Retention: keep},
		{Name: "new", Subscribe: throng.Anybody, Publish: throng.Anybody, Slow: throng.SlowNewest},
		{Name: "newhist", Subscribe: throng.Anybody, Publish: throng.Anybody, Slow: throng.SlowNewest, Retention: keep},
		{Name: "user", Subscribe: throng.Authenticated, Publish: throng.Authenticated},
		{Name: "news", Subscribe: throng.Anybody, Publish: throng.Nobody},
		{Name: "secret", Subscribe: throng.Nobody, Publish: throng.Anybody},
	} {
		n.namespaces[ns.Name] = &ns
	}
	return n
}

func (n *node) Namespace(channel string) *throng.Namespace {
	return n.namespaces[throng.NamespaceOf(channel)]
}

func (n *node) Subscribe(sub *session.Subscription, req session.SubscribeRequest) {
	if n.here[sub] {
		panic("subscribed twice")
	}
	n.here[sub] = true
	sub.Moved(len(n.here))
	n.asked = append(n.asked, req)
	if !n.late {
		sub.Session().Subscribed(sub, &session.Subscribed{Class: sub.Class(), Token: req.Token, Result: n.answer(sub, req)})
	}
}

func (n *node) answer(sub *session.Subscription, req session.SubscribeRequest) session.SubscribeResult {
	r := n.result
	r.Positioned = req.Positioned && sub.Namespace().Retention.Enabled()
	r.Position = throng.Position{Offset: n.offset, Epoch: "e"}
	return r
}

func (n *node) Release(sub *session.Subscription, at throng.Position) bool {
	n.released = append(n.released, fmt.Sprint(sub.Channel(), " ", at.Offset))
	return at.Offset != 666
}

func (n *node) Unsubscribe(sub *session.Subscription) {
	if !n.here[sub] {
		panic("not subscribed")
	}
	delete(n.here, sub)
	sub.Moved(-1)
}

func (n *node) Publish(_ *session.Session, req throng.PublishRequest, re session.Published) {
	n.requests = append(n.requests, req)
	n.published = append(n.published, re)
}

func (n *node) CatchUp(sub *session.Subscription) {
	if !n.here[sub] {
		panic("not subscribed")
	}
	if n.caughtUp != nil {
		n.caughtUp(sub)
	}
}

func (n *node) Offset(sub *session.Subscription) uint64 {
	if !n.here[sub] {
		panic("not subscribed")
	}
	return n.offset
}

// client makes a session with room for 100 bytes.
func (n *node) client(user string) *sessiontest.Wire {
	return sessiontest.New(&session.Env{Node: n, Limits: session.Limits{Channels: 4, QueueBytes: 100}}, throng.Ref{},
		throng.ClientInfo{User: user, Client: throng.NewClientID()})
}

// join subscribes and returns the subscription, nil when it was refused.
func join(w *sessiontest.Wire, channel string, positioned bool) *session.Subscription {
	w.Join(session.SubscribeRequest{Channel: channel, Positioned: positioned})
	return w.Find([]byte(channel))
}

// push hands over a frame of 20 bytes.
func push(sub *session.Subscription, offset int) {
	text := fmt.Sprintf("%s %d", sub.Channel(), offset)
	sub.Push([]byte(text+strings.Repeat(".", 20-len(text))), &throng.Publication{Offset: uint64(offset)})
}

func expect(t *testing.T, w *sessiontest.Wire, want ...string) {
	t.Helper()
	got := w.Take()
	for i := range got {
		got[i] = strings.TrimRight(got[i], ".")
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

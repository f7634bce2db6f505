package events_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway/events"
	"throng/internal/session"
	"throng/internal/session/sessiontest"
)

// conn is a carrier whose client reads nothing.
type conn struct{ *sessiontest.Transport }

func (conn) Begin()                    {}
func (conn) Answer(int, []byte, int64) {}
func (conn) Close(error)               {}
func (conn) SetDeadline(int64)         {}
func (conn) Name([16]byte) string      { return "" }
func (conn) Now() int64                { return 0 }
func (conn) LastAck() int64            { return 0 }
func (conn) TakesNow() bool            { return false }

// window is a node that has the same history for every channel.
type window struct{ missed []*throng.Publication }

func (w window) Namespace(string) *throng.Namespace {
	return &throng.Namespace{Subscribe: throng.Anybody, Retention: throng.Retention{Size: 100, TTL: time.Hour}}
}

func (w window) Subscribe(sub *session.Subscription, req session.SubscribeRequest) {
	sub.Moved(0)
	r := session.SubscribeResult{Positioned: true, Recovered: true, Position: throng.Position{Offset: uint64(len(w.missed)), Epoch: "e"}}
	r.Publications = append(r.Publications, w.missed...)
	sub.Session().Subscribed(sub, &session.Subscribed{Class: sub.Class(), Token: req.Token, Result: r})
}

func (window) Release(*session.Subscription, throng.Position) bool                { return true }
func (window) Unsubscribe(*session.Subscription)                                  {}
func (window) Publish(*session.Session, throng.PublishRequest, session.Published) {}
func (window) CatchUp(*session.Subscription)                                      {}
func (w window) Offset(*session.Subscription) uint64                              { return uint64(len(w.missed)) }

// TestShedIDs: an id says that all that was sent before it was seen. When a slow
// client's queue is shed, no id may stay of an event behind what was dropped: the
// client would come back with it, and miss that without a word.
func TestShedIDs(t *testing.T) {
	var node window
	for i := range 5 {
		node.missed = append(node.missed, &throng.Publication{Offset: uint64(i + 1), Epoch: "e", Data: []byte(`"missed"`)})
	}
	g := events.New(events.Options{
		Node: node, Clock: throng.NewClock(), Loops: 1, Limits: session.Limits{Channels: 10, QueueBytes: 16 << 10},
	})
	at := throng.Position{Epoch: "e"}
	q := url.Values{"channel": {"hist:a", "hist:b"}}
	c := conn{&sessiontest.Transport{Stalled: true}}
	s := g.Stream(c, events.ParseEvents(q, events.ID(events.Place{Channel: "hist:a", At: at}, events.Place{Channel: "hist:b", At: at})), events.Client{})
	ids := func() (n int) {
		for _, f := range c.Waiting {
			n += strings.Count(f.Text, "id: ")
		}
		return n
	}
	if n := ids(); n != 12 { // both begin, and get five each
		t.Fatalf("%d ids in %+v", n, c.Waiting)
	}
	sub := s.Find([]byte("hist:b"))
	p := &throng.Publication{Offset: 6, Epoch: "e", Data: []byte(`"` + strings.Repeat("x", 4000) + `"`)}
	frame := events.Encoders()[0].Encode(nil, "hist:b", p)
	for range 10 {
		if s.Ended() {
			break
		}
		sub.Push(frame, p)
	}
	if n := ids(); !s.Ended() || n != 0 {
		t.Errorf("ended %t, %d ids are left in %+v", s.Ended(), n, c.Waiting)
	}
}

// TestToldIsBounded: who asks to be told who is there, and does not read it, is ended
// before very much waits.
func TestToldIsBounded(t *testing.T) {
	const queue = 16 << 10
	g := events.New(events.Options{
		Node: window{}, Clock: throng.NewClock(), Loops: 1, Limits: session.Limits{Channels: 10, QueueBytes: queue},
	})
	list := []byte(`{"ann":{"metas":["` + strings.Repeat("x", 1000) + `"]}}`)
	for _, stalled := range []bool{false, true} {
		c := conn{&sessiontest.Transport{Stalled: stalled}}
		s := g.Stream(c, events.ParseEvents(url.Values{"channel": {"a"}, "presence": {"1"}}, ""), events.Client{})
		sub := s.Find([]byte("a"))
		for range 100 {
			sub.Tell(throng.PresenceState, list)
		}
		if n := c.Queued(); s.Ended() != stalled || n > 2*queue+2000 {
			t.Errorf("stalled %t: ended %t, %d bytes wait", stalled, s.Ended(), n)
		}
		s.End()
	}
}

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

// asker is the conn of a poll: how it was answered, and whether its client reads.
type asker struct {
	conn
	reads  bool
	status int
	body   string
}

func (a *asker) TakesNow() bool                 { return a.reads }
func (a *asker) Answer(status int, body []byte) { a.status, a.body = status, string(body) }

// An answer with a deadline is not for a client that does not read: it asks again from
// where it stood. Without one it may wait.
func TestPollThatDoesNotRead(t *testing.T) {
	clock := throng.NewClock()
	lasting := &throng.Publication{Offset: 1, Epoch: "e", Data: []byte("1")}
	expiring := &throng.Publication{Offset: 2, Epoch: "e", Data: []byte("2"), ExpiresAt: clock.Now() + time.Hour.Milliseconds()}
	over := &throng.Publication{Offset: 3, Epoch: "e", Data: []byte("3"), ExpiresAt: clock.Now()}
	for _, test := range []struct {
		missed []*throng.Publication
		reads  bool
		status int
		body   string
	}{
		{[]*throng.Publication{lasting, expiring}, true, 200, `"data":2`},
		{[]*throng.Publication{lasting, expiring}, false, 429, `"code":111`},
		{[]*throng.Publication{lasting, over}, false, 200, `"data":1`},
	} {
		g := events.New(events.Options{
			Node: window{test.missed}, Clock: clock, Loops: 1, Limits: session.Limits{Channels: 10, QueueBytes: 16 << 10},
		})
		a := &asker{conn: conn{&sessiontest.Transport{}}, reads: test.reads}
		r, hint := events.ParsePoll(url.Values{"channel": {"hist:a"}, "offset": {"0"}, "epoch": {"e"}})
		if hint != "" {
			t.Fatal(hint)
		}
		g.Poll(a, r, events.Client{})
		if a.status != test.status || !strings.Contains(a.body, test.body) || strings.Contains(a.body, `"data":3`) {
			t.Errorf("%d %s, want %d with %s", a.status, a.body, test.status, test.body)
		}
	}
}

// What is urgent does not go ahead in a stream: its id says what was sent before.
func TestStreamKeepsItsOrder(t *testing.T) {
	g := events.New(events.Options{
		Node: window{}, Clock: throng.NewClock(), Loops: 1, Limits: session.Limits{Channels: 10, QueueBytes: 16 << 10},
	})
	c := conn{&sessiontest.Transport{Stalled: true}}
	s := g.Stream(c, events.ParseEvents(url.Values{"channel": {"hist:a", "hist:b"}}, ""), events.Client{})
	p := &throng.Publication{Offset: 1, Epoch: "e", Data: []byte("1"), Urgent: true, ExpiresAt: 1 << 50}
	s.Find([]byte("hist:b")).Push(events.Encoders()[0].Encode(nil, "hist:b", p), p)
	if f := c.Waiting[len(c.Waiting)-1]; f.Urgent || f.Expires != 1<<50 || !strings.Contains(f.Text, `"data":1`) {
		t.Errorf("%+v", f)
	}
}

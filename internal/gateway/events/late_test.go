package events_test

import (
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
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
	delay  time.Duration // of who asks whether it reads
	status int
	body   string
	until  int64
}

func (a *asker) TakesNow() bool {
	time.Sleep(a.delay)
	return a.reads
}

func (a *asker) Answer(status int, body []byte, until int64) {
	a.status, a.body, a.until = status, string(body), until
}

// asks polls a channel that has a history.
func asks(t *testing.T, clock *throng.Clock, a *asker, missed []*throng.Publication, at url.Values) {
	t.Helper()
	g := events.New(events.Options{
		Node: window{missed}, Clock: clock, Loops: 1, Limits: session.Limits{Channels: 10, QueueBytes: 1 << 20},
	})
	at.Set("channel", "hist:a")
	r, hint := events.ParsePoll(at)
	if hint != "" {
		t.Fatal(hint)
	}
	a.conn = conn{&sessiontest.Transport{}}
	g.Poll(a, r, events.Client{})
}

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
		a := &asker{reads: test.reads}
		asks(t, clock, a, test.missed, url.Values{"offset": {"0"}, "epoch": {"e"}})
		if a.status != test.status || !strings.Contains(a.body, test.body) || strings.Contains(a.body, `"data":3`) {
			t.Errorf("%d %s, want %d with %s", a.status, a.body, test.status, test.body)
		}
	}
}

// An answer with a deadline is so short that it is begun as a whole; the client asks for
// the rest. Without one it is as long as may wait.
func TestPollWithDeadlinesIsShort(t *testing.T) {
	const each, all = 1000, 40
	clock := throng.NewClock()
	due := clock.Now() + time.Hour.Milliseconds()
	history := func(deadline func(offset int) int64) (list []*throng.Publication) {
		for i := range all {
			p := &throng.Publication{Offset: uint64(i + 1), Epoch: "e", Data: []byte(`"` + strings.Repeat("x", each) + `"`)}
			p.ExpiresAt = deadline(i + 1)
			list = append(list, p)
		}
		return list
	}
	for _, test := range []struct {
		name     string
		deadline func(offset int) int64
		query    url.Values
		count    int // of publications in the answer
		offset   string
		until    int64
	}{
		{"none", func(int) int64 { return 0 }, url.Values{"offset": {"0"}, "epoch": {"e"}}, all, `"offset":40,"epoch"`, 0},
		{"all", func(int) int64 { return due }, url.Values{"offset": {"0"}, "epoch": {"e"}}, 15, `"offset":15,"epoch"`, due},
		{"the last", func(i int) int64 { return due * int64(i/all) }, url.Values{"offset": {"0"}, "epoch": {"e"}}, 39, `"offset":39,"epoch"`, 0},
		{"the first", func(i int) int64 { return due * int64((all-i)/(all-1)) }, url.Values{"offset": {"0"}, "epoch": {"e"}}, 15, `"offset":15,"epoch"`, due},
		{"the newest", func(int) int64 { return due }, url.Values{}, 15, `"offset":40,"epoch"`, due},
	} {
		a := &asker{reads: true}
		asks(t, clock, a, history(test.deadline), test.query)
		count := strings.Count(a.body, `"data":`)
		if a.status != 200 || count != test.count || !strings.Contains(a.body, test.offset) || a.until != test.until {
			t.Errorf("%s: %d publications, until %d; %d %.120s", test.name, count, a.until, a.status, a.body)
		}
	}
}

// What runs out while an answer is made is not in it.
func TestPollRunsOutOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := throng.NewClock()
		soon, later := clock.Now()+100, clock.Now()+10_000
		a := &asker{reads: true, delay: 150 * time.Millisecond}
		asks(t, clock, a, []*throng.Publication{
			{Offset: 1, Epoch: "e", Data: []byte("1"), ExpiresAt: soon},
			{Offset: 2, Epoch: "e", Data: []byte("2"), ExpiresAt: later},
		}, url.Values{"offset": {"0"}, "epoch": {"e"}})
		if strings.Contains(a.body, `"data":1`) || !strings.Contains(a.body, `"data":2`) || a.until != later {
			t.Errorf("%s, until %d", a.body, a.until)
		}
	})
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

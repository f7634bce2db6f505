package events_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"throng"
	"throng/internal/gateway/events"
	"throng/internal/session"
	"throng/internal/session/sessiontest"
)

// shows is a node where watching is recorded.
type shows struct{ window }

func (shows) Namespace(string) *throng.Namespace {
	return &throng.Namespace{Subscribe: throng.Anybody, Watch: throng.WatchExclusive}
}

// told is the client of a stream that reads, and who keeps the books.
type told struct {
	conn
	names   int
	books   []string
	secrets [][16]byte
}

func (c *told) Name(secret [16]byte) string {
	c.names++
	c.secrets = append(c.secrets, secret)
	return fmt.Sprintf("name %d", c.names)
}

func (c *told) Watches(sub *session.Subscription, on bool) {
	c.books = append(c.books, fmt.Sprint(sub.Channel(), " ", on))
}
func (*told) Came(*session.Session)        {}
func (*told) Went(*session.Session)        {}
func (*told) Joined(*session.Subscription) {}
func (*told) Parted(*session.Subscription) {}
func (*told) Missed(*session.Subscription) {}

// count counts the events that say what the stream is called.
func (c *told) count(name string) (n int) {
	for _, f := range slices.Concat(c.Taken, c.Waiting) {
		n += strings.Count(f.Text, "event: stream\ndata: {\"id\":\""+name+"\"}\n\n")
	}
	return n
}

// TestNames: a stream is named once, before its channels, and anew when it has moved to
// another process, where it goes on watching; the name of before is nobody's then.
func TestNames(t *testing.T) {
	c := &told{conn: conn{&sessiontest.Transport{}}}
	g := events.New(events.Options{
		Node: shows{}, Clock: throng.NewClock(), Loops: 1, Limits: session.Limits{Channels: 10, QueueBytes: 16 << 10},
		Watcher: c, Attendance: []session.Attendance{c},
	})
	ann := events.Client{Identity: &throng.Identity{User: "ann"}}
	s := g.Stream(c, events.ParseEvents(url.Values{"channel": {"a", "b"}}, ""), ann)
	if c.count("name 1") != 1 || c.names != 1 || strings.Index(c.Waiting[1].Text, "event: stream") != 0 {
		t.Fatalf("%d names in %+v", c.names, c.Waiting)
	}
	first := c.secrets[0]
	off := false
	for _, r := range []*events.Report{{Channel: "a"}, {Channel: "a"}, {Channel: "b", Playing: &off}} {
		if _, err := s.Report(r, 100); err != nil {
			t.Error(err)
		}
	}
	if want := []string{"a true"}; !slices.Equal(c.books, want) {
		t.Errorf("%q", c.books)
	}
	state, err := s.Capture()
	if err != nil {
		t.Fatal(err)
	}
	open, err := g.Restore(state)
	if err != nil {
		t.Fatal(err)
	}
	there := open(c)
	if c.count("name 2") != 1 || c.names != 2 || there.Knows(first) || !there.Knows(c.secrets[1]) || s.Knows(c.secrets[1]) {
		t.Errorf("%d names in %+v", c.names, c.Waiting)
	}
	if want := []string{"a true", "a true"}; !slices.Equal(c.books, want) {
		t.Errorf("%q", c.books)
	}
	there.Closed(nil)
	if there.Knows(c.secrets[1]) {
		t.Error("a stream that is over is known by its name")
	}
}

// FuzzReport: what is no report is refused with a hint.
func FuzzReport(f *testing.F) {
	f.Add([]byte(`{"stream":"s","channel":"c","visible":false,"playing":true,"more":[]}`))
	f.Add([]byte(` {"stream":"s"}`))
	f.Add([]byte("null"))
	f.Add([]byte(`[{"stream":"s","channel":"c"}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, hint := events.ParseReport(b); hint == "" && (!json.Valid(b) || r.Stream == "" || r.Channel == "") {
			t.Errorf("%q: %+v", b, r)
		}
	})
}

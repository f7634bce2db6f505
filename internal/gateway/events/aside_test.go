package events_test

import (
	"net/url"
	"strings"
	"testing"

	"throng"
	"throng/internal/gateway/events"
	"throng/internal/session"
	"throng/internal/session/sessiontest"
)

// place is a node that knows where channels are to be counted.
type place struct{ window }

func (p place) Subscribe(sub *session.Subscription, req session.SubscribeRequest) {
	sub.Moved(0)
	r := session.SubscribeResult{Positioned: req.Positioned, Recovered: req.Since != nil}
	if r.Positioned {
		r.Position = throng.Position{Epoch: "e"}
	}
	sub.Session().Subscribed(sub, &session.Subscribed{Class: sub.Class(), Token: req.Token, Result: r})
}

func gateway() *events.Gateway {
	return events.New(events.Options{
		Node: place{}, Clock: throng.NewClock(), Loops: 1, Own: true, Limits: session.Limits{Channels: 10, QueueBytes: 16 << 10},
	})
}

// stream is one of ann's.
func stream(c events.Conn, channels []string) *events.Stream {
	return gateway().Stream(c, events.ParseEvents(url.Values{"channel": channels}, ""), events.Client{Identity: &throng.Identity{User: "ann"}})
}

// frame is an event of a channel, with a kilobyte.
func frame(channel string) ([]byte, *throng.Publication) {
	p := &throng.Publication{Offset: 1, Epoch: "e", Data: []byte(`"` + strings.Repeat("x", 1000) + `"`)}
	return events.Encoders()[0].Encode(nil, channel, p), p
}

// sink is a carrier whose client reads all.
type sink struct {
	conn
	last []byte
}

func (k *sink) SendDroppable(b []byte, _ throng.Timing, _ uint32) { k.last = b }

// TestAsideShares: what a known user's stream is sent is in everybody's memory, and
// allocates nothing, also when it was moved. With two channels that it asked for it is not.
func TestAsideShares(t *testing.T) {
	for _, c := range []struct {
		asked  []string
		pushed string
		shared bool
	}{{[]string{"a"}, "a", true}, {[]string{"a"}, "@user:ann", true}, {nil, "@user:ann", true}, {[]string{"a", "b"}, "a", false}} {
		k := &sink{conn: conn{&sessiontest.Transport{}}}
		first := stream(k, c.asked)
		captured, err := first.Capture()
		if err != nil {
			t.Fatal(err)
		}
		open, err := gateway().Restore(captured)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*events.Stream{first, open(k)} {
			b, p := frame(c.pushed)
			sub := s.Find([]byte(c.pushed))
			n := testing.AllocsPerRun(10, func() { sub.Push(b, p) })
			if same := &k.last[len(k.last)-1] == &b[len(b)-1]; same != c.shared || c.shared != (n == 0) {
				t.Errorf("%q to %q: shared %t, %.1f allocations", c.pushed, c.asked, same, n)
			}
			s.End()
		}
	}
}

// TestAsideGap: a stream that lost an event of which no id says so ends, and no id is left.
func TestAsideGap(t *testing.T) {
	c := conn{&sessiontest.Transport{Stalled: true}}
	s := stream(c, []string{"a"})
	b, p := frame("@user:ann")
	s.Find([]byte("@user:ann")).Push(b, p)
	if s.Ended() {
		t.Fatal("ended early")
	}
	b, p = frame("a")
	for range 30 {
		if s.Ended() {
			break
		}
		s.Find([]byte("a")).Push(b, p)
	}
	text := ""
	for _, f := range c.Waiting {
		text += f.Text
	}
	if !s.Ended() || !strings.Contains(text, `"code":3010`) || strings.Contains(text, "id: ") {
		t.Errorf("ended: %t, %.300s", s.Ended(), text)
	}
}

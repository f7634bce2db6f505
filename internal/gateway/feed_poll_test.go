package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway/gatewaytest"
	"throng/test/tries"
)

func position(p polled) string { return fmt.Sprintf("&offset=%d&epoch=%s", p.Offset, p.Epoch) }

// TestPoll: one connection asks again and again, each time from where it stands.
func TestPoll(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := start(t, front)
		c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
		a := c.poll("/poll?channel=hist:a")
		if a.Offset != 0 || a.Epoch == "" || !a.Recoverable || a.Recovered || len(a.Publications) != 0 {
			t.Fatalf("first: %+v", a)
		}
		publish(t, s, "hist:a", "1")
		publish(t, s, "hist:a", "2")
		if a = c.poll("/poll?channel=hist:a" + position(a)); !a.Recovered || a.Offset != 2 || len(a.Publications) != 2 {
			t.Fatalf("what was missed: %+v", a)
		}
		done := c.waits(s, "/poll?channel=hist:a"+position(a))
		select {
		case a := <-done:
			t.Fatalf("answered with nothing: %+v", a)
		case <-time.After(50 * time.Millisecond):
		}
		publish(t, s, "hist:a", "3")
		if a = <-done; !a.Recovered || a.Offset != 3 || len(a.Publications) != 1 || fmt.Sprint(a.Publications[0].Data) != "3" {
			t.Fatalf("what came: %+v", a)
		}
		begin := time.Now()
		if b := c.poll("/poll?timeout=1&channel=hist:a" + position(a)); position(b) != position(a) || !b.Recovered || len(b.Publications) != 0 {
			t.Fatalf("nothing came: %+v", b)
		}
		if took := time.Since(begin); took < 900*time.Millisecond { // and the client would not wait for 10 s
			t.Errorf("a second took %v", took)
		}
		if a = c.poll("/poll?channel=hist:a&limit=2"); a.Offset != 3 || len(a.Publications) != 2 || a.Publications[0].Offset != 2 {
			t.Fatalf("the newest: %+v", a)
		}
		if a = c.poll("/poll?channel=hist:a&limit=2" + position(polled{Epoch: a.Epoch})); a.Offset != 2 || len(a.Publications) != 2 {
			t.Fatalf("a part: %+v", a)
		}
		if b := c.poll("/poll?channel=hist:a&offset=1&epoch=foreign"); b.Recovered || b.Offset != 3 || b.Epoch != a.Epoch || len(b.Publications) != 0 {
			t.Fatalf("foreign position: %+v", b)
		}
		c.Close()
		s.Empty(t)
		waitFor(t, "end of the polls", func() bool { return s.Gateway().Stats().PollsWaiting.Load() == 0 })
	})
}

// TestPollWithoutHistory: there is no position; a poll gets what comes while it
// waits.
func TestPollWithoutHistory(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
		for range 3 {
			done := c.waits(s, "/poll?channel=a&offset=0&epoch=")
			a := saidUntil(t, s, "a", done)
			if a.Recoverable || a.Recovered || len(a.Publications) == 0 {
				t.Fatalf("%+v", a)
			}
		}
	})
}

// saidUntil publishes until a poll is answered, which may be a moment from being subscribed.
func saidUntil(t *testing.T, s *gatewaytest.Server, channel string, done <-chan polled) polled {
	t.Helper()
	for {
		publish(t, s, channel, "1")
		select {
		case a := <-done:
			return a
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// TestPollPipelined: what comes behind a poll waits for its answer, whatever it is
// and however it is cut.
func TestPollPipelined(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := start(t, front)
		for _, pieces := range []int{1, 7} {
			c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
			const host = " HTTP/1.1\r\nHost: x\r\n\r\n"
			all := "GET /poll?channel=hist:p" + host + "GET /poll?channel=a&timeout=1" + host + "GET /nothing" + host +
				strings.Repeat("GET /poll?channel=hist:p"+host, 20) + "GET /events?channel=hist:p" + host
			for i := range pieces {
				c.Raw([]byte(all[len(all)*i/pieces : len(all)*(i+1)/pieces]))
				time.Sleep(time.Millisecond)
			}
			c.ask("/never") // behind a stream nothing is answered
			for i := range 23 {
				if want := 200; c.head.StatusCode != want && i != 2 {
					t.Fatalf("answer %d: %+v", i, c.head)
				}
				c.text()
				c.answered()
			}
			c.begins()
			publish(t, s, "hist:p", "1")
			c.publication()
			c.Close()
		}
	})
}

// TestPollComesAndGoes: net/http and the loops pass a connection back and forth.
func TestPollComesAndGoes(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := start(t, front)
		c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
		for range 5 {
			c.ask("/nothing")
			c.text()
			if a := c.poll("/poll?channel=hist:a"); a.Epoch == "" {
				t.Fatalf("%+v", a)
			}
		}
		c.ask("/nothing")
		c.text()
		c.ask("/events?channel=hist:a")
		c.begins()
		publish(t, s, "hist:a", "1")
		c.publication()
		c.Close()
		s.Empty(t)
	})
}

// TestPollGoesAway: a client that gives up leaves nothing behind.
func TestPollGoesAway(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := start(t, front)
		c := gatewaytest.Dial(t, s.Addr())
		c.Raw([]byte("GET /poll?channel=a HTTP/1.1\r\nHost: x\r\n\r\n"))
		waitFor(t, "poll that waits", func() bool { return s.Gateway().Stats().PollsWaiting.Load() == 1 })
		c.Close()
		s.Empty(t)
		waitFor(t, "end of the polls", func() bool { return s.Gateway().Stats().PollsWaiting.Load() == 0 })
	})
}

// TestPollIdle: a connection that was answered may rest for http.idle_timeout, and
// has http.header_timeout from the first byte of its next request on.
func TestPollIdle(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		tries.Longer(t, brisk, func(t testing.TB, unit time.Duration) {
			o := gatewaytest.Options(kind)
			o.Config.HTTP.IdleTimeout, o.Config.HTTP.HeaderTimeout = 4*unit, unit
			s := gatewaytest.Start(t, o)
			c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
			c.poll("/poll?channel=hist:a")
			time.Sleep(2 * unit) // longer than it has for a head
			c.poll("/poll?channel=hist:a")
			c.Raw([]byte("GET /poll"))
			c.answered()
			if c.head.StatusCode != 408 {
				t.Errorf("%+v", c.head)
			}
			c = &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
			c.poll("/poll?channel=hist:a")
			begin := time.Now()
			c.Closed()
			if took := time.Since(begin); took < 3*unit {
				t.Errorf("closed after %v", took)
			}
		})
	})
}

// TestPollBurst: a poll is answered with all of a burst, in order.
func TestPollBurst(t *testing.T) {
	s := start(t, "auto")
	c := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
	at := c.poll("/poll?channel=hist:a")
	next, polls := uint64(1), 0
	go func() {
		for i := range 90 {
			s.Node().Broadcast(t.Context(), "hist:a", &throng.Publication{Data: []byte(fmt.Sprint(i))}, "", nil)
		}
	}()
	for next <= 90 {
		polls++
		at = c.poll("/poll?channel=hist:a&limit=7" + position(at))
		if !at.Recovered || len(at.Publications) == 0 || len(at.Publications) > 7 {
			t.Fatalf("%+v", at)
		}
		for _, p := range at.Publications {
			if p.Offset != next {
				t.Fatalf("%d comes instead of %d", p.Offset, next)
			}
			next++
		}
	}
	t.Logf("%d polls", polls)
}

package gateway_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng/internal/gateway"
	"throng/internal/gateway/gatewaytest"
)

// TestMoveStream takes an event stream from engine to engine while its channels go
// on; the client notices nothing.
func TestMoveStream(t *testing.T) {
	for _, kinds := range [][]string{{"auto", "auto", "auto"}, {"auto", "goroutine", "auto"}, {"goroutine", "goroutine", "auto"}} {
		for _, target := range []string{"/events?channel=hist:a", "/events?channel=hist:a&channel=hist:b&channel=room:c"} {
			t.Run(strings.Join(kinds, " to ")+target, func(t *testing.T) {
				w, places := newWorld(t, kinds...)
				l := &listener{Client: gatewaytest.Dial(t, places[0].addr), t: t}
				l.ask(target, "Accept: text/event-stream")
				if l.head.StatusCode != http.StatusOK {
					t.Fatalf("%+v", l.head)
				}
				channels := strings.Count(target, "channel=")
				for range channels {
					l.begins()
				}
				n, heard, id := 0, uint64(0), ""
				say := func(p *place) {
					n++
					w.publish(p, "hist:a", n)
					if channels > 1 {
						w.publish(p, "hist:b", n)
					}
				}
				hear := func() {
					t.Helper()
					got := map[string]uint64{"hist:a": heard, "hist:b": heard}
					for range (n - int(heard)) * min(channels, 2) {
						p, at := l.publication()
						if got[p.Channel]++; p.Offset != got[p.Channel] || at == "" {
							t.Fatalf("%+v instead of %v", p, got)
						}
						id = at
					}
					heard = uint64(n)
				}
				say(places[0])
				hear()
				for step, next := range places[1:] {
					from := places[step]
					say(from)
					state, nc := from.capture(t)
					if from.engine.Connections() != 0 || from.gateway.Stats().Streams.Load() != 0 {
						t.Errorf("%d connections are left", from.engine.Connections())
					}
					for range 5 {
						say(next) // while nobody has the stream
					}
					if err := next.gateway.Restore(nc, bytes.Clone(state)); err != nil {
						t.Fatal(err)
					}
					hear()
					say(from)
					say(next)
					hear()
				}
				_ = l.Close()
				say(places[0])
				l = &listener{Client: gatewaytest.Dial(t, places[1].addr), t: t}
				l.ask(target, "Last-Event-ID: "+id)
				seen := 0
				for seen < min(channels, 2) {
					e, err := l.next()
					if err != nil {
						t.Fatal(err)
					}
					if e.kind == "" {
						seen++
						if !strings.Contains(e.data, fmt.Sprintf(`"offset":%d,`, n)) {
							t.Errorf("%+v", e)
						}
					} else if strings.Contains(e.data, "hist") && !strings.Contains(e.data, `"recovered":true`) {
						t.Errorf("%+v", e)
					}
				}
				_ = l.Close()
			})
		}
	}
}

// TestMoveStreamLost: a stream whose gap can't be closed ends, so that its client
// comes back and is told.
func TestMoveStreamLost(t *testing.T) {
	w, places := newWorld(t, "auto", "auto")
	l := &listener{Client: gatewaytest.Dial(t, places[0].addr), t: t}
	l.ask("/events?channel=hist:a")
	l.begins()
	state, nc := places[0].capture(t)
	for n := range 1001 {
		w.publish(places[0], "hist:a", n)
	}
	if err := places[1].gateway.Restore(nc, state); err != nil {
		t.Fatal(err)
	}
	if e := l.expect("disconnect"); !strings.Contains(e.data, "3010") {
		t.Errorf("%+v", e)
	}
	l.over()
}

// TestCapturePoll: a poll is not captured, and waits on.
func TestCapturePoll(t *testing.T) {
	w, places := newWorld(t, "auto")
	c := &listener{Client: gatewaytest.Dial(t, places[0].addr), t: t}
	c.body = bufio.NewReader(c)
	c.Raw([]byte("GET /poll?channel=room:a HTTP/1.1\r\nHost: x\r\n\r\n"))
	waitFor(t, "poll that waits", func() bool { return places[0].gateway.Stats().PollsWaiting.Load() == 1 })
	for i := range places[0].engine.Loops() {
		if places[0].engine.Load(i) == 0 {
			continue
		}
		try := &capturing{places[0], make(chan captured, 1)}
		places[0].engine.Mailbox(i).Post(try)
		if r := <-try.done; !errors.Is(r.err, gateway.ErrNotSocket) {
			t.Errorf("%v", r.err)
		}
	}
	time.Sleep(10 * time.Millisecond)
	w.publish(places[0], "room:a", 1)
	if c.answered(); !strings.Contains(c.text(), `"data":1`) {
		t.Errorf("%+v", c.head)
	}
	_ = c.Close()
}

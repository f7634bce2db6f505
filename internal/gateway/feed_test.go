package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/config"
	"throng/internal/gateway/gatewaytest"
)

// TestEvents: a stream begins with where its channel stands, and has what is
// published from then on, each with an id.
func TestEvents(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := start(t, front)
		l := listen(t, s, "/events?channel=hist:a", "Origin: https://any.example")
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Origin",
			"Access-Control-Allow-Origin": "https://any.example", "Connection": "",
		} {
			if got := l.head.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if !l.head.Close || l.head.ContentLength != -1 || len(l.head.TransferEncoding) > 0 {
			t.Errorf("the body must end with the connection: %+v", l.head)
		}
		b, first := l.begins()
		if b.Channel != "hist:a" || !b.Recoverable || b.Recovered || b.Offset != 0 || b.Epoch == "" || first == "" {
			t.Errorf("%+v, id %q", b, first)
		}
		publishAll(t, s, "hist:a", &throng.Publication{
			Event: "hello\n", Data: []byte("{\r\n\"a\": [1,\n2]\n}"), Tags: map[string]string{"k": "v\n"},
		})
		p, id := l.publication()
		if fmt.Sprint(p.Data) != "map[a:[1 2]]" || p.Event != "hello\n" || p.Tags["k"] != "v\n" || p.Offset != 1 || p.Time == 0 || id == first {
			t.Errorf("%+v, id %q", p, id)
		}
		publishAll(t, s, "hist:a", &throng.Publication{Data: []byte{0, 10, 255}, Binary: true})
		if p, _ := l.publication(); fmt.Sprint(p.Data) != "map[data:AAr/ encoding:base64]" {
			t.Errorf("%+v", p)
		}
		l.Close()
		s.Empty(t)
		waitFor(t, "end of the stream", func() bool { return s.Gateway().Stats().Streams.Load() == 0 })
	})
}

// TestEventsRecover: who comes back with its last id gets what it missed, in order
// and once, of all of its channels; also when it was cut in the middle of that.
func TestEventsRecover(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := start(t, front)
		const target = "/events?channel=hist:a&channel=hist:b&channel=plain"
		l := listen(t, s, target)
		var id string
		for range 3 {
			if _, at := l.begins(); at != "" {
				id = at
			}
		}
		got := map[string][]uint64{}
		take := func(n int) {
			t.Helper()
			for range n {
				p, at := l.publication()
				got[p.Channel] = append(got[p.Channel], p.Offset)
				id = at
			}
		}
		publish(t, s, "hist:a", "1")
		publish(t, s, "hist:b", "1")
		take(2)
		l.Close()
		for range 5 {
			publish(t, s, "hist:a", "2")
			publish(t, s, "hist:b", "2")
		}
		for turn := range 6 {
			l = listen(t, s, target, "Last-Event-ID: "+id)
			for range 3 {
				e, err := l.next()
				if err != nil {
					t.Fatal(err)
				}
				if e.kind == "" { // of the first channel, before the second one begins
					var p published
					decode(t, e.data, &p)
					got[p.Channel] = append(got[p.Channel], p.Offset)
				} else if strings.Contains(e.data, "hist:") && !strings.Contains(e.data, `"recovered":true`) {
					t.Fatalf("turn %d: %s", turn, e.data)
				}
				if e.id != "" {
					id = e.id
				}
			}
			l.Close() // and what was on its way is thrown away
		}
		l = listen(t, s, "/events?channel=hist:a&channel=hist:b&last_event_id="+id)
		for len(got["hist:a"]) < 6 || len(got["hist:b"]) < 6 {
			e, err := l.next()
			if err != nil {
				t.Fatalf("%v, after %v", err, got)
			}
			if e.kind == "" {
				var p published
				decode(t, e.data, &p)
				got[p.Channel] = append(got[p.Channel], p.Offset)
			}
		}
		for _, channel := range []string{"hist:a", "hist:b"} {
			if list := fmt.Sprint(got[channel]); list != "[1 2 3 4 5 6]" {
				t.Errorf("%s: %s", channel, list)
			}
		}
	})
}

// TestEventsStrangeIDs: an id that says nothing is no error. The client begins anew
// and is told so.
func TestEventsStrangeIDs(t *testing.T) {
	s := start(t, "auto")
	at := publish(t, s, "hist:a", "1")
	other := listen(t, s, "/events?channel=hist:other")
	_, foreign := other.begins()
	for _, id := range []string{foreign, "5", "AZ8x", "\xff\xfe", strings.Repeat("A", 12000), " ", "AQ=="} {
		l := listen(t, s, "/events?channel=hist:a", "Last-Event-ID: "+id)
		if b, _ := l.begins(); b.Recovered || b.Offset != at.Offset || b.Epoch != at.Epoch {
			t.Errorf("%.40q: %+v", id, b)
		}
		l.Close()
	}
	if l := get(t, s, "/events?channel=hist:a", "Last-Event-ID: "+strings.Repeat("A", 20000)); l.head.StatusCode != 431 {
		t.Errorf("a head that is too large: %d", l.head.StatusCode)
	}
}

// TestEventsBeyondTheWindow: what can't be recovered is said.
func TestEventsBeyondTheWindow(t *testing.T) {
	s := start(t, "auto")
	l := listen(t, s, "/events?channel=hist:a")
	_, id := l.begins()
	l.Close()
	for range 101 {
		publish(t, s, "hist:a", "1")
	}
	l = listen(t, s, "/events?channel=hist:a", "Last-Event-ID: "+id)
	b, id := l.begins()
	if b.Recovered || b.Offset != 101 {
		t.Errorf("%+v", b)
	}
	publish(t, s, "hist:a", "2")
	if p, next := l.publication(); p.Offset != 102 || next == id {
		t.Errorf("%+v", p)
	}
}

// TestEventsInParts: who has missed more than may wait for a client gets it in
// parts, each from where the last one ended.
func TestEventsInParts(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.Engine.QueueBytes, o.Config.WebSocket.MaxMessageBytes = 64<<10, 64<<10
		s := gatewaytest.Start(t, o)
		l := listen(t, s, "/events?channel=hist:a")
		_, id := l.begins()
		l.Close()
		const each = 30 << 10
		for range 90 {
			publish(t, s, "hist:a", `"`+strings.Repeat("x", each)+`"`)
		}
		next, connects := uint64(1), 0
		for next <= 90 {
			if connects++; connects > 100 {
				t.Fatal("no end of it")
			}
			l := listen(t, s, "/events?channel=hist:a", "Last-Event-ID: "+id)
			if b, _ := l.begins(); !b.Recovered {
				t.Fatalf("%+v", b)
			}
			time.Sleep(time.Millisecond) // slower than the server
			for next <= 90 {
				e, err := l.next()
				if err != nil {
					t.Fatal(err)
				}
				if e.kind == "disconnect" {
					if !strings.Contains(e.data, "3010") || e.retry == "" {
						t.Errorf("%+v", e)
					}
					break
				}
				var p published
				decode(t, e.data, &p)
				if p.Offset != next {
					t.Fatalf("%d comes instead of %d", p.Offset, next)
				}
				next, id = next+1, e.id
			}
			l.Close()
		}
		t.Logf("%d connections", connects)
	})
}

// TestEventsSlow: who does not read is disconnected, and goes on from its last id
// without a loss.
func TestEventsSlow(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		o := gatewaytest.Options(front)
		o.Config.Engine.QueueBytes, o.Config.WebSocket.MaxMessageBytes = 64<<10, 64<<10
		s := gatewaytest.Start(t, o)
		l := listen(t, s, "/events?channel=hist:a")
		_, id := l.begins()
		other := listen(t, s, "/events?channel=hist:a")
		other.begins()
		data := `"` + strings.Repeat("x", 60<<10) + `"`
		for i := range uint64(90) {
			publish(t, s, "hist:a", data)
			if p, _ := other.publication(); p.Offset != i+1 {
				t.Fatalf("a slow client delays another: %d instead of %d", p.Offset, i+1)
			}
		}
		next, cuts := uint64(1), 0
		for round := 0; next <= 90; round++ {
			e, err := l.next()
			switch {
			case err != nil && round == 0:
				t.Fatal(err)
			case err != nil || e.kind == "disconnect":
				cuts++
				l.Close()
				l = listen(t, s, "/events?channel=hist:a", "Last-Event-ID: "+id)
			case e.kind == "":
				var p published
				decode(t, e.data, &p)
				if p.Offset != next {
					t.Fatalf("%d comes instead of %d", p.Offset, next)
				}
				next, id = next+1, e.id
			}
		}
		if cuts == 0 {
			t.Error("the client was not slow")
		}
	})
}

// TestEventsKeepNewest: where a namespace keeps the newest only, a slow client of a
// channel without history loses some, and stays.
func TestEventsKeepNewest(t *testing.T) {
	o := gatewaytest.Options("auto")
	o.Config.Engine.QueueBytes, o.Config.WebSocket.MaxMessageBytes = 64<<10, 64<<10
	o.Config.Namespaces = append(o.Config.Namespaces, config.Namespace{Name: "new", Subscribe: "anybody", SlowPolicy: "newest"})
	s := gatewaytest.Start(t, o)
	l := listen(t, s, "/events?channel=new:a")
	l.begins()
	const last = 400
	for i := range last + 1 {
		publish(t, s, "new:a", fmt.Sprintf(`{"n":%d,"x":"%s"}`, i, strings.Repeat("x", 30<<10)))
	}
	seen, before := 0, -1.0
	for before < last {
		p, _ := l.publication()
		n := p.Data.(map[string]any)["n"].(float64)
		if n <= before {
			t.Fatalf("%v after %v", n, before)
		}
		before = n
		seen++
	}
	if seen > last {
		t.Errorf("nothing was shed")
	}
}

// TestEventsExpire: what is out of date is not written, neither late nor from the
// history.
func TestEventsExpire(t *testing.T) {
	s := start(t, "auto")
	l := listen(t, s, "/events?channel=hist:a")
	_, id := l.begins()
	now := throng.NewClock().Now()
	publishAll(t, s, "hist:a", &throng.Publication{Data: []byte("1"), ExpiresAt: now - 1})
	publishAll(t, s, "hist:a", &throng.Publication{Data: []byte("2"), ExpiresAt: now + 60_000})
	if p, _ := l.publication(); p.Offset != 2 || p.Expires != now+60_000 {
		t.Errorf("%+v", p)
	}
	again := listen(t, s, "/events?channel=hist:a", "Last-Event-ID: "+id)
	if b, _ := again.begins(); !b.Recovered || b.Offset != 2 {
		t.Errorf("%+v", b)
	}
	if p, _ := again.publication(); p.Offset != 2 {
		t.Errorf("%+v", p)
	}
}

// TestEventsBeat: a stream where nothing happens shows that it is there.
func TestEventsBeat(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.WebSocket.PingInterval, o.Config.WebSocket.PongTimeout = 200*time.Millisecond, 100*time.Millisecond
		s := gatewaytest.Start(t, o)
		begin := time.Now() // it is not read before some have come
		l := listen(t, s, "/events?channel=a")
		l.begins()
		for range 3 {
			_ = l.SetReadDeadline(time.Now().Add(10 * time.Second))
			if line, err := l.body.ReadString('\n'); line != ":\n" || err != nil {
				t.Fatalf("%q %v", line, err)
			}
			_, _ = l.body.ReadString('\n')
		}
		if took := time.Since(begin); took < 300*time.Millisecond {
			t.Errorf("three beats after %v", took)
		}
	})
}

// TestEventsDrain: streams are told of the end, polls are answered.
func TestEventsDrain(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := start(t, front)
		l := listen(t, s, "/events?channel=a")
		l.begins()
		p := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
		done := p.waits(s, "/poll?channel=a")
		s.Stop(t)
		if e := l.expect("disconnect"); e.data != `{"code":3001,"reason":"shutdown"}` {
			t.Errorf("%+v", e)
		}
		l.over()
		if a := <-done; a.Channel != "a" || p.head.StatusCode != 200 || !p.head.Close {
			t.Errorf("%+v %+v", a, p.head)
		}
	})
}

func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s", what)
		}
	}
}

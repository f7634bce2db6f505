package gateway_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway/gatewaytest"
	"throng/test/tries"
)

// stall joins, and publishes to who does not read until something waits in the server.
// Clients may have a MiB of it.
func (w *world) stall(p *place) *gatewaytest.Client {
	c := gatewaytest.Connect(w.t, p.addr, socketPath)
	// What is small is full and stays so: kernels find more room in large buffers after
	// a while.
	if err := c.Conn.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
		w.t.Fatal(err)
	}
	c.Text(`["1","1","room:b","phx_join",{}]`)
	c.Expect(`["1","1","room:b","phx_reply",{"status":"ok","response":{}}]`)
	pad := []byte(`"` + strings.Repeat("x", 20_000) + `"`)
	full := func() bool { return p.engine.Stats(0).Queued.Load()+p.engine.Stats(1).Queued.Load() >= 300_000 }
	still := func() bool { // a writer may just not have come to it
		for range 20 {
			if !full() {
				return false
			}
			time.Sleep(5 * time.Millisecond)
		}
		return true
	}
	for end := time.Now().Add(20 * time.Second); !still(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatal("the client's buffers don't fill")
		}
		w.give(p, "room:b", &throng.Publication{Event: "bulk", Data: pad})
	}
	return c
}

// offers publishes what expires after a while, what does later, and what never does.
func (w *world) offers(p *place, ttl int64) {
	for i, e := range []int64{ttl, 3_600_000, 0, ttl} {
		pub := &throng.Publication{Event: "offer", Data: []byte{byte('0' + i)}}
		if e > 0 {
			pub.ExpiresAt = w.clock.Now() + e
		}
		w.give(p, "room:b", pub)
	}
	w.give(p, "room:b", &throng.Publication{Event: "end", Data: []byte("0")})
	eventually(w.t, "all is queued", func() bool {
		for _, h := range w.hubs {
			if h.Table(0).Stats().Backlog.Load()+h.Table(1).Stats().Backlog.Load() > 0 {
				return false
			}
		}
		return true
	})
}

// heard reads up to the end and returns which offers came.
func heard(c *gatewaytest.Client) (offers string) {
	for {
		m := string(c.Message().Data)
		if strings.Contains(m, `"end"`) {
			return offers
		}
		if _, rest, ok := strings.Cut(m, `"offer",`); ok {
			offers += rest[:1]
		}
	}
}

// lateWrites is how many publications were written late in a place.
func (p *place) lateWrites() (late, expired uint64) {
	for i := range p.engine.Loops() {
		late += p.engine.Stats(i).Late.Load()
		expired += p.engine.Stats(i).Expired.Load()
	}
	return late, expired
}

// Deadlines move with a connection, to the other engine and back.
func TestMoveKeepsDeadlines(t *testing.T) {
	for _, kinds := range [][]string{{"auto", "goroutine", "auto"}, {"goroutine", "auto", "goroutine"}} {
		t.Run(strings.Join(kinds, " to "), func(t *testing.T) {
			tries.Longer(t, 700*time.Millisecond, func(t testing.TB, unit time.Duration) { moveWithDeadlines(t, kinds, unit) })
		})
	}
}

func moveWithDeadlines(t testing.TB, kinds []string, ttl time.Duration) {
	w, places := newWorld(t, kinds...)
	c := w.stall(places[0])
	w.offers(places[0], ttl.Milliseconds())
	for i, next := range places[1:] {
		state, nc := places[i].capture(t)
		if err := next.gateway.Restore(nc, state); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(ttl + 50*time.Millisecond)
	if got := heard(c); got != "12" {
		t.Errorf("offers %q came", got)
	}
	var all uint64
	for _, p := range places {
		late, expired := p.lateWrites()
		if all += expired; late != 0 {
			t.Errorf("%d late", late)
		}
	}
	if all != 2 {
		t.Errorf("%d expired", all)
	}
	c.Bye()
}

// The machine's clock was set back or forth by an hour since the server started:
// deadlines are as long as they were meant to be.
func TestDeadlinesWhenTheClockIsSet(t *testing.T) {
	for _, step := range []time.Duration{-time.Hour, time.Hour} {
		for _, kind := range []string{"auto", "goroutine"} {
			t.Run(fmt.Sprint(kind, " ", step), func(t *testing.T) {
				tries.Longer(t, 300*time.Millisecond, func(t testing.TB, unit time.Duration) { offersWhenTheClockIsSet(t, kind, step, unit) })
			})
		}
	}
}

func offersWhenTheClockIsSet(t testing.TB, kind string, step, ttl time.Duration) {
	w, places := newWorldAt(t, throng.NewClockAt(time.Now().Add(-step)), kind)
	quick := gatewaytest.Connect(t, places[0].addr, socketPath)
	quick.Text(`["1","1","room:b","phx_join",{}]`)
	quick.Message()
	w.offers(places[0], 60_000)
	if got := heard(quick); got != "0123" {
		t.Errorf("offers %q came in time", got)
	}
	_ = quick.Close()
	slow := w.stall(places[0])
	w.offers(places[0], ttl.Milliseconds())
	time.Sleep(ttl + 50*time.Millisecond)
	if got := heard(slow); got != "12" {
		t.Errorf("offers %q came late", got)
	}
	if late, expired := places[0].lateWrites(); late != 0 || expired != 2 {
		t.Errorf("%d late, %d expired", late, expired)
	}
	slow.Bye()
}

package sequence

import (
	"testing"
	"time"

	"throng/internal/config"
	"throng/internal/server"
)

// TestDeadlineBehindStall: what waits in the server for a socket that takes
// nothing is not written any more once its deadline has come; all else is.
func TestDeadlineBehindStall(t *testing.T) {
	for _, kind := range []string{"auto", "goroutine"} {
		t.Run(kind, func(t *testing.T) { testStall(t, kind) })
	}
}

func testStall(t *testing.T, kind string) {
	cfg := sequenceConfig(kind)
	cfg.Engine.QueueBytes = 4 * config.MiB
	s := serve(t, cfg)
	r := newRun(t, s.Public()[0].String(), []*channel{{name: "hist:0", wide: true, pad: 4000}})
	c := r.newClient("stalled", 0)
	c.calm, c.slow = true, true
	c.pause(t)
	p := r.newInsider(s.Node(), 0, 0, 0, 0)

	p.one(0, 20_000) // in time
	for c.subs[0].pos.Offset == 0 {
		c.step(t)
	}
	if r.count.expiring.Load() != 1 {
		t.Fatal("a publication before its deadline was not delivered")
	}

	// The client reads no more. Both kernels take some, then nothing.
	const full = 64 << 10
	for range 300 {
		for range 8 {
			p.one(0, 0)
		}
		time.Sleep(5 * time.Millisecond) // the figures are those of the last turn
		if waiting(s) > full && settled(s, func() { p.one(0, 0) }) {
			break
		}
	}
	if waiting(s) <= full {
		t.Fatal("the socket takes everything")
	}
	const most = 300
	r.oneWaits(t, s, p, most)
	for i := range 40 {
		p.one(0, []int64{20, 100, most, 0, 2 * farAway}[i%5])
	}
	time.Sleep(2 * most * time.Millisecond)
	p.last()
	ctx := t.Context()
	if err := c.serve(ctx); err != nil {
		t.Error(err)
	}
	c.lost(nil)
	r.report()
	if !c.done {
		t.Error("the client did not see the end")
	}
	if n := r.count.expiring.Load() - 1; n != 0 {
		t.Errorf("%d publications came after their deadline", n)
	}
	x := r.expiring()
	var late uint64
	for i := range s.Engine().Loops() {
		late += s.Engine().Stats(i).Expired.Load()
	}
	t.Logf("expiring published %d, dropped at the socket %d", x.total(), late)
	if late == 0 {
		t.Error("none waited at the socket, so this proves nothing")
	}
	if n := judgeLog(t, "behind the stall", r.write(t, x, func(*channel) bool { return true })); n != 0 {
		t.Errorf("%d resyncs", n)
	}
}

// pause connects, joins, and does not read until step or serve.
func (c *client) pause(t *testing.T) {
	t.Helper()
	if err := c.connect(); err != nil {
		t.Fatal(err)
	}
	for _, s := range c.subs {
		for s.state != joined {
			c.step(t)
		}
	}
}

// step takes one message.
func (c *client) step(t *testing.T) {
	t.Helper()
	m, err := c.w.next(time.Now().Add(ioTimeout))
	if err == nil {
		err = c.handle(&m)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// waiting is how many bytes wait for all sockets.
func waiting(s *server.Server) (n int64) {
	for i := range s.Engine().Loops() {
		n += s.Engine().Stats(i).Queued.Load()
	}
	return n
}

// settled reports whether nothing that waits is taken for a while, and what is published
// waits too: a server that sleeps has not tried.
func settled(s *server.Server, publish func()) bool {
	before := waiting(s)
	publish()
	for end := time.Now().Add(time.Second); waiting(s) <= before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	before = waiting(s)
	time.Sleep(200 * time.Millisecond)
	return waiting(s) == before
}

// oneWaits publishes until one that lives so long waits at the socket. A server that gets no
// processor comes too late to have it wait.
func (r *run) oneWaits(t *testing.T, s *server.Server, p *insider, lifetime int64) {
	t.Helper()
	for range 20 {
		before, end := waiting(s), r.clock.Now()+lifetime
		p.one(0, lifetime)
		for ; r.clock.Now() < end; time.Sleep(time.Millisecond) {
			if waiting(s) > before {
				return
			}
		}
	}
	t.Fatal("nothing comes to the socket in time")
}

package sequence

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"throng/internal/protocol/phoenix"
	"throng/test/process"
)

// What is done to the process.
const (
	phaseTerm int32 = 1 + iota
	phaseBack
	phaseKill
)

const (
	termChannels = 4
	termIdlers   = 10 // connections that join nothing
	termOthers   = 40 // clients of /events, and as many of /poll
	termLimit    = 30 * time.Second
	termDrain    = 4 * time.Second
)

// TestTermUnderLoad: a server that is told to stop closes everybody with the code
// of a restart, a few at a time, and ends with success. One that comes back has
// lost its memory and says so: nobody goes on as if nothing had happened. The
// same holds after a kill.
func TestTermUnderLoad(t *testing.T) {
	binary := process.Build(t, "./cmd/throng")
	for _, kind := range []string{"auto", "goroutine"} {
		t.Run(kind, func(t *testing.T) { testTerm(t, binary, kind) })
	}
}

func testTerm(t *testing.T, binary, kind string) {
	args := []string{"--dev", "--config", wideHistory(t), "--set", "engine.drain=" + termDrain.String(), "--set", "engine.kind=" + kind}
	p := process.Start(t, binary, "serve", args...)
	addr, internal := p.Public(), p.Internal()
	r := newRun(t, addr, nil)
	r.restarts = true
	r.populateTerm()
	r.addCallers(internal)
	idlers := r.idle(t, termIdlers)
	pairs := int64(0)
	for _, c := range r.clients {
		pairs += int64(len(c.subs))
	}
	ctx := r.launch(4 * termLimit)
	var storm sync.WaitGroup
	for _, c := range r.callers {
		storm.Go(func() { c.publish(ctx) })
	}
	waitFor(t, "everybody is in all channels", termLimit, func() bool { return r.count.begun.Load() == pairs })
	r.awaitLoad()

	began := time.Now()
	r.phase.Store(phaseTerm)
	if err := r.term(p); err != nil {
		t.Errorf("SIGTERM: throng ended with %v", err)
	}
	r.checkCloses(began)
	idlers()

	args = append(args, "--listen", addr, "--internal", internal)
	p = process.Start(t, binary, "serve", args...)
	r.phase.Store(phaseBack)
	r.awaitResyncs(pairs)
	r.awaitLoad()

	r.phase.Store(phaseKill)
	p.Kill()
	process.Start(t, binary, "serve", args...)
	r.awaitResyncs(2 * pairs)
	r.awaitLoad()

	r.stop.Store(true)
	r.awaitPublishers(ctx)
	storm.Wait()
	r.lastOutside(ctx)
	r.crowd.Wait()
	r.report()
	if n := r.count.recovered.Load(); n != 0 {
		t.Errorf("%d subscriptions were recovered from a memory that is gone", n)
	}
	for _, e := range r.endsOf(phaseBack) {
		t.Errorf("%s lost its connection, code %d, though nothing was done", e.client, e.code)
	}
	t.Logf("clients %d, subscriptions %d, delivered %d, publishes without an answer %d",
		len(r.clients), pairs, r.count.delivered.Load(), r.count.unanswered.Load())
	n := judgeLog(t, "across both restarts", r.write(t, nil, func(*channel) bool { return true }))
	if int64(n) != 2*pairs {
		t.Errorf("%d resyncs, want one for each of %d subscriptions and both restarts", n, pairs)
	}
}

// populateTerm makes clients with two channels each, some of which publish.
func (r *run) populateTerm() {
	for i := range termChannels {
		r.channels = append(r.channels, &channel{name: fmt.Sprintf("hist:%d", i), wide: true, pad: 200})
	}
	for i := range termClients {
		c := r.newClient(fmt.Sprintf("c%d", i), i%termChannels, (i+1)%termChannels)
		c.calm = true
		if i < 8 {
			c.publishes(i, -1, 50*time.Millisecond)
		}
	}
	for i := range termOthers {
		r.newListener(fmt.Sprintf("e%d", i), i%termChannels, (i+1)%termChannels).calm = true
		r.newPoller(fmt.Sprintf("p%d", i), i%termChannels).calm = true
	}
}

// addCallers adds a storm of publishes by API.
func (r *run) addCallers(internal string) {
	for i := range 4 {
		r.newCaller("http://"+internal, 500+i, -1, 20*time.Millisecond, 0, 1, 2, 3)
	}
}

// idle connects clients that join nothing, and returns what waits for their end:
// the close code of those is 1000.
func (r *run) idle(t *testing.T, n int) (wait func()) {
	t.Helper()
	var all sync.WaitGroup
	for range n {
		w, err := dial(r.addr, phoenix.V2, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = w.nc.Close() })
		all.Go(func() {
			defer w.nc.Close()
			_, err := w.next(time.Now().Add(4 * termLimit))
			if cl, ok := err.(*closed); !ok || cl.code != 1000 {
				r.problem("a connection that joined nothing ended with %v", err)
			}
		})
	}
	return all.Wait
}

// awaitLoad waits until everybody has got a few more publications.
func (r *run) awaitLoad() {
	r.t.Helper()
	want := r.count.delivered.Load() + 20*int64(len(r.clients))
	waitFor(r.t, "deliveries", termLimit, func() bool { return r.count.delivered.Load() >= want })
}

func (r *run) awaitResyncs(n int64) {
	r.t.Helper()
	waitFor(r.t, fmt.Sprintf("%d resyncs", n), termLimit, func() bool { return r.count.resyncs.Load() >= n })
}

// term asks the process to stop, and looks whether it takes new connections
// while it closes the old ones.
func (r *run) term(p *process.Server) error {
	r.t.Helper()
	if err := p.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	waitFor(r.t, "the first close", termLimit, func() bool { return len(r.endsOf(phaseTerm)) > 0 })
	for range 5 {
		if nc, err := net.Dial("tcp", r.addr); err == nil {
			_ = nc.Close()
			r.t.Error("a connection was accepted after the first close")
		}
		time.Sleep(20 * time.Millisecond)
	}
	code, err := p.Wait(termLimit)
	if err == nil && code != 0 {
		err = fmt.Errorf("exit code %d", code)
	}
	return err
}

// checkCloses: everybody was closed once, with the code of a restart, and not
// all at once.
func (r *run) checkCloses(began time.Time) {
	r.t.Helper()
	want := make(map[string]uint16)
	for _, c := range r.clients {
		if c.goodbye != 0 {
			want[c.name] = c.goodbye
		}
	}
	waitFor(r.t, "the end of all connections", termLimit, func() bool {
		return len(r.endsOf(phaseTerm)) >= len(want)
	})
	times := make(map[string]int)
	buckets := make(map[time.Duration]int)
	most := 0
	for _, e := range r.endsOf(phaseTerm) {
		times[e.client]++
		if e.code != want[e.client] || times[e.client] > 1 {
			r.t.Errorf("%s was closed with %d, time %d", e.client, e.code, times[e.client])
		}
		b := e.at.Sub(began) / (100 * time.Millisecond)
		buckets[b]++
		most = max(most, buckets[b])
	}
	r.t.Logf("closed in %d buckets of 100 ms, at most %d of %d in one", len(buckets), most, len(r.clients))
	// A machine that stops for half of the drain makes up for it at once.
	if len(buckets) < 5 || most > len(r.clients)*3/4 {
		r.t.Errorf("the closes are not spread: %v", buckets)
	}
}

// lastOutside publishes the last publication of every channel through a socket.
// The answer comes behind the client's own push, so the position is its offset.
func (r *run) lastOutside(ctx context.Context) {
	r.t.Helper()
	c := r.newClient("last", 0, 1, 2, 3)
	c.calm = true
	c.publishes(999, termChannels, time.Millisecond)
	c.pub.over = true // nobody waits for it
	c.pause(r.t)
	for _, s := range c.subs {
		c.pub.seq++
		e := event{kind: kindPub, ch: s.ch, id: ident{c.pub.number, c.conns, c.pub.seq}, t: r.now()}
		c.log(e)
		c.refs++
		c.pub.waiting[c.refs] = e
		n := note{id: e.id, at: r.clock.Now()}
		c.w.push(refToken(s.ref), refToken(c.refs), c.channel(s).name, eventName, n.payload(0))
		if err := c.w.flush(); err != nil {
			r.t.Fatal(err)
		}
		for len(c.pub.waiting) > 0 {
			c.step(r.t)
		}
		c.channel(s).final.Store(s.pos.Offset)
	}
	if err := c.serve(ctx); err != nil {
		r.t.Error(err)
	}
	c.lost(nil)
}

// wideHistory is a configuration whose window is never too small.
func wideHistory(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "throng.toml")
	const text = "[[namespace]]\nname = \"hist\"\nhistory_size = 1000000\nhistory_ttl = \"1h\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

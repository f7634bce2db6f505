package sequence

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"throng/internal/config"
	"throng/internal/server"
)

// The channels of TestSequence. Only the last one's window is too small for a
// client that is away.
const (
	histChannels = 4
	newest       = histChannels
	cut          = histChannels + 1
	tiny         = histChannels + 2
)

func sequenceChannels() (all []*channel) {
	for i := range histChannels {
		all = append(all, &channel{name: fmt.Sprintf("hist:%d", i), wide: true, pad: 300})
	}
	return append(all,
		&channel{name: "newest:0", wide: true, pad: 3500},
		&channel{name: "cut:0", wide: true, pad: 3500},
		&channel{name: "tiny:0", pad: 3500})
}

// sequenceConfig has small slices and queues, so that both are felt.
func sequenceConfig(kind string) *config.Config {
	c := config.Default()
	c.Listen, c.Internal = []string{"127.0.0.1:0"}, "127.0.0.1:0"
	c.Engine.Kind, c.Engine.Loops, c.Engine.Slice = kind, 3, 16
	c.Engine.QueueBytes, c.Engine.BacklogBytes = 16*config.KiB, 4*config.MiB
	c.Engine.Drain = 100 * time.Millisecond
	c.WebSocket.MaxMessageBytes = 16 * config.KiB
	space := func(name, policy string, window int) {
		c.Namespaces = append(c.Namespaces, config.Namespace{
			Name: name, Subscribe: "anybody", Publish: "anybody", ClientEvents: "broadcast",
			HistorySize: window, HistoryTTL: time.Hour, SlowPolicy: policy,
		})
	}
	const wide = 1_000_000
	space("hist", "newest", wide)
	space("newest", "newest", wide)
	space("cut", "disconnect", wide)
	space("tiny", "newest", 24)
	c.ApplyDev()
	return c
}

// serve runs a server until the test ends.
func serve(t *testing.T, c *config.Config) *server.Server {
	t.Helper()
	s, err := server.New(server.Options{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return s
}

// TestSequence: whatever a crowd does to its connections, every client sees
// every publication of its channels once and in order, or is told that it
// doesn't.
func TestSequence(t *testing.T) {
	for _, kind := range []string{"auto", "goroutine"} {
		t.Run(kind, func(t *testing.T) { testSequence(t, kind) })
	}
}

func testSequence(t *testing.T, kind string) {
	s := serve(t, sequenceConfig(kind))
	r := newRun(t, s.Public()[0].String(), sequenceChannels())
	r.populate(*clientsFlag, *secondsFlag)
	r.addInsiders(s, *secondsFlag)
	ctx := r.launch(time.Duration(90+4**secondsFlag) * time.Second)
	var inside sync.WaitGroup
	for _, p := range r.inside {
		inside.Go(func() { p.publish(ctx) })
	}
	for _, p := range r.callers {
		inside.Go(func() { p.publish(ctx) })
	}
	inside.Wait()
	r.awaitPublishers(ctx)
	published := time.Since(r.start)
	r.inside[0].last()
	r.crowd.Wait()
	t.Logf("published in %v, all seen after %v", published.Round(time.Millisecond), time.Since(r.start).Round(time.Millisecond))

	x := r.expiring()
	x.judge(r)
	r.report()
	r.checkVariety(x)
	wide := r.write(t, x, func(c *channel) bool { return c.wide })
	if n := judgeLog(t, "wide windows", wide); n != 0 {
		t.Errorf("%d resyncs inside the window", n)
	}
	judgeLog(t, "small window", r.write(t, x, func(c *channel) bool { return !c.wide }))
}

// populate makes the clients: all are in one of the hist channels, most in
// another one, where some read slowly. Half of them are Phoenix clients, the others
// listen to /events or ask /poll. Publishers come on top.
func (r *run) populate(clients, seconds int) {
	for i := range clients {
		if i%10 >= 8 {
			r.newPoller(fmt.Sprintf("p%d", i), i/10%(tiny+1))
			continue
		}
		channels := []int{i % histChannels}
		switch i % 5 {
		case 0:
			channels = append(channels, newest)
		case 1:
			channels = append(channels, cut)
		case 2:
			channels = append(channels, tiny)
		case 3:
			channels = append(channels, (i+1)%histChannels)
		}
		var c *client
		if i%10 >= 5 {
			c = r.newListener(fmt.Sprintf("e%d", i), channels...).client
		} else {
			c = r.newClient(fmt.Sprintf("c%d", i), channels...)
		}
		c.slow = i%5 < 3 && i/10%3 == 0
	}
	for i := range 8 {
		c := r.newClient(fmt.Sprintf("h%d", i), i%histChannels, (i+1)%histChannels)
		c.publishes(100+i, 6*seconds, time.Second/6)
	}
	for i := range 6 {
		c := r.newClient(fmt.Sprintf("s%d", i), newest+i%3)
		c.publishes(200+i, 16*seconds, time.Second/16)
	}
}

func (r *run) addInsiders(s *server.Server, seconds int) {
	for i := range 6 {
		r.newCaller("http://"+s.Internal().String(), 300+i, 10*seconds, time.Second/10, i%histChannels, newest+i%3)
	}
	for i := range 2 {
		r.newInsider(s.Node(), i, 25*seconds, time.Second/25, 0, 1, 2, 3)
	}
	for i := range 6 {
		r.newInsider(s.Node(), 10+i, 20*seconds, time.Second/20, newest+i%3)
	}
}

// checkVariety logs what happened, and fails if something did not happen at all:
// then the test proves less than it says.
func (r *run) checkVariety(x expiring) {
	r.t.Helper()
	c := &r.count
	skipped := int64(0)
	for _, cl := range r.clients {
		skipped += cl.skipped(x)
	}
	r.t.Logf("clients %d, delivered %d (replayed %d), expiring published %d, delivered %d, skipped %d",
		len(r.clients), c.delivered.Load(), c.replayed.Load(), x.total(), c.expiring.Load(), skipped)
	r.t.Logf("cuts %d, pauses %d, recovered %d, joins replaced %d, rejoined after phx_error %d, closed 3008 %d, without a close %d, resyncs %d",
		c.cuts.Load(), c.pauses.Load(), c.recovered.Load(), c.duplicates.Load(), c.rejoins.Load(), c.slow.Load(), c.abrupt.Load(), c.resyncs.Load())
	r.t.Logf("published by API %d, delivered over /events %d, over /poll %d", c.called.Load(), c.streamed.Load(), c.polled.Load())
	r.t.Logf("publishes refused %d, without an answer %d", c.refused.Load(), c.unanswered.Load())
	var missing []string
	for name, n := range map[string]int64{
		"cuts": c.cuts.Load(), "pauses": c.pauses.Load(), "slow policies": c.rejoins.Load() + c.slow.Load(),
		"publishes by API": c.called.Load(), "deliveries over /events": c.streamed.Load(), "over /poll": c.polled.Load(),
		"replays": c.replayed.Load(), "expiring deliveries": c.expiring.Load(), "expired publications": skipped,
	} {
		if n == 0 {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		r.t.Errorf("this never happened: %s", strings.Join(missing, ", "))
	}
}

// skipped counts the publications that expired before the client got them.
func (c *client) skipped(x expiring) (n int64) {
	at := make(map[int]stream)
	var from, got, off = map[int]uint64{}, map[int]uint64{}, map[int]uint64{}
	for _, e := range c.events {
		s := stream{e.ch, e.ep}
		switch {
		case e.kind == kindSub && e.recovered != yes:
			at[e.ch], from[e.ch], got[e.ch], off[e.ch] = s, e.off, 0, e.off
		case e.kind == kindExpiring:
			got[e.ch]++
			off[e.ch] = e.off
		case e.kind == kindMsg:
			off[e.ch] = e.off
		}
	}
	for ch, s := range at {
		passed := off[ch] - from[ch] - (x.rank(ch, s.ep, off[ch]) - x.rank(ch, s.ep, from[ch]))
		n += int64(passed) - int64(got[ch])
	}
	return n
}

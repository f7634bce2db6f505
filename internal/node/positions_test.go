package node_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/broker/memory"
	"throng/internal/session"
	"throng/internal/session/sessiontest"
)

// faulty is a broker on a bad network: what it delivers may be lost or late, and so
// may its answers.
type faulty struct {
	throng.Broker
	mu    sync.Mutex
	fresh throng.Broker // what became of it when it lost its data; it knows no subscriptions
	fail  error
	delay time.Duration // of the answers to History
}

func (f *faulty) History(ctx context.Context, req throng.HistoryRequest, done func(throng.HistoryResult, error)) {
	f.mu.Lock()
	fail, delay := f.fail, f.delay
	f.mu.Unlock()
	f.data().History(ctx, req, func(r throng.HistoryResult, err error) {
		if fail != nil {
			r, err = throng.HistoryResult{}, fail
		}
		if delay == 0 {
			done(r, err)
			return
		}
		time.AfterFunc(delay, func() { done(r, err) })
	})
}

func (f *faulty) set(change func(f *faulty)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *faulty) Publish(ctx context.Context, req throng.PublishRequest, done func(throng.PublishResult, error)) {
	f.data().Publish(ctx, req, done)
}

func (f *faulty) data() throng.Broker {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fresh != nil {
		return f.fresh
	}
	return f.Broker
}

// lossySink stands between a broker and the nodes.
type lossySink struct {
	sinks
	drop  bool
	delay time.Duration
}

func (l *lossySink) Deliver(channel string, p *throng.Publication) {
	switch {
	case l.drop:
	case l.delay > 0:
		time.AfterFunc(l.delay, func() { l.sinks.Deliver(channel, p) })
	default:
		l.sinks.Deliver(channel, p)
	}
}

const interval = 10 * time.Second

// checked is a node whose positions are checked, with five clients: a, b and c count
// offsets in hist:x, d does in hist:y, e does not in hist:x.
type checked struct {
	*place
	sink          *lossySink
	a, b, c, d, e *sessiontest.Wire
}

func withChecks(t *testing.T, test func(c *checked)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.faulty = &faulty{}
		c := &checked{place: w.add(2, 1), sink: &lossySink{sinks: *w.sinks}}
		*w.sinks = sinks{c.sink}
		ctx, stop := context.WithCancel(context.Background())
		var checking sync.WaitGroup
		checking.Go(func() { c.CheckPositions(ctx, interval) })
		c.a, c.b, c.c, c.d, c.e = c.client(0), c.client(0), c.client(1), c.client(1), c.client(0)
		for _, x := range []*sessiontest.Wire{c.a, c.b, c.c} {
			join(x, "hist:x", nil)
		}
		join(c.d, "hist:y", nil)
		c.e.Join(session.SubscribeRequest{Channel: "hist:x"})
		c.publish("hist:x", "1")
		c.publish("hist:y", "1")
		c.settle()
		for _, x := range c.all() {
			x.Take()
		}
		test(c)
		stop()
		checking.Wait()
		c.empty()
	})
}

func (c *checked) all() []*sessiontest.Wire { return []*sessiontest.Wire{c.a, c.b, c.c, c.d, c.e} }

// pass lets time go by, and the loops run meanwhile.
func (c *checked) pass(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(min(time.Until(end), 250*time.Millisecond))
		synctest.Wait()
		c.settle()
	}
}

// expect checks what the five clients got since the last time.
func (c *checked) expect(when string, want ...string) {
	c.t.Helper()
	for i, x := range c.all() {
		if got := strings.Join(x.Take(), ", "); got != want[i] {
			c.t.Errorf("%s: client %c got %q, want %q", when, 'a'+i, got, want[i])
		}
	}
}

func (c *checked) behind() (n uint64) {
	for i := range c.boxes {
		n += c.hub.Table(i).Stats().Behind.Load()
	}
	return n
}

func (c *checked) loseData() {
	fresh := memory.New(c.sinks, memory.Options{Clock: c.clock})
	c.t.Cleanup(func() { _ = fresh.Close(context.Background()) })
	c.faulty.set(func(f *faulty) { f.fresh = fresh })
}

const resync = "resync hist:x"

// The last publication of a channel is lost: no gap would ever tell.
func TestLastPublicationLost(t *testing.T) {
	withChecks(t, func(c *checked) {
		c.sink.drop = true
		c.publish("hist:x", "2")
		c.sink.drop = false
		c.publish("hist:y", "2")
		join(c.b, "hist:x", since(1, c.epoch("hist:x"))) // has it from the history
		c.settle()
		c.expect("at once", "", "subscribed hist:x at 2 recovered=true 2:2, replaced hist:x", "", "hist:y 2:2", "")
		c.pass(2*interval + interval/4)
		c.expect("after two checks", resync, "", resync, "", "")
		join(c.a, "hist:x", since(1, c.epoch("hist:x")))
		c.expect("who comes back", "subscribed hist:x at 2 recovered=true 2:2", "", "", "", "")
		c.publish("hist:x", "3")
		c.pass(4 * interval)
		c.expect("from then on", "hist:x 3:3", "hist:x 3:3", "", "", "hist:x 3:3")
		if n := c.behind(); n != 2 {
			t.Errorf("%d behind", n)
		}
		if s := c.Positions(); s.Checks.Load() < 10 || s.Failed.Load() != 0 {
			t.Errorf("%d checks, %d failed", s.Checks.Load(), s.Failed.Load())
		}
	})
}

// What is on its way for less than half the interval is not lost, and however busy
// a channel is, it is not behind.
func TestSlowDeliveriesAreNotLost(t *testing.T) {
	withChecks(t, func(c *checked) {
		c.sink.delay = interval / 3
		want := ""
		for i := range 40 {
			c.publish("hist:x", "x")
			want += fmt.Sprintf(", hist:x %d:x", i+2)
			c.pass(interval / 7)
		}
		c.pass(2 * interval)
		want = want[2:]
		c.expect("all", want, want, want, "", want)
		if n := c.behind(); n != 0 {
			t.Errorf("%d behind", n)
		}
	})
}

// Errors and late answers prove nothing, neither that somebody is behind nor that
// nobody is.
func TestChecksThatFail(t *testing.T) {
	withChecks(t, func(c *checked) {
		c.sink.drop = true
		c.publish("hist:x", "2")
		c.faulty.set(func(f *faulty) { f.fail = errors.New("no") })
		c.pass(4 * interval)
		c.faulty.set(func(f *faulty) { f.fail = nil })
		c.faulty.set(func(f *faulty) { f.delay = interval*2/3 + time.Second })
		c.pass(4 * interval)
		c.expect("without an answer", "", "", "", "", "")
		if s := c.Positions(); s.Checks.Load() > 2 || s.Failed.Load() < 10 {
			t.Errorf("%d checks, %d failed", s.Checks.Load(), s.Failed.Load())
		}
		c.faulty.set(func(f *faulty) { f.delay = interval / 3 })
		c.pass(3*interval + interval/2)
		c.expect("with answers", resync, resync, resync, "", "")
	})
}

// The broker lost its data, and nothing is published that would tell.
func TestBrokerLostItsData(t *testing.T) {
	withChecks(t, func(c *checked) {
		c.loseData()
		c.pass(2*interval + interval/4)
		c.expect("after two checks", resync, resync, resync, "resync hist:y", "")
		join(c.a, "hist:x", since(1, "the old one"))
		c.expect("who comes back", "subscribed hist:x at 0 recovered=false", "", "", "", "")
		c.publish("hist:x", "new")
		c.pass(3 * interval)
		c.expect("from then on", "hist:x 1:new", "", "", "", "hist:x 1:new")
	})
}

// The same, and the next publication has the offset that they wait for.
func TestBrokerLostItsDataAndGoesOn(t *testing.T) {
	withChecks(t, func(c *checked) {
		c.loseData()
		c.publish("hist:x", "new 1", "new 2")
		c.settle()
		c.expect("at once", resync, resync, resync, "", "hist:x 1:new 1, hist:x 2:new 2")
	})
}

// A broker that never answers is not asked for ever, and does not keep the checker
// from its end.
func TestCheckerOfAHungBroker(t *testing.T) {
	withChecks(t, func(c *checked) {
		var clients []*sessiontest.Wire
		for i := range 300 {
			x := c.client(i % 2)
			join(x, fmt.Sprint("hist:", i), nil)
			clients = append(clients, x)
		}
		c.faulty.set(func(f *faulty) { f.delay = 100 * interval })
		c.pass(3 * interval)
		if s := c.Positions(); s.Failed.Load() != 0 || s.Checks.Load() > 2 {
			t.Errorf("%d checks, %d failed", s.Checks.Load(), s.Failed.Load())
		}
		c.faulty.set(func(f *faulty) { f.delay = 0 })
		c.pass(100 * interval)
		if n := c.Positions().Failed.Load(); n < 100 || n > 200 {
			t.Errorf("%d questions waited", n)
		}
		c.pass(3 * interval)
		if n := c.Positions().Checks.Load(); n < 300 {
			t.Errorf("%d checks, later on", n)
		}
		for _, x := range clients {
			if got := x.Take(); len(got) != 1 {
				t.Fatalf("%q", got)
			}
		}
	})
}

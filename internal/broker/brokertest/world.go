package brokertest

import (
	"context"
	"crypto/rand"
	"sync/atomic"
	"testing"
	"time"

	"throng"
)

// patience is how long a broker may take for anything before it counts as hung.
const patience = 20 * time.Second

// kept is the retention of tests that don't care about it.
var kept = throng.Retention{Size: 1000, TTL: time.Hour}

// world is one test's broker and what surrounds it.
type world struct {
	*testing.T
	opts   Options
	broker throng.Broker
	clock  *throng.Clock
	sink   *recorder
	suffix string
}

func newWorld(t *testing.T, newBroker Factory, opts Options) *world {
	w := &world{T: t, opts: opts, clock: throng.NewClock(), sink: newRecorder(), suffix: rand.Text()[:10]}
	w.broker = newBroker(t, w.sink, w.clock)
	t.Cleanup(func() {
		// Not the test's context: that one is over when clean-ups run.
		if err := w.broker.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return w
}

// channel returns a name that no other test uses.
func (w *world) channel(name string) string { return name + ":" + w.suffix }

// sleep lets n ticks pass.
func (w *world) sleep(n int) { time.Sleep(w.ticks(n)) }

func (w *world) ticks(n int) time.Duration { return time.Duration(n) * w.opts.Tick }

// outcome is what a done callback was called with.
type outcome[T any] struct {
	value T
	err   error
}

// await makes a call and waits for its done, which must come once.
func await[T any](w *world, what string, call func(done func(T, error))) (T, error) {
	w.Helper()
	var calls atomic.Int32
	result := make(chan outcome[T], 1)
	call(func(value T, err error) {
		if n := calls.Add(1); n > 1 {
			w.Errorf("%s: done called %d times", what, n)
			return
		}
		result <- outcome[T]{value, err}
	})
	select {
	case r := <-result:
		return r.value, r.err
	case <-time.After(patience):
		w.Fatalf("%s: done was not called within %v", what, patience)
		panic("unreachable")
	}
}

// must is await for calls that are to succeed.
func must[T any](w *world, what string, call func(done func(T, error))) T {
	w.Helper()
	value, err := await(w, what, call)
	if err != nil {
		w.Fatalf("%s: %v", what, err)
	}
	return value
}

// bare gives a callback without a value the form that await wants.
func bare(done func(struct{}, error)) func(error) {
	return func(err error) { done(struct{}{}, err) }
}

func (w *world) subscribe(channel string) {
	w.Helper()
	must(w, "Subscribe", func(done func(struct{}, error)) {
		w.broker.Subscribe(w.Context(), channel, bare(done))
	})
}

func (w *world) unsubscribe(channel string) {
	w.Helper()
	must(w, "Unsubscribe", func(done func(struct{}, error)) {
		w.broker.Unsubscribe(w.Context(), channel, bare(done))
	})
}

func (w *world) removeHistory(channel string) {
	w.Helper()
	must(w, "RemoveHistory", func(done func(struct{}, error)) {
		w.broker.RemoveHistory(w.Context(), channel, bare(done))
	})
}

func (w *world) request(req throng.PublishRequest) throng.PublishResult {
	w.Helper()
	return must(w, "Publish", func(done func(throng.PublishResult, error)) {
		w.broker.Publish(w.Context(), req, done)
	})
}

// publish publishes each datum and returns the position of the last.
func (w *world) publish(channel string, r throng.Retention, data ...string) throng.Position {
	w.Helper()
	var last throng.Position
	for _, d := range data {
		last = w.request(throng.PublishRequest{Channel: channel, Publication: text(d), Retention: r}).Position
	}
	return last
}

func (w *world) history(req throng.HistoryRequest) throng.HistoryResult {
	w.Helper()
	return must(w, "History", func(done func(throng.HistoryResult, error)) {
		w.broker.History(w.Context(), req, done)
	})
}

// since asks for everything after a position; nil asks for the whole window.
func (w *world) since(channel string, r throng.Retention, p *throng.Position) throng.HistoryResult {
	w.Helper()
	return w.history(throng.HistoryRequest{Channel: channel, Retention: r, Since: p, Limit: -1})
}

func text(data string) *throng.Publication { return &throng.Publication{Data: []byte(data)} }

package brokertest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"throng"
)

var lifeTests = []test{
	{"Life/Cancelled", cancelled},
	{"Life/Closed", closed},
	{"Life/ClosedUnderLoad", closedUnderLoad},
}

// calls makes one call of every kind and gives the error of each to check.
func calls(w *world, ctx context.Context, channel string, check func(what string, err error)) {
	w.Helper()
	bareCalls := map[string]func(context.Context, string, func(error)){
		"Subscribe":     w.broker.Subscribe,
		"Unsubscribe":   w.broker.Unsubscribe,
		"RemoveHistory": w.broker.RemoveHistory,
	}
	for what, call := range bareCalls {
		_, err := await(w, what, func(done func(struct{}, error)) { call(ctx, channel, bare(done)) })
		check(what, err)
		call(ctx, channel, nil)
	}
	for _, r := range []throng.Retention{kept, {}} {
		publish := throng.PublishRequest{Channel: channel, Publication: text("refused"), Retention: r}
		_, err := await(w, "Publish", func(done func(throng.PublishResult, error)) { w.broker.Publish(ctx, publish, done) })
		check("Publish", err)
		history := throng.HistoryRequest{Channel: channel, Retention: r, Limit: -1}
		_, err = await(w, "History", func(done func(throng.HistoryResult, error)) { w.broker.History(ctx, history, done) })
		check("History", err)
	}
}

// cancelled: a call whose context is over does nothing and says so.
func cancelled(w *world) {
	channel := w.channel("a")
	w.subscribe(channel)
	ctx, cancel := context.WithCancel(w.Context())
	cancel()
	calls(w, ctx, channel, func(what string, err error) {
		w.Helper()
		if !errors.Is(err, context.Canceled) {
			w.Errorf("%s with a cancelled context: %v, want %v", what, err, context.Canceled)
		}
	})
	w.subscribe(channel)
	if p := w.publish(channel, kept, "1"); p.Offset != 1 {
		w.Errorf("the first publication got offset %d", p.Offset)
	}
	w.wantData("sink", w.sink.wait(w, channel, 1), "1")
}

// closed: after Close every call completes, and says that it was too late.
func closed(w *world) {
	channel := w.channel("a")
	w.subscribe(channel)
	w.publish(channel, kept, "1")
	if err := w.broker.Close(w.Context()); err != nil {
		w.Fatalf("Close: %v", err)
	}
	calls(w, w.Context(), channel, func(what string, err error) {
		w.Helper()
		if !errors.Is(err, throng.ErrClosed) {
			w.Errorf("%s after Close: %v, want %v", what, err, throng.ErrClosed)
		}
	})
	if got, _ := w.sink.delivered(channel); len(got) != 1 {
		w.Errorf("%d publications were delivered, 1 before Close", len(got))
	}
}

// closedUnderLoad: a call that meets Close completes all the same, once, and is
// acknowledged only if it was delivered.
func closedUnderLoad(w *world) {
	const publishers, each = 4, 200
	channel := w.channel("a")
	w.subscribe(channel)
	var pending sync.WaitGroup
	pending.Add(publishers * each)
	started := make(chan struct{}, publishers)
	for p := range publishers {
		go func() {
			for i := range each {
				if i == 10 {
					started <- struct{}{}
				}
				data := fmt.Sprintf("%d-%d", p, i)
				req := throng.PublishRequest{Channel: channel, Publication: text(data), Retention: kept}
				w.broker.Publish(w.Context(), req, func(_ throng.PublishResult, err error) {
					defer pending.Done()
					if err == nil && !w.sink.holds(channel, data) {
						w.Errorf("publication %s was acknowledged and not delivered", data)
					}
				})
			}
		}()
	}
	for range publishers {
		<-started
	}
	if err := w.broker.Close(w.Context()); err != nil {
		w.Errorf("Close: %v", err)
	}
	waitFor(w, "results", &pending)
}

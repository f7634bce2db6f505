package brokertest

import (
	"fmt"
	"sync"
	"time"

	"throng"
)

var orderTests = []test{
	{"Order/ManyPublishers", manyPublishers},
	{"Order/OnePublisher", onePublisher},
	{"Order/AcknowledgedAfterDelivery", acknowledgedAfterDelivery},
	{"Order/DoneMayCallBack", doneMayCallBack},
	{"Order/SubscribeUnsubscribe", subscribeUnsubscribe},
	{"Order/Unsubscribed", unsubscribed},
}

// flood publishes each publisher's numbered messages in every channel, without
// waiting for an acknowledgement, and returns the results by channel and data.
func flood(w *world, channels []string, r throng.Retention, publishers, each int) map[string]map[string]throng.Position {
	w.Helper()
	var mu sync.Mutex
	var pending sync.WaitGroup
	acks := make(map[string]map[string]throng.Position)
	for _, channel := range channels {
		acks[channel] = make(map[string]throng.Position)
	}
	pending.Add(len(channels) * publishers * each)
	publish := func(channel, data string) {
		req := throng.PublishRequest{Channel: channel, Publication: text(data), Retention: r}
		w.broker.Publish(w.Context(), req, func(res throng.PublishResult, err error) {
			defer pending.Done()
			if err != nil {
				w.Errorf("Publish: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			acks[channel][data] = res.Position
		})
	}
	for p := range publishers {
		go func() {
			for i := range each {
				for _, channel := range channels {
					publish(channel, fmt.Sprintf("p%d-%04d", p, i))
				}
			}
		}()
	}
	waitFor(w, "acknowledgements", &pending)
	return acks
}

func waitFor(w *world, what string, group *sync.WaitGroup) {
	w.Helper()
	finished := make(chan struct{})
	go func() {
		group.Wait()
		close(finished)
	}()
	select {
	case <-finished:
	case <-time.After(patience):
		w.Fatalf("%s did not all come within %v", what, patience)
	}
}

// manyPublishers: whoever looks at a channel, its sink, its history or its
// acknowledgements, sees one order.
func manyPublishers(w *world) {
	const publishers, each = 8, 50
	channels := []string{w.channel("a"), w.channel("b"), w.channel("c")}
	for _, channel := range channels {
		w.subscribe(channel)
	}
	acks := flood(w, channels, kept, publishers, each)
	for _, channel := range channels {
		delivered := w.sink.wait(w, channel, publishers*each)
		w.wantSteps("sink", delivered, 1)
		w.wantPublisherOrder(delivered)
		res := w.since(channel, kept, nil)
		w.wantEpoch("sink", delivered, res.Position.Epoch)
		w.wantSame("history and sink", res.Publications, delivered)
		if len(acks[channel]) != len(delivered) {
			w.Errorf("%d publications were acknowledged, %d delivered", len(acks[channel]), len(delivered))
		}
		for _, p := range delivered {
			want := throng.Position{Offset: p.Offset, Epoch: res.Position.Epoch}
			w.wantPosition("acknowledgement", acks[channel][string(p.Data)], want)
		}
	}
}

// wantPublisherOrder checks that each publisher's messages come in their order.
func (w *world) wantPublisherOrder(pubs []*throng.Publication) {
	w.Helper()
	last := make(map[string]string)
	for _, p := range pubs {
		publisher, number := string(p.Data[:2]), string(p.Data[3:])
		if number <= last[publisher] {
			w.Fatalf("%s: %s was delivered after %s", publisher, number, last[publisher])
		}
		last[publisher] = number
	}
}

// onePublisher: without history, calls of one caller take effect in their order
// all the same, and a publication is delivered once.
func onePublisher(w *world) {
	channel := w.channel("a")
	w.subscribe(channel)
	flood(w, []string{channel}, throng.Retention{}, 1, 300)
	delivered := w.sink.wait(w, channel, 300)
	w.wantPublisherOrder(delivered)
	if len(delivered) != 300 {
		w.Errorf("300 publications were delivered %d times", len(delivered))
	}
}

// acknowledgedAfterDelivery: when done is called, the sink has the publication
// already, so that a publisher's reply can follow its own message.
func acknowledgedAfterDelivery(w *world) {
	for name, r := range map[string]throng.Retention{"history": kept, "plain": {}} {
		channel := w.channel(name)
		w.subscribe(channel)
		var pending sync.WaitGroup
		pending.Add(100)
		for i := range 100 {
			data := fmt.Sprint(i)
			req := throng.PublishRequest{Channel: channel, Publication: text(data), Retention: r}
			w.broker.Publish(w.Context(), req, func(throng.PublishResult, error) {
				defer pending.Done()
				if !w.sink.holds(channel, data) {
					w.Errorf("%s: publication %s was acknowledged before it was delivered", name, data)
				}
			})
		}
		waitFor(w, "acknowledgements", &pending)
	}
}

// doneMayCallBack: done is called without a lock, so it may start the next call,
// in the same channel too; and nobody has to pass one.
func doneMayCallBack(w *world) {
	channel := w.channel("a")
	w.subscribe(channel)
	req := func(data string) throng.PublishRequest {
		return throng.PublishRequest{Channel: channel, Publication: text(data), Retention: kept}
	}
	w.broker.Publish(w.Context(), req("1"), nil)
	res := must(w, "History inside Publish", func(done func(throng.HistoryResult, error)) {
		w.broker.Publish(w.Context(), req("2"), func(throng.PublishResult, error) {
			w.broker.Publish(w.Context(), req("3"), func(throng.PublishResult, error) {
				w.broker.History(w.Context(), throng.HistoryRequest{Channel: channel, Retention: kept, Limit: -1}, done)
			})
		})
	})
	w.wantData("history", res.Publications, "1", "2", "3")
	w.broker.History(w.Context(), throng.HistoryRequest{Channel: channel, Retention: kept}, nil)
	w.broker.RemoveHistory(w.Context(), channel, nil)
	w.broker.Unsubscribe(w.Context(), channel, nil)
	w.broker.Subscribe(w.Context(), channel, nil)
}

// subscribeUnsubscribe: the last call decides, even if nobody waits in between.
func subscribeUnsubscribe(w *world) {
	for range 20 {
		channel := w.channel("a")
		w.broker.Subscribe(w.Context(), channel, nil)
		w.broker.Unsubscribe(w.Context(), channel, nil)
		w.subscribe(channel)
		w.publish(channel, throng.Retention{}, "on")
		if !w.sink.holds(channel, "on") {
			w.Fatal("a publication after subscribe, unsubscribe, subscribe was not delivered")
		}
		w.unsubscribe(channel)
	}
}

// unsubscribed: deliveries end; those under way may still come.
func unsubscribed(w *world) {
	if w.opts.DeliversAll {
		w.Skip("this broker delivers everything")
	}
	channel := w.channel("a")
	w.subscribe(channel)
	w.publish(channel, throng.Retention{}, "before")
	w.sink.wait(w, channel, 1)
	w.unsubscribe(channel)
	for start := time.Now(); time.Since(start) < patience; time.Sleep(10 * time.Millisecond) {
		before, _ := w.sink.delivered(channel)
		w.publish(channel, throng.Retention{}, "after")
		time.Sleep(50 * time.Millisecond)
		if after, _ := w.sink.delivered(channel); len(after) == len(before) {
			return
		}
	}
	w.Error("deliveries go on after Unsubscribe")
}

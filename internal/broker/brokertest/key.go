package brokertest

import (
	"sync"
	"time"

	"throng"
)

var keyTests = []test{
	{"Key/Repeated", keyRepeated},
	{"Key/Concurrent", keyConcurrent},
}

func keyed(channel, data, key string, r throng.Retention) throng.PublishRequest {
	return throng.PublishRequest{
		Channel: channel, Publication: text(data), Retention: r,
		IdempotencyKey: key, IdempotencyTTL: time.Hour,
	}
}

// keyRepeated: a repetition returns the first result and publishes nothing; a key
// means something in its own channel only.
func keyRepeated(w *world) {
	for name, r := range map[string]throng.Retention{"history": kept, "plain": {}} {
		channel, other := w.channel(name), w.channel(name+" other")
		w.subscribe(channel)
		first := w.request(keyed(channel, "1", "key", r))
		w.publish(channel, r, "2")
		again := w.request(keyed(channel, "again", "key", r))
		if first.Duplicate || !again.Duplicate {
			w.Errorf("%s: Duplicate is %v, then %v", name, first.Duplicate, again.Duplicate)
		}
		w.wantPosition(name, again.Position, first.Position)
		for _, req := range []throng.PublishRequest{
			keyed(channel, "3", "another key", r),
			keyed(channel, "4", "", r),
			keyed(channel, "5", "", r),
			keyed(other, "6", "key", r),
		} {
			if w.request(req).Duplicate {
				w.Errorf("%s: publication %s was taken for a duplicate", name, req.Publication.Data)
			}
		}
		w.wantData(name, w.sink.wait(w, channel, 5), numbers(1, 5)...)
		if r.Enabled() {
			w.wantData(name, w.since(channel, r, nil).Publications, numbers(1, 5)...)
		}
	}
}

// keyConcurrent: of many at once, one is published and all learn where.
func keyConcurrent(w *world) {
	channel := w.channel("a")
	w.subscribe(channel)
	const tries = 24
	results := make(chan throng.PublishResult, tries)
	var pending sync.WaitGroup
	for range tries {
		pending.Add(1)
		go w.broker.Publish(w.Context(), keyed(channel, "once", "key", kept), func(res throng.PublishResult, err error) {
			defer pending.Done()
			if err != nil {
				w.Errorf("Publish: %v", err)
			}
			results <- res
		})
	}
	waitFor(w, "results", &pending)
	close(results)
	originals := 0
	top := w.since(channel, kept, nil)
	for res := range results {
		if !res.Duplicate {
			originals++
		}
		w.wantPosition("result", res.Position, throng.Position{Offset: 1, Epoch: top.Position.Epoch})
	}
	if originals != 1 {
		w.Errorf("%d results are not duplicates, want 1", originals)
	}
	w.wantData("history", top.Publications, "once")
	w.publish(channel, kept, "end")
	w.wantData("sink", w.sink.wait(w, channel, 2), "once", "end")
}

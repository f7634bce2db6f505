package brokertest

import "throng"

// timedTests wait for deadlines. They count in ticks and keep two ticks away from
// any deadline, so that a slow machine does not decide them.
var timedTests = []test{
	{"Time/Window", windowTime},
	{"Time/Deadlines", publicationDeadlines},
	{"Time/KeptWhileSubscribed", keptWhileSubscribed},
	{"Time/KeptAfterTouch", keptAfterTouch},
	{"Time/Forgotten", forgotten},
	{"Time/KeyExpires", keyExpires},
}

// windowTime: publications leave when their time is over, and then are missing.
func windowTime(w *world) {
	channel := w.channel("a")
	r := throng.Retention{Size: 100, TTL: w.ticks(8)}
	epoch := w.publish(channel, r, "1").Epoch
	w.sleep(5)
	w.publish(channel, r, "2")
	w.wantData("both in time", w.since(channel, r, nil).Publications, "1", "2")
	w.sleep(5)
	res := w.since(channel, r, &throng.Position{Offset: 1, Epoch: epoch})
	w.wantPosition("one left", res.Position, throng.Position{Offset: 2, Epoch: epoch})
	w.wantData("one left", res.Publications, "2")
	w.wantComplete("after what left", res, true)
	res = w.since(channel, r, &throng.Position{Offset: 0, Epoch: epoch})
	w.wantData("one left", res.Publications, "2")
	w.wantComplete("before what left", res, false)
}

// publicationDeadlines: what expired by its own deadline is not read, and nobody
// misses it.
func publicationDeadlines(w *world) {
	channel := w.channel("a")
	publish := func(data string, ticks int) throng.Position {
		p := text(data)
		if ticks > 0 {
			p.ExpiresAt = w.clock.Now() + w.ticks(ticks).Milliseconds()
		}
		return w.request(throng.PublishRequest{Channel: channel, Publication: p, Retention: kept}).Position
	}
	publish("1", 3)
	publish("2", 0)
	publish("3", 3)
	publish("4", 100)
	top := publish("5", 3)
	start := throng.Position{Offset: 0, Epoch: top.Epoch}
	w.wantData("in time", w.since(channel, kept, &start).Publications, numbers(1, 5)...)
	w.sleep(5)
	for _, c := range []struct {
		limit   int
		reverse bool
		want    []string
	}{
		{-1, false, []string{"2", "4"}},
		{-1, true, []string{"4", "2"}},
		{1, false, []string{"2"}},
		{1, true, []string{"4"}},
	} {
		res := w.history(throng.HistoryRequest{Channel: channel, Retention: kept, Since: &start, Limit: c.limit, Reverse: c.reverse})
		w.wantPosition("expired", res.Position, top)
		w.wantData("expired", res.Publications, c.want...)
		w.wantComplete("expired", res, true)
	}
}

// keptWhileSubscribed: an empty window is no reason to forget the position.
func keptWhileSubscribed(w *world) {
	channel, untouched := w.channel("a"), w.channel("b")
	r := throng.Retention{Size: 10, TTL: w.ticks(3)}
	w.subscribe(channel)
	w.subscribe(untouched)
	start := w.since(untouched, r, nil).Position
	top := w.publish(channel, r, "1", "2")
	for range 3 {
		w.sleep(12)
		res := w.since(channel, r, &top)
		w.wantPosition("published", res.Position, top)
		w.wantData("published", res.Publications)
		w.wantComplete("from the top", res, true)
		res = w.since(channel, r, &throng.Position{Offset: 1, Epoch: top.Epoch})
		w.wantComplete("behind", res, false)
	}
	w.wantPosition("never published", w.since(untouched, r, &start).Position, start)
	w.sleep(12)
	w.wantPosition("next", w.publish(channel, r, "3"), throng.Position{Offset: 3, Epoch: top.Epoch})
}

// keptAfterTouch: publish, history and unsubscribe each give a stream its whole
// retention again, subscribed or not.
func keptAfterTouch(w *world) {
	channel := w.channel("a")
	r := throng.Retention{Size: 10, TTL: w.ticks(8)}
	start := w.since(channel, r, nil).Position
	w.sleep(5)
	w.wantPosition("after a history", w.publish(channel, r, "1"), throng.Position{Offset: 1, Epoch: start.Epoch})
	w.sleep(5)
	res := w.since(channel, r, &start)
	w.wantData("after a publish", res.Publications, "1")
	w.wantComplete("after a publish", res, true)
	w.sleep(5)
	w.wantPosition("after a history", w.since(channel, r, nil).Position, throng.Position{Offset: 1, Epoch: start.Epoch})
	w.subscribe(channel)
	w.sleep(12)
	w.unsubscribe(channel)
	w.sleep(5)
	w.wantPosition("after an unsubscribe", w.since(channel, r, nil).Position, throng.Position{Offset: 1, Epoch: start.Epoch})
}

// forgotten: a stream that nobody needs may end. If it did, its successor must
// not pass for it.
func forgotten(w *world) {
	channel := w.channel("a")
	r := throng.Retention{Size: 10, TTL: w.ticks(3)}
	w.subscribe(channel)
	old := w.publish(channel, r, "1", "2")
	w.unsubscribe(channel)
	w.sleep(12)
	res := w.since(channel, r, &old)
	w.wantData("forgotten", res.Publications)
	same := res.Position.Epoch == old.Epoch
	if same {
		w.wantPosition("kept", res.Position, old)
	} else if res.Position.Offset != 0 {
		w.Errorf("a new stream starts at %v", res.Position)
	}
	w.wantComplete("from the old position", res, same)
	next := w.publish(channel, r, "3")
	w.wantPosition("next", next, throng.Position{Offset: res.Position.Offset + 1, Epoch: res.Position.Epoch})
	w.wantEpoch("next", w.since(channel, r, &res.Position).Publications, next.Epoch)
	w.wantComplete("from the old position", w.since(channel, r, &old), same)
	w.wantComplete("from the first offset", w.since(channel, r, &throng.Position{Offset: 1, Epoch: old.Epoch}), false)
}

// keyExpires: a key is remembered for its time, whatever becomes of the window.
func keyExpires(w *world) {
	channel := w.channel("a")
	r := throng.Retention{Size: 1, TTL: w.ticks(3)}
	w.subscribe(channel)
	req := func(data string) throng.PublishRequest {
		q := keyed(channel, data, "key", r)
		q.IdempotencyTTL = w.ticks(8)
		return q
	}
	first := w.request(req("1"))
	w.publish(channel, r, "2")
	w.sleep(5)
	again := w.request(req("again"))
	w.wantPosition("in time", again.Position, first.Position)
	if !again.Duplicate {
		w.Error("a repetition in time was not taken for a duplicate")
	}
	w.sleep(6) // the repetition does not prolong the key
	later := w.request(req("3"))
	w.wantPosition("too late", later.Position, throng.Position{Offset: 3, Epoch: first.Position.Epoch})
	if later.Duplicate {
		w.Error("a repetition after the key's time was taken for a duplicate")
	}
	w.wantData("sink", w.sink.wait(w, channel, 3), "1", "2", "3")
}

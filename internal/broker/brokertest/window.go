package brokertest

import (
	"fmt"
	"strings"
	"time"

	"throng"
)

var windowTests = []test{
	{"Window/Size", windowSize},
	{"Window/Bytes", windowBytes},
	{"Window/Reads", windowReads},
	{"Window/Complete", windowComplete},
	{"Window/NewStream", newStream},
	{"Window/Resized", windowResized},
	{"Window/Removed", windowRemoved},
	{"Window/ExpiredAtPublish", expiredAtPublish},
	{"Window/NoHistory", noHistory},
}

func numbers(from, to int) []string {
	out := []string{}
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

// windowSize: a full window keeps the newest, whatever its size.
func windowSize(w *world) {
	for _, size := range []int{1, 2, 10, 33} {
		channel := w.channel(fmt.Sprint("size", size))
		r := throng.Retention{Size: size, TTL: time.Hour}
		for i := 1; i <= 2*size+1; i++ {
			if p := w.publish(channel, r, fmt.Sprint(i)); p.Offset != uint64(i) || p.Epoch == "" {
				w.Fatalf("publication %d got position %v", i, p)
			}
			res := w.since(channel, r, nil)
			first := max(1, i-size+1)
			w.wantData(fmt.Sprintf("size %d after %d", size, i), res.Publications, numbers(first, i)...)
			w.wantSteps("history", res.Publications, uint64(first))
			w.wantEpoch("history", res.Publications, res.Position.Epoch)
			w.wantComplete("without Since", res, true)
		}
	}
}

// windowBytes: large publications let older ones go, but for the newest, and small ones
// have room again. What went is missed.
func windowBytes(w *world) {
	const most = 64 << 10
	channel := w.channel("bytes")
	r := throng.Retention{Size: 100, TTL: time.Hour, Bytes: most}
	first := w.publish(channel, r, "0")
	size := func(pubs []*throng.Publication) (n int) {
		for _, p := range pubs {
			n += len(p.Data)
		}
		return n
	}
	large := func(n int) string { return `"` + strings.Repeat("x", n-2) + `"` }
	for range 9 {
		w.publish(channel, r, large(most/4))
		if n := size(w.since(channel, r, nil).Publications); n > most {
			w.Fatalf("%d bytes are kept, and may be %d", n, most)
		}
	}
	if n := size(w.since(channel, r, nil).Publications); n < most/2 {
		w.Errorf("only %d bytes are kept of %d", n, most)
	}
	w.wantComplete("behind the first", w.since(channel, r, &first), false)
	w.publish(channel, r, large(2*most))
	if n := size(w.since(channel, r, nil).Publications); n != 2*most {
		w.Errorf("%d bytes are kept, not those of the newest", n)
	}
	w.publish(channel, r, numbers(1, 20)...)
	w.wantData("small ones", w.since(channel, r, nil).Publications, numbers(1, 20)...)
	r.Bytes = 1
	w.publish(channel, r, "21")
	w.wantData("a smaller bound", w.since(channel, r, nil).Publications, "21")
}

// windowReads: Since, Limit and Reverse in a window of 6…15.
func windowReads(w *world) {
	channel := w.channel("a")
	r := throng.Retention{Size: 10, TTL: time.Hour}
	top := w.publish(channel, r, numbers(1, 15)...)
	const none = -1
	for _, c := range []struct {
		since, limit int
		reverse      bool
		want         []string
	}{
		{none, -1, false, numbers(6, 15)},
		{none, -1, true, []string{"15", "14", "13", "12", "11", "10", "9", "8", "7", "6"}},
		{none, 0, false, nil},
		{none, 0, true, nil},
		{none, 3, false, numbers(6, 8)},
		{none, 3, true, []string{"15", "14", "13"}},
		{none, 99, false, numbers(6, 15)},
		{15, -1, false, nil},
		{14, -1, false, []string{"15"}},
		{14, 0, false, nil},
		{12, -1, false, numbers(13, 15)},
		{12, 2, false, numbers(13, 14)},
		{12, 2, true, []string{"15", "14"}},
		{12, -1, true, []string{"15", "14", "13"}},
		{5, -1, false, numbers(6, 15)},
		{2, -1, false, numbers(6, 15)},
		{2, 2, false, numbers(6, 7)},
		{0, 2, true, []string{"15", "14"}},
	} {
		req := throng.HistoryRequest{Channel: channel, Retention: r, Limit: c.limit, Reverse: c.reverse}
		if c.since != none {
			req.Since = &throng.Position{Offset: uint64(c.since), Epoch: top.Epoch}
		}
		what := fmt.Sprintf("since %d, limit %d, reverse %v", c.since, c.limit, c.reverse)
		res := w.history(req)
		w.wantPosition(what, res.Position, top)
		w.wantData(what, res.Publications, c.want...)
		w.wantComplete(what, res, c.since == none || c.since >= 5)
	}
}

// windowComplete: a gap that can't be closed is said.
func windowComplete(w *world) {
	channel := w.channel("a")
	r := throng.Retention{Size: 3, TTL: time.Hour}
	epoch := w.publish(channel, r, "1", "2").Epoch
	ask := func(offset uint64, epoch string) throng.HistoryResult {
		w.Helper()
		return w.since(channel, r, &throng.Position{Offset: offset, Epoch: epoch})
	}
	w.wantComplete("from the beginning", ask(0, epoch), true)
	w.wantComplete("from the top", ask(2, epoch), true)
	w.wantComplete("from the future", ask(3, epoch), false)
	for _, foreign := range []string{"", "x", epoch + "x"} {
		for offset := range uint64(4) {
			w.wantComplete(fmt.Sprintf("epoch %q, offset %d", foreign, offset), ask(offset, foreign), false)
		}
	}
	w.publish(channel, r, "3", "4", "5") // 1 and 2 leave
	w.wantComplete("before what was trimmed", ask(0, epoch), false)
	w.wantComplete("within what was trimmed", ask(1, epoch), false)
	w.wantComplete("right after what was trimmed", ask(2, epoch), true)
	w.wantData("before what was trimmed", ask(1, epoch).Publications, "3", "4", "5")
	w.wantComplete("far in the future", ask(1<<60, epoch), false)
}

// newStream: asking for the position of an untouched channel starts its stream.
func newStream(w *world) {
	channel, other := w.channel("a"), w.channel("b")
	res := w.history(throng.HistoryRequest{Channel: channel, Retention: kept})
	start := res.Position
	if start.Offset != 0 || start.Epoch == "" {
		w.Fatalf("a new stream is at %v, want offset 0 and an epoch", start)
	}
	w.wantComplete("a new stream", res, true)
	w.wantPosition("asked again", w.since(channel, kept, nil).Position, start)
	w.publish(other, kept, "elsewhere")

	res = w.since(channel, kept, &start)
	w.wantComplete("from the start, nothing published", res, true)
	w.wantData("from the start, nothing published", res.Publications)

	w.wantPosition("first publication", w.publish(channel, kept, "1"), throng.Position{Offset: 1, Epoch: start.Epoch})
	res = w.since(channel, kept, &start)
	w.wantComplete("from the start", res, true)
	w.wantData("from the start", res.Publications, "1")
}

// windowResized: a reload may change a channel's retention between publishes.
func windowResized(w *world) {
	channel := w.channel("a")
	size := func(n int) throng.Retention { return throng.Retention{Size: n, TTL: time.Hour} }
	epoch := w.publish(channel, size(10), numbers(1, 10)...).Epoch

	top := w.publish(channel, size(3), "11")
	w.wantPosition("smaller", top, throng.Position{Offset: 11, Epoch: epoch})
	w.wantData("smaller", w.since(channel, size(3), nil).Publications, numbers(9, 11)...)
	w.wantComplete("smaller", w.since(channel, size(3), &throng.Position{Offset: 7, Epoch: epoch}), false)

	w.publish(channel, size(5), numbers(12, 20)...)
	res := w.since(channel, size(5), &throng.Position{Offset: 15, Epoch: epoch})
	w.wantData("larger", res.Publications, numbers(16, 20)...)
	w.wantComplete("larger", res, true)
}

// windowRemoved: what was removed is missing, the positions go on.
func windowRemoved(w *world) {
	channel := w.channel("a")
	w.removeHistory(w.channel("never used"))
	top := w.publish(channel, kept, "1", "2", "3")
	w.removeHistory(channel)
	res := w.since(channel, kept, nil)
	w.wantPosition("removed", res.Position, top)
	w.wantData("removed", res.Publications)
	w.wantComplete("behind", w.since(channel, kept, &throng.Position{Offset: 2, Epoch: top.Epoch}), false)
	w.wantComplete("at the top", w.since(channel, kept, &top), true)

	w.wantPosition("next", w.publish(channel, kept, "4"), throng.Position{Offset: 4, Epoch: top.Epoch})
	res = w.since(channel, kept, &top)
	w.wantData("next", res.Publications, "4")
	w.wantComplete("next", res, true)
}

// expiredAtPublish: a publication that comes too late takes its offset, so that
// nobody sees a gap, reaches the sink, and is never read.
func expiredAtPublish(w *world) {
	channel := w.channel("a")
	w.subscribe(channel)
	w.publish(channel, kept, "1")
	late := text("late")
	late.ExpiresAt = w.clock.Now() - 1
	res := w.request(throng.PublishRequest{Channel: channel, Publication: late, Retention: kept})
	if res.Position.Offset != 2 {
		w.Errorf("an expired publication got offset %d, want 2", res.Position.Offset)
	}
	w.publish(channel, kept, "3")
	w.wantSteps("sink", w.sink.wait(w, channel, 3), 1)
	got := w.since(channel, kept, &throng.Position{Offset: 0, Epoch: res.Position.Epoch})
	w.wantData("history", got.Publications, "1", "3")
	w.wantComplete("history", got, true)
	limited := w.history(throng.HistoryRequest{Channel: channel, Retention: kept, Since: &throng.Position{Offset: 1, Epoch: res.Position.Epoch}, Limit: 1})
	w.wantData("the limit counts what can be read", limited.Publications, "3")
}

// noHistory: a channel that keeps nothing has no positions.
func noHistory(w *world) {
	channel := w.channel("a")
	w.subscribe(channel)
	for _, r := range []throng.Retention{{}, {Size: 10}, {TTL: time.Hour}} {
		w.wantPosition("publish", w.publish(channel, r, "x"), throng.Position{})
		res := w.since(channel, r, nil)
		w.wantPosition("history", res.Position, throng.Position{})
		w.wantData("history", res.Publications)
		w.wantComplete("without Since", res, true)
		w.wantComplete("with Since", w.since(channel, r, &throng.Position{}), false)
		w.wantComplete("with Since", w.since(channel, r, &throng.Position{Offset: 1, Epoch: "x"}), false)
	}
	for _, p := range w.sink.wait(w, channel, 3) {
		if p.Offset != 0 {
			w.Errorf("a publication without history was delivered with offset %d", p.Offset)
		}
	}
	w.wantEpoch("sink", w.sink.wait(w, channel, 3), "")
	w.removeHistory(channel)
}

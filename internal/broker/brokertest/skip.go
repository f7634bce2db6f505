package brokertest

import "throng"

var skipTests = []test{{"SkipHistory", skipHistory}}

// skipHistory: such a publication is delivered in its place among the others, takes
// no offset and leaves the stream as it is.
func skipHistory(w *world) {
	channel := w.channel("a")
	w.subscribe(channel)
	first := w.publish(channel, kept, "1")
	res := w.request(throng.PublishRequest{Channel: channel, Publication: text("2"), Retention: kept, SkipHistory: true})
	w.wantPosition("result", res.Position, throng.Position{})
	last := w.publish(channel, kept, "3")
	w.wantPosition("next", last, throng.Position{Offset: first.Offset + 1, Epoch: first.Epoch})
	got := w.sink.wait(w, channel, 3)
	w.wantData("sink", got, numbers(1, 3)...)
	if got[1].Offset != 0 {
		w.Errorf("it has offset %d", got[1].Offset)
	}
	h := w.since(channel, kept, &first)
	w.wantData("history", h.Publications, "3")
	w.wantComplete("history", h, true)
}

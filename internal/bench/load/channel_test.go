package load

import (
	"math/rand/v2"
	"testing"
	"time"

	"throng/internal/bench/report"
)

// The last subscriber's time is that of the last one, however messages overlap.
func TestLastSubscriber(t *testing.T) {
	t.Parallel()
	const subs, messages = 7, 50
	ch := &channel{subs: subs}
	type delivery struct {
		m  mark
		at int64
	}
	var all []delivery
	want := map[mark]time.Duration{}
	for i := range messages {
		m := mark{user: uint32(i % 3), seq: uint32(i + 1), at: int64(i) * 10}
		for range subs {
			at := m.at + rand.Int64N(1000)
			all = append(all, delivery{m, at})
			want[m] = max(want[m], time.Duration(at-m.at))
		}
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, d := range all {
		took, last := ch.deliver(d.m, d.at)
		if !last {
			continue
		}
		if took != want[d.m] {
			t.Errorf("%+v: %v, want %v", d.m, took, want[d.m])
		}
		delete(want, d.m)
	}
	if len(want) > 0 || len(ch.flights) > 0 {
		t.Errorf("%d messages never reached all, %d are on their way", len(want), len(ch.flights))
	}
}

func TestOnlySubscriber(t *testing.T) {
	t.Parallel()
	ch := &channel{subs: 1}
	if took, last := ch.deliver(mark{at: 5}, 12); took != 7 || !last {
		t.Error(took, last)
	}
	if len(ch.flights) > 0 {
		t.Error("it is remembered")
	}
}

// What never arrives everywhere is not remembered for ever.
func TestFlightsAreBounded(t *testing.T) {
	t.Parallel()
	ch := &channel{subs: 2}
	for seq := range uint32(10 * maxFlights) {
		ch.deliver(mark{seq: seq + 1}, 1)
	}
	if len(ch.flights) != maxFlights {
		t.Errorf("%d", len(ch.flights))
	}
	if _, last := ch.deliver(mark{seq: 10 * maxFlights}, 1); !last {
		t.Error("the newest was forgotten")
	}
}

// Who gets a message twice does not stand for somebody who has not got it.
func TestRepetitionIsNotTheLast(t *testing.T) {
	t.Parallel()
	w, _ := pretend(t, `
[[users]]
count = 2
join = ["c"]
[[users.script]]
times = 1
[[users.script.step]]
do = "send"
channel = "c"
[[phase]]
do = "arrive"
[[phase]]
do = "act"
`)
	w.static = true
	ch := &channel{subs: 2}
	one, other := &sub{ch: ch, whole: true}, &sub{ch: ch, whole: true}
	m := mark{user: 0, seq: 1, at: 100}
	w.deliver(one, m, 200)
	w.deliver(one, m, 300)
	if n := w.figures.last.Count(); n != 0 {
		t.Fatalf("%d messages have reached the last one", n)
	}
	w.deliver(other, m, 100+int64(5*time.Millisecond))
	if n, most := w.figures.last.Count(), w.figures.last.Max().Round(time.Millisecond); n != 1 || most != 5*time.Millisecond {
		t.Errorf("%d, %v", n, most)
	}
	for _, foreign := range []mark{{user: 2, seq: 1}, {user: 1, seq: 0}} {
		w.deliver(one, foreign, 400)
	}
	if want := (report.Checks{Duplicates: 1, Foreign: 2}); w.checks != want || w.counts.Received != 3 {
		t.Errorf("got %+v, want %+v; %d received", w.checks, want, w.counts.Received)
	}
}

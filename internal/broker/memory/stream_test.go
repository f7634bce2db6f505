package memory

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"throng"
)

// These tests know the stream from inside: it is a type of its own, hidden behind
// the broker, and says more when it is asked alone.

func newTestStream(size int, life time.Duration) *stream {
	return &stream{epoch: "e", retention: throng.Retention{Size: size, TTL: life}, window: window{load: new(load)}}
}

func offsets(pubs []*throng.Publication) []uint64 {
	out := []uint64{}
	for _, p := range pubs {
		out = append(out, p.Offset)
	}
	return out
}

func ask(s *stream, since uint64, now int64) throng.HistoryResult {
	s.trim(now, all)
	r, _ := s.read(&throng.HistoryRequest{Since: &throng.Position{Offset: since, Epoch: "e"}, Limit: -1}, now)
	return r
}

// TestStreamComplete follows one stream through its life. Each step publishes at
// a time (0: nothing), with a deadline (0: none), then asks.
func TestStreamComplete(t *testing.T) {
	s := newTestStream(3, 100*time.Millisecond)
	for i, step := range []struct {
		publish, deadline int64
		now               int64
		since             uint64
		want              []uint64
		complete          bool
	}{
		{0, 0, 10, 0, []uint64{}, true},
		{0, 0, 10, 1, []uint64{}, false}, // the future
		{10, 0, 10, 0, []uint64{1}, true},
		{20, 30, 20, 0, []uint64{1, 2}, true},
		{0, 0, 30, 0, []uint64{1}, true}, // 2 expired
		{30, 0, 30, 1, []uint64{3}, true},
		{40, 0, 40, 0, []uint64{3, 4}, false}, // 1 left by size, the window is 2 3 4
		{0, 0, 40, 1, []uint64{3, 4}, true},   // 2 is no loss
		{50, 45, 50, 3, []uint64{4}, true},    // 5 was late
		{0, 0, 130, 0, []uint64{4}, false},    // 3 left by time
		{0, 0, 130, 3, []uint64{4}, true},     //
		{0, 0, 140, 3, []uint64{}, false},     // 4 too
		{0, 0, 140, 4, []uint64{}, true},      // 5 never mattered
		{200, 0, 200, 5, []uint64{6}, true},   //
		{0, 0, 200, 7, []uint64{}, false},     // the future
		{201, 210, 201, 0, []uint64{6, 7}, false},
	} {
		if step.publish != 0 {
			s.append(&throng.Publication{ExpiresAt: step.deadline}, step.publish)
		}
		res := ask(s, step.since, step.now)
		if got := offsets(res.Publications); !slices.Equal(got, step.want) || res.Complete != step.complete {
			t.Errorf("step %d: %v, complete %v; want %v, %v", i, got, res.Complete, step.want, step.complete)
		}
	}
}

// TestStreamLossEnds: what left the window too early stops being a loss when all
// of it would have expired by now.
func TestStreamLossEnds(t *testing.T) {
	s := newTestStream(2, time.Hour)
	for i := range int64(6) {
		s.append(&throng.Publication{ExpiresAt: 100 + i}, 10)
	}
	for now, complete := range map[int64]bool{10: false, 102: false, 103: true, 1000: true} {
		if got := ask(s, 0, now).Complete; got != complete {
			t.Errorf("at %d complete is %v, want %v", now, got, complete)
		}
	}
	s.append(&throng.Publication{}, 10)
	s.clear()
	if ask(s, 0, 1000).Complete {
		t.Error("a removed history is called complete")
	}
}

// TestStreamTimeStepsBack: publishers read the clock before they have the lock.
func TestStreamTimeStepsBack(t *testing.T) {
	s := newTestStream(10, 100*time.Millisecond)
	for _, now := range []int64{50, 40, 60, 10} {
		s.append(&throng.Publication{}, now)
	}
	times := []int64{}
	for _, p := range ask(s, 0, 60).Publications {
		times = append(times, p.Time)
	}
	if want := []int64{50, 50, 60, 60}; !slices.Equal(times, want) {
		t.Errorf("times %v, want %v", times, want)
	}
}

func TestWindowRing(t *testing.T) {
	s := newTestStream(1000, time.Hour)
	room := func() int { return len(s.window.ring) }
	if room() != 0 {
		t.Errorf("a new window has room for %d", room())
	}
	for range 100 {
		s.append(&throng.Publication{Data: []byte("12345"), Event: "e"}, 1)
	}
	if n := room(); n < 100 || n > 200 {
		t.Errorf("a window of 100 has room for %d", n)
	}
	each := weight(s.window.oldest())
	if want := (load{publications: 100, bytes: 100*each + slotBytes*int64(room())}); *s.window.load != want {
		t.Errorf("load %+v, want %+v", *s.window.load, want)
	}
	s.retention.Size = 3
	s.trim(1, all)
	if n := room(); n > 8 {
		t.Errorf("a window of 3 has room for %d", n)
	}
	for range 100 {
		s.append(&throng.Publication{}, 1)
	}
	if n := room(); n > 8 {
		t.Errorf("a window bounded by 3 has room for %d", n)
	}
	s.trim(1+time.Hour.Milliseconds(), all)
	if room() != 0 || *s.window.load != (load{}) {
		t.Errorf("an empty window has room for %d, load %+v", room(), *s.window.load)
	}
}

func TestTrimBudget(t *testing.T) {
	s := newTestStream(1000, time.Second)
	for range 1000 {
		s.append(&throng.Publication{}, 1)
	}
	for want := 1000; want > 0; want -= 300 {
		if s.window.len() != want {
			t.Fatalf("the window holds %d, want %d", s.window.len(), want)
		}
		if gone := s.trim(5000, 300); gone != min(want, 300) {
			t.Fatalf("%d went, want %d", gone, min(want, 300))
		}
	}
}

// TestMilliseconds: a deadline is never judged too early.
func TestMilliseconds(t *testing.T) {
	for d, want := range map[time.Duration]int64{
		0: 0, 1: 1, time.Millisecond: 1, time.Millisecond + 1: 2, time.Second: 1000, 1<<63 - 1: 9223372036855,
	} {
		if got := milliseconds(d); got != want {
			t.Errorf("%v is %d ms, want %d", d, got, want)
		}
	}
}

// naive is the same history told with a slice that forgets nothing.
type naive struct {
	size    int
	life    int64
	all     []*throng.Publication
	gone    int // all[:gone] left the window
	wasLost []bool
}

func (n *naive) prune(now int64) {
	for n.gone < len(n.all) && (len(n.all)-n.gone > n.size || n.all[n.gone].Time+n.life <= now) {
		n.leave(now)
	}
}

func (n *naive) leave(now int64) {
	n.wasLost[n.gone] = !n.all[n.gone].Expired(now)
	n.gone++
}

// clear counts everything as lost, expired or not.
func (n *naive) clear() {
	n.gone = len(n.all)
	for i := range n.wasLost {
		n.wasLost[i] = true
	}
}

func (n *naive) append(p throng.Publication, now int64) {
	p.Offset, p.Time = uint64(len(n.all)+1), now
	n.all, n.wasLost = append(n.all, &p), append(n.wasLost, false)
	n.prune(now)
}

// read answers like the stream. It also says what completeness may be: must not
// be claimed when something visible is missing, must be when nothing was lost.
func (n *naive) read(since uint64, limit int, reverse bool, now int64) (want []uint64, missing, lost bool) {
	want = []uint64{}
	for i, p := range n.all {
		switch {
		case p.Offset <= since:
		case i < n.gone:
			missing = missing || !p.Expired(now)
			lost = lost || n.wasLost[i]
		case !p.Expired(now):
			want = append(want, p.Offset)
		}
	}
	if reverse {
		slices.Reverse(want)
	}
	if limit >= 0 && len(want) > limit {
		want = want[:limit]
	}
	return want, missing, lost
}

// TestStreamModel compares the stream with the slice over random lives.
func TestStreamModel(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { runModel(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func runModel(t *testing.T, r *rand.Rand) {
	s := newTestStream(1+r.IntN(20), time.Duration(1+r.IntN(200))*time.Millisecond)
	n := &naive{size: s.retention.Size, life: ttl(s.retention)}
	now := int64(1)
	for range 400 {
		now += r.Int64N(6)
		switch k := r.IntN(100); {
		case k < 60:
			p := throng.Publication{}
			if r.IntN(3) == 0 {
				p.ExpiresAt = now - 5 + r.Int64N(100)
			}
			n.prune(now)
			n.append(p, now)
			s.append(&p, now)
		case k < 62:
			n.prune(now) // how much a longer retention finds again is nobody's promise
			s.trim(now, all)
			s.retention = throng.Retention{Size: 1 + r.IntN(20), TTL: time.Duration(1+r.IntN(200)) * time.Millisecond}
			n.size, n.life = s.retention.Size, ttl(s.retention)
			n.prune(now)
			s.trim(now, all)
		case k < 63:
			s.clear()
			n.clear()
		case k < 67:
			n.prune(now)
			s.trim(now, r.IntN(4)) // the janitor, with a budget; readers see no difference
		default:
			compare(t, r, s, n, now)
		}
	}
}

func compare(t *testing.T, r *rand.Rand, s *stream, n *naive, now int64) {
	t.Helper()
	s.trim(now, all)
	n.prune(now)
	since := uint64(r.IntN(len(n.all) + 1))
	limit, reverse := r.IntN(12)-3, r.IntN(2) == 0
	res, _ := s.read(&throng.HistoryRequest{Since: &throng.Position{Offset: since, Epoch: "e"}, Limit: limit, Reverse: reverse}, now)
	want, missing, lost := n.read(since, limit, reverse, now)
	if got := offsets(res.Publications); !slices.Equal(got, want) {
		t.Fatalf("since %d, limit %d, reverse %v: %v, want %v", since, limit, reverse, got, want)
	}
	if res.Complete && missing {
		t.Fatalf("since %d is called complete, but something is missing", since)
	}
	if !res.Complete && !lost {
		t.Fatalf("since %d is not called complete, but nothing was lost", since)
	}
	if held := s.window.load.publications; held != s.window.len() {
		t.Fatalf("load says %d publications, the window holds %d", held, s.window.len())
	}
}

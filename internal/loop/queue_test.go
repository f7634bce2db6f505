package loop

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// naive is a queue as simple as it can be.
type naive struct {
	segs  []segment
	sent  int // of the first
	ahead int
}

// push puts a segment at the end, or if it is urgent where it has to be.
func (n *naive) push(s segment) {
	n.segs = append(n.segs, s)
	from := len(n.segs) - 1
	for s.urgent() && from > 0 && n.segs[from-1].bulk() && (from > 1 || n.sent == 0) {
		from--
	}
	for from < len(n.segs)-1 && n.segs[from].class == s.class {
		from++ // it goes behind these anyway
	}
	if from == len(n.segs)-1 {
		return
	}
	if n.ahead++; n.ahead%share == 0 {
		from++
	}
	slices.SortStableFunc(n.segs[from:], func(a, b segment) int {
		return cmp.Compare(min(1, a.class^s.class), min(1, b.class^s.class))
	})
}

func (n *naive) bytes() (all []byte) {
	for _, s := range n.segs {
		all = append(all, s.b...)
	}
	return all[min(n.sent, len(all)):]
}

func (n *naive) advance(k int) {
	for n.sent += k; len(n.segs) > 0 && n.sent >= len(n.segs[0].b); n.segs = n.segs[1:] {
		n.sent -= len(n.segs[0].b)
	}
}

func (n *naive) drop(is func(s segment) bool) (bytes int) {
	first := 0
	if n.sent > 0 {
		first = 1
	}
	keep := slices.Clone(n.segs[:first])
	for _, s := range n.segs[first:] {
		if is(s) {
			bytes += len(s.b)
		} else {
			keep = append(keep, s)
		}
	}
	n.segs = keep
	return bytes
}

// TestQueueModel compares the queue with the naive one.
func TestQueueModel(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		scratch := make([]byte, 0, 1<<20)
		q, model := &queue{}, &naive{}
		deaf := seed%10 == 0 // bulk piles up
		for step := range 3000 {
			does := rnd.IntN(8)
			if deaf && rnd.IntN(40) > 0 {
				does = 0
			}
			switch does {
			default:
				b := make([]byte, 1+rnd.IntN(40))
				for i := range b {
					b[i] = byte(rnd.Uint32())
				}
				s := segment{b: b, class: uint32(rnd.IntN(3)), expires: int64(rnd.IntN(4) * 100)}
				rare := 3
				if deaf {
					s.class, rare = []uint32{1, 1, 2, 65, 66}[rnd.IntN(5)], 20
				}
				if s.class != 0 && rnd.IntN(rare) == 0 {
					s.mark = markBit
				}
				model.push(s)
				if s.class == 0 && rnd.IntN(3) == 0 {
					scratch = append(scratch, b...)
					s.b, s.mark = scratch[len(scratch)-len(b):], markBit
				}
				q.push(s)
			case 3, 4:
				k := rnd.IntN(q.bytes + 1)
				if deaf || rnd.IntN(2) == 0 {
					k = min(k, 10)
				}
				q.advance(k)
				model.advance(k)
			case 5:
				now := int64(rnd.IntN(3) * 100)
				want := model.drop(func(s segment) bool { return s.expires != 0 && s.expires <= now })
				if got, _ := q.expire(now); got != want {
					t.Fatalf("seed %d step %d: expire freed %d, want %d", seed, step, got, want)
				}
			case 6:
				shedBoth(t, q, model, rnd.IntN(200))
			case 7: // the turn ends
				q.settle()
				for i := range scratch {
					scratch[i] = '#'
				}
				scratch = scratch[:0]
			}
			if !deaf || step%50 == 0 {
				checkQueue(t, q, model)
			}
		}
	}
}

func shedBoth(t *testing.T, q *queue, model *naive, need int) {
	t.Helper()
	var wantLost, lost []uint32
	freed := 0
	want := 0
	for _, kind := range []func(*segment) bool{(*segment).bulk, (*segment).urgent} {
		want += model.drop(func(s segment) bool {
			if !kind(&s) || freed >= need {
				return false
			}
			freed += len(s.b)
			wantLost = append(wantLost, s.class)
			return true
		})
	}
	got := q.shed(need, func(c uint32) { lost = append(lost, c) })
	if got != want || !slices.Equal(lost, wantLost) {
		t.Fatalf("shed freed %d and lost %v, want %d, %v", got, lost, want, wantLost)
	}
}

func checkQueue(t *testing.T, q *queue, model *naive) {
	t.Helper()
	want := model.bytes()
	var got []byte
	for _, f := range q.frames() {
		got = append(got, f.B...)
	}
	if !bytes.Equal(got, want) || q.bytes != len(want) || q.empty() != (len(want) == 0) {
		t.Fatalf("%d bytes wait (%d counted, empty %v), want %d", len(got), q.bytes, q.empty(), len(want))
	}
	expiring := 0
	for _, s := range model.segs {
		if s.expires != 0 {
			expiring++
		}
	}
	if q.expiring != expiring {
		t.Fatalf("%d with a deadline, want %d", q.expiring, expiring)
	}
	if cap(q.segs) > 64 && cap(q.segs) > 8*len(model.segs)+4096 {
		t.Fatalf("room for %d segments holds %d", cap(q.segs), len(model.segs))
	}
	if q.empty() {
		return
	}
	got = q.gather(make([]byte, 0, max(64, len(q.front()))))
	if !bytes.HasPrefix(want, got) || len(got) < len(q.front()) {
		t.Fatalf("gathered %q of %q", got, want)
	}
}

// A slow peer's queue, always full, does not grow with what passes through it.
func TestQueueStaysSmall(t *testing.T) {
	var q queue
	b := make([]byte, 100)
	for range 100 {
		q.push(segment{b: b, class: 1})
	}
	q.advance(50)
	for range 100_000 {
		q.shed(100, func(uint32) {})
		q.push(segment{b: b, class: 1})
	}
	if q.bytes != 9950 || cap(q.segs) > 1000 {
		t.Errorf("%d bytes, room for %d segments", q.bytes, cap(q.segs))
	}
}

func TestQueuesReuse(t *testing.T) {
	var pool queues
	q := pool.get()
	q.push(segment{b: []byte("x"), expires: 5, mark: markBit})
	q.since = 7
	pool.put(q)
	again := pool.get()
	if again != q || !again.empty() || again.bytes+again.expiring+again.volatile != 0 || again.since != 0 {
		t.Errorf("%+v is not fresh", again)
	}
	if s := again.segs[:1][0]; s.b != nil {
		t.Error("the pool keeps what was written")
	}
	for range maxFreeSegments + 1 {
		again.push(segment{b: []byte("x")})
	}
	if pool.put(again); len(pool) != 0 {
		t.Error("the pool keeps a large queue")
	}
}

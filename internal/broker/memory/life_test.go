package memory_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/broker/memory"
)

type nowhere struct{}

func (nowhere) Deliver(string, *throng.Publication) {}

func newBroker(tb testing.TB, opts memory.Options) *memory.Broker {
	b := memory.New(nowhere{}, opts)
	tb.Cleanup(func() { _ = b.Close(context.Background()) })
	return b
}

func publish(tb testing.TB, b *memory.Broker, req throng.PublishRequest) throng.PublishResult {
	tb.Helper()
	if req.Publication == nil {
		req.Publication = &throng.Publication{Data: []byte("0123456789")}
	}
	var result throng.PublishResult
	b.Publish(context.Background(), req, func(res throng.PublishResult, err error) {
		if err != nil {
			tb.Errorf("Publish: %v", err)
		}
		result = res
	})
	return result
}

func history(b *memory.Broker, channel string, r throng.Retention, since *throng.Position) (result throng.HistoryResult) {
	req := throng.HistoryRequest{Channel: channel, Retention: r, Since: since, Limit: -1}
	b.History(context.Background(), req, func(res throng.HistoryResult, _ error) { result = res })
	return result
}

func wantStats(tb testing.TB, b *memory.Broker, when string, want memory.Stats) {
	tb.Helper()
	got := b.Stats()
	if got.Bytes < 0 || (got.Bytes == 0) != (got.Streams == 0) {
		tb.Errorf("%s: %d streams take %d bytes", when, got.Streams, got.Bytes)
	}
	if got.Bytes = 0; got != want {
		tb.Errorf("%s: the broker holds %+v, want %+v", when, got, want)
	}
}

// TestNothingLeft: when everybody has gone and all times are over, so is
// everything that was held; and what is held meanwhile is what was asked for.
func TestNothingLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroker(t, memory.Options{})
		ctx := context.Background()
		const n = 1000
		r := throng.Retention{Size: 10, TTL: time.Minute}
		for i := range n {
			b.Subscribe(ctx, fmt.Sprint("quiet:", i), nil)
			b.Subscribe(ctx, fmt.Sprint("busy:", i), nil)
			for k := range 3 {
				publish(t, b, throng.PublishRequest{
					Channel: fmt.Sprint("busy:", i), Retention: r,
					IdempotencyKey: fmt.Sprint(k), IdempotencyTTL: 3 * time.Minute,
				})
			}
			history(b, fmt.Sprint("asked:", i), r, nil)
			publish(t, b, throng.PublishRequest{Channel: fmt.Sprint("plain:", i)})
		}
		wantStats(t, b, "at first", memory.Stats{Subscribed: 2 * n, Streams: 2 * n, Keys: 3 * n, Publications: 3 * n})
		time.Sleep(2 * time.Minute)
		wantStats(t, b, "after the retention", memory.Stats{Subscribed: 2 * n, Streams: n, Keys: 3 * n})
		time.Sleep(2 * time.Minute)
		wantStats(t, b, "after the keys", memory.Stats{Subscribed: 2 * n, Streams: n})
		for i := range n {
			b.Unsubscribe(ctx, fmt.Sprint("quiet:", i), nil)
			b.Unsubscribe(ctx, fmt.Sprint("busy:", i), nil)
		}
		wantStats(t, b, "after unsubscribing", memory.Stats{Streams: n})
		time.Sleep(2 * time.Minute)
		wantStats(t, b, "in the end", memory.Stats{})
	})
}

// TestFreedInTime: a window that nobody touches is emptied soon after its
// publications' time, at whatever times they came.
func TestFreedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroker(t, memory.Options{Shards: 1})
		r := throng.Retention{Size: 10_000, TTL: time.Minute}
		for range 60 {
			for range 100 {
				publish(t, b, throng.PublishRequest{Channel: "a", Retention: r})
			}
			time.Sleep(time.Second)
		}
		// An eighth of the retention, and a sweep, is how late the janitor may be.
		for i := range 60 {
			wantAtMost := 100 * (60 - i + 8)
			if got := b.Stats().Publications; got > wantAtMost {
				t.Fatalf("%d s later there are %d publications, want at most %d", i, got, wantAtMost)
			}
			time.Sleep(time.Second)
		}
		time.Sleep(10 * time.Second)
		wantStats(t, b, "in the end", memory.Stats{})
	})
}

// TestShorterRetention: a stream made for a day goes with the minute that its
// namespace was given since.
func TestShorterRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroker(t, memory.Options{})
		publish(t, b, throng.PublishRequest{Channel: "a", Retention: throng.Retention{Size: 5, TTL: 24 * time.Hour}})
		history(b, "a", throng.Retention{Size: 5, TTL: time.Minute}, nil)
		time.Sleep(2 * time.Minute)
		wantStats(t, b, "after a minute", memory.Stats{})
	})
}

// TestForever: the longest retention there is neither overflows nor keeps the
// janitor awake (the bubble would never come to an end of its day).
func TestForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroker(t, memory.Options{})
		r := throng.Retention{Size: 5, TTL: math.MaxInt64}
		publish(t, b, throng.PublishRequest{Channel: "a", Retention: r, IdempotencyKey: "k", IdempotencyTTL: math.MaxInt64})
		time.Sleep(40 * 24 * time.Hour)
		if got := history(b, "a", r, nil).Publications; len(got) != 1 {
			t.Errorf("the window holds %d publications, want 1", len(got))
		}
		if !publish(t, b, throng.PublishRequest{Channel: "a", Retention: r, IdempotencyKey: "k", IdempotencyTTL: 1}).Duplicate {
			t.Error("the key was forgotten")
		}
	})
}

// TestHistoryTurnedOff: positions from before a publication that took no offset
// must not be called complete, even when the history is turned on again.
func TestHistoryTurnedOff(t *testing.T) {
	b := newBroker(t, memory.Options{})
	r := throng.Retention{Size: 5, TTL: time.Hour}
	b.Subscribe(context.Background(), "a", nil)
	before := publish(t, b, throng.PublishRequest{Channel: "a", Retention: r}).Position
	if res := history(b, "a", throng.Retention{}, &before); res.Complete {
		t.Error("without history, a position is called complete")
	}
	if !history(b, "a", r, &before).Complete {
		t.Error("nothing was published, but the position is not complete")
	}
	publish(t, b, throng.PublishRequest{Channel: "a"})
	if res := history(b, "a", r, &before); res.Complete || res.Position.Epoch == before.Epoch {
		t.Errorf("a missed publication is not said: %+v", res)
	}
}

// TestKeyEndsOnTime: a key ends with its time, not with the janitor's next visit.
func TestKeyEndsOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroker(t, memory.Options{})
		req := throng.PublishRequest{Channel: "a", IdempotencyKey: "k", IdempotencyTTL: 5 * time.Millisecond}
		for i, duplicate := range []bool{false, true, false, true, false} {
			if got := publish(t, b, req).Duplicate; got != duplicate {
				t.Errorf("publish %d is a duplicate: %v, want %v", i, got, duplicate)
			}
			time.Sleep(3 * time.Millisecond)
		}
		wantStats(t, b, "meanwhile", memory.Stats{Keys: 1})
	})
}

// TestWindowEndsOnTime: what is over is not read, though it is still held.
func TestWindowEndsOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroker(t, memory.Options{})
		r := throng.Retention{Size: 10, TTL: 5 * time.Millisecond}
		start := history(b, "a", r, nil).Position
		publish(t, b, throng.PublishRequest{Channel: "a", Retention: r})
		time.Sleep(4 * time.Millisecond)
		if res := history(b, "a", r, &start); len(res.Publications) != 1 || !res.Complete {
			t.Errorf("in time: %+v", res)
		}
		time.Sleep(time.Millisecond)
		if b.Stats().Publications != 1 {
			t.Fatal("the janitor came within its pause: this proves nothing")
		}
		if res := history(b, "a", r, &start); len(res.Publications) != 0 || res.Complete {
			t.Errorf("too late: %+v", res)
		}
	})
}

// TestMaxKeys: over the bound, a publish with a new key is refused; the keys that
// were promised stay.
func TestMaxKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroker(t, memory.Options{MaxKeys: 2})
		req := func(key string) throng.PublishRequest {
			return throng.PublishRequest{
				Channel: "c" + key, Publication: &throng.Publication{}, IdempotencyKey: key, IdempotencyTTL: time.Minute,
			}
		}
		publish(t, b, req("1"))
		publish(t, b, req("2"))
		b.Publish(context.Background(), req("3"), func(_ throng.PublishResult, err error) {
			if !errors.Is(err, throng.ErrTooManyRequests) {
				t.Errorf("over the bound: %v, want %v", err, throng.ErrTooManyRequests)
			}
		})
		if !publish(t, b, req("1")).Duplicate || !publish(t, b, req("2")).Duplicate {
			t.Error("a key was forgotten")
		}
		publish(t, b, throng.PublishRequest{Channel: "a"}) // keyless ones are not concerned
		time.Sleep(2 * time.Minute)
		publish(t, b, req("3"))
		wantStats(t, b, "after all", memory.Stats{Keys: 1})
	})
}

// TestChurn lets everything happen at once, the janitor included, for the race
// detector; counters must come out even.
func TestChurn(t *testing.T) {
	b := newBroker(t, memory.Options{Shards: 2})
	ctx := context.Background()
	var group sync.WaitGroup
	for seed := range uint64(4) {
		group.Go(func() {
			r := rand.New(rand.NewPCG(seed, 2))
			for start := time.Now(); time.Since(start) < 700*time.Millisecond; {
				channel := fmt.Sprint(r.IntN(50))
				keep := throng.Retention{Size: r.IntN(5), TTL: time.Duration(1+r.IntN(20)) * time.Millisecond}
				switch r.IntN(6) {
				case 0:
					b.Subscribe(ctx, channel, nil)
				case 1:
					b.Unsubscribe(ctx, channel, nil)
				case 2:
					history(b, channel, keep, nil)
				case 3:
					b.RemoveHistory(ctx, channel, nil)
				default:
					publish(t, b, throng.PublishRequest{
						Channel: channel, Retention: keep,
						IdempotencyKey: fmt.Sprint(r.IntN(3)), IdempotencyTTL: time.Duration(r.IntN(20)) * time.Millisecond,
					})
				}
			}
		})
	}
	group.Wait()
	for i := range 50 {
		b.Unsubscribe(ctx, fmt.Sprint(i), nil)
	}
	for range 1000 { // until the janitor has been everywhere
		if time.Sleep(20 * time.Millisecond); b.Stats() == (memory.Stats{}) {
			return
		}
	}
	wantStats(t, b, "in the end", memory.Stats{})
}

// TestClosedHoldsNothing: Close frees all at once, whatever was still in force.
func TestClosedHoldsNothing(t *testing.T) {
	b := newBroker(t, memory.Options{Shards: 3})
	b.Subscribe(context.Background(), "a", nil)
	r := throng.Retention{Size: 5, TTL: time.Hour}
	publish(t, b, throng.PublishRequest{Channel: "a", Retention: r, IdempotencyKey: "k", IdempotencyTTL: time.Hour})
	wantStats(t, b, "before", memory.Stats{Subscribed: 1, Streams: 1, Keys: 1, Publications: 1})
	for range 2 {
		if err := b.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
		wantStats(t, b, "after", memory.Stats{})
	}
}

package memory_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"throng"
	"throng/internal/broker/memory"
)

var hundred = throng.Retention{Size: 100, TTL: time.Hour}

// publications is a store of them, used in turn: what a publisher allocates is
// not the broker's.
type publications [256]throng.Publication

func newPublications() *publications {
	ps := new(publications)
	for i := range ps {
		ps[i].Data = []byte(`{"text":"hello, crowd"}`)
	}
	return ps
}

func (ps *publications) at(i int) *throng.Publication { return &ps[i%len(ps)] }

func BenchmarkPublish(b *testing.B) {
	for _, c := range []struct {
		name      string
		retention throng.Retention
		key       bool
	}{
		{"Plain", throng.Retention{}, false},
		{"History100", hundred, false},
		{"History100Key", hundred, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			broker, ps, ctx := newBroker(b, memory.Options{MaxKeys: 1 << 30}), newPublications(), context.Background()
			req := throng.PublishRequest{Channel: "news:today", Retention: c.retention, IdempotencyTTL: 100 * time.Millisecond}
			done := func(throng.PublishResult, error) {}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				req.Publication = ps.at(i)
				if c.key {
					req.IdempotencyKey = fmt.Sprint(i)
				}
				broker.Publish(ctx, req, done)
			}
		})
	}
}

func BenchmarkPublishParallel(b *testing.B) {
	for _, channels := range []int{1, 1000} {
		for name, r := range map[string]throng.Retention{"Plain": {}, "History100": hundred} {
			b.Run(fmt.Sprintf("%s/Channels%d", name, channels), func(b *testing.B) {
				benchmarkParallel(b, channels, r)
			})
		}
	}
}

func benchmarkParallel(b *testing.B, channels int, r throng.Retention) {
	broker, ctx := newBroker(b, memory.Options{}), context.Background()
	names := make([]string, channels)
	for i := range names {
		names[i] = fmt.Sprint("room:", i)
	}
	var publishers atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		ps := newPublications()
		for i := int(publishers.Add(1)) * 7919; pb.Next(); i++ {
			req := throng.PublishRequest{Channel: names[i%channels], Publication: ps.at(i), Retention: r}
			broker.Publish(ctx, req, nil)
		}
	})
}

// BenchmarkPublishBound publishes where there is room, and where each publication
// takes the place of others, in small windows and in one that holds everything.
func BenchmarkPublishBound(b *testing.B) {
	for _, c := range []struct {
		name     string
		most     int64
		channels int
		size     int
	}{
		{"Room", 1 << 40, 20_000, 100},
		{"Bound", 64 << 20, 20_000, 100},
		{"BoundOneLarge", 64 << 20, 1, 1_000_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			broker, ctx := newBroker(b, memory.Options{MaxBytes: c.most}), context.Background()
			names := make([]string, c.channels)
			for i := range names {
				names[i] = fmt.Sprint("room:", i)
			}
			r := throng.Retention{Size: c.size, TTL: time.Hour}
			publish := func(i int) {
				p := &throng.Publication{Data: make([]byte, 64)}
				broker.Publish(ctx, throng.PublishRequest{Channel: names[i*7919%len(names)], Publication: p, Retention: r}, nil)
			}
			for i := range 500_000 {
				publish(i)
			}
			before := broker.Stats().EvictedPublications
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				publish(i)
			}
			b.StopTimer()
			s := broker.Stats()
			b.ReportMetric(float64(s.EvictedPublications-before)/float64(b.N), "evicted/op")
			b.ReportMetric(float64(s.Bytes)/(1<<20), "MiB")
		})
	}
}

// BenchmarkRecover reads the last 10 of a window of 100.
func BenchmarkRecover(b *testing.B) {
	broker, ps, ctx := newBroker(b, memory.Options{}), newPublications(), context.Background()
	var since throng.Position
	for i := range 100 {
		res := publish(b, broker, throng.PublishRequest{Channel: "a", Publication: ps.at(i), Retention: hundred})
		if i == 89 {
			since = res.Position
		}
	}
	req := throng.HistoryRequest{Channel: "a", Retention: hundred, Since: &since, Limit: -1}
	done := func(res throng.HistoryResult, _ error) {
		if len(res.Publications) != 10 || !res.Complete {
			b.Errorf("recovered %d, complete %v", len(res.Publications), res.Complete)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		broker.History(ctx, req, done)
	}
}

// BenchmarkMemory reports what the broker holds on to, and how that compares with
// what it counts. Names, and the shared publication, belong to whoever made them.
func BenchmarkMemory(b *testing.B) {
	const n = 100_000
	ctx := context.Background()
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("channel:", i)
	}
	shared := &throng.Publication{Data: []byte("x")}
	for _, c := range []struct {
		name string
		each float64
		fill func(*memory.Broker)
	}{
		{"SubscribedChannel", n, func(broker *memory.Broker) {
			for _, name := range names {
				broker.Subscribe(ctx, name, nil)
			}
		}},
		{"EmptyStream", n, func(broker *memory.Broker) {
			for _, name := range names {
				history(broker, name, hundred, nil)
			}
		}},
		{"StreamOfOne", n, func(broker *memory.Broker) {
			for _, name := range names {
				broker.Publish(ctx, throng.PublishRequest{Channel: name, Publication: shared, Retention: hundred}, nil)
			}
		}},
		{"StoredMessage", 100 * n / 10, func(broker *memory.Broker) {
			for i := range 100 * n / 10 {
				req := throng.PublishRequest{Channel: names[i%(n/10)], Publication: shared, Retention: hundred}
				broker.Publish(ctx, req, nil)
			}
		}},
		{"Message64", 100 * n / 10, func(broker *memory.Broker) {
			for i := range 100 * n / 10 {
				p := &throng.Publication{Data: make([]byte, 64)}
				broker.Publish(ctx, throng.PublishRequest{Channel: names[i%(n/10)], Publication: p, Retention: hundred}, nil)
			}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				broker := newBroker(b, memory.Options{MaxBytes: 1 << 40})
				before := heapInUse()
				c.fill(broker)
				b.ReportMetric(float64(heapInUse()-before)/c.each, "bytes/each")
				b.ReportMetric(float64(broker.Stats().Bytes)/c.each, "counted/each")
				_ = broker.Close(ctx)
				runtime.KeepAlive(broker)
			}
		})
	}
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

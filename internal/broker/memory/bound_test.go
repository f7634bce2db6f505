package memory_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/broker/memory"
)

// boundModel drives a small broker at random and remembers all that was ever
// published, so that it knows what every answer must say.
type boundModel struct {
	*testing.T
	r      *rand.Rand
	broker *memory.Broker
	most   int64
	names  []string
	sent   map[string]map[string]uint64 // by channel and epoch, the newest offset
	here   map[string]string            // subscribed channels, with the epoch
}

var longKept = throng.Retention{Size: 50, TTL: time.Hour}

func (m *boundModel) name() string { return m.names[m.r.IntN(len(m.names))] }

func (m *boundModel) publish(name string) {
	res := publish(m, m.broker, throng.PublishRequest{
		Channel: name, Retention: longKept, Publication: &throng.Publication{Data: make([]byte, m.r.IntN(400))},
	})
	m.place(name, res.Position, true)
}

// place takes a position that the broker told.
func (m *boundModel) place(name string, p throng.Position, stepped bool) {
	m.Helper()
	if epoch, subscribed := m.here[name]; subscribed && epoch != "" && epoch != p.Epoch {
		m.Fatalf("%s has subscribers and got another epoch", name)
	}
	if _, subscribed := m.here[name]; subscribed {
		m.here[name] = p.Epoch
	}
	if m.sent[name] == nil {
		m.sent[name] = map[string]uint64{}
	}
	if stepped {
		m.sent[name][p.Epoch]++
	}
	if m.sent[name][p.Epoch] != p.Offset {
		m.Fatalf("%s is at %v, want offset %d", name, p, m.sent[name][p.Epoch])
	}
}

// ask reads from a position that is, or was, one of the channel.
func (m *boundModel) ask(name string) {
	res := history(m.broker, name, longKept, nil)
	m.place(name, res.Position, false)
	for epoch, top := range m.sent[name] {
		since := throng.Position{Offset: uint64(m.r.IntN(int(top) + 1)), Epoch: epoch}
		got := history(m.broker, name, longKept, &since)
		m.place(name, got.Position, false)
		n := uint64(len(got.Publications))
		switch {
		case epoch != got.Position.Epoch:
			if got.Complete || n > 0 {
				m.Fatalf("%s was forgotten, and an old position is answered %v with %d", name, got.Complete, n)
			}
			continue
		case got.Complete != (n == got.Position.Offset-since.Offset):
			m.Fatalf("%s: %d of %d publications, complete %v", name, n, got.Position.Offset-since.Offset, got.Complete)
		}
		for i, p := range got.Publications {
			if p.Offset != got.Position.Offset-n+1+uint64(i) {
				m.Fatalf("%s: a hole at %d", name, p.Offset)
			}
		}
	}
}

func (m *boundModel) step() {
	ctx, name := context.Background(), m.name()
	switch m.r.IntN(20) {
	case 0:
		m.broker.Subscribe(ctx, name, nil)
		m.here[name] = ""
	case 1, 2:
		m.broker.Unsubscribe(ctx, name, nil)
		delete(m.here, name)
	case 3, 4, 5:
		m.ask(name)
	case 6:
		m.broker.RemoveHistory(ctx, name, nil)
	default:
		m.publish(name)
	}
	if got := m.broker.Stats().Bytes; got > m.most {
		synctest.Wait() // the janitor's part
		if got = m.broker.Stats().Bytes; got > m.most {
			m.Fatalf("%d bytes, the bound is %d", got, m.most)
		}
	}
}

// checkNotTooMuch fills the broker until something is taken, and looks at what is
// left then.
func (m *boundModel) checkNotTooMuch(seed uint64) {
	before := m.broker.Stats().EvictedPublications
	for range 2000 {
		m.publish(m.name())
		synctest.Wait()
		if s := m.broker.Stats(); s.EvictedPublications > before {
			if s.Bytes < m.most/2 {
				m.Errorf("seed %d: %d bytes are left, the bound is %d: too much was taken", seed, s.Bytes, m.most)
			}
			return
		}
	}
}

func TestBoundModel(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			m := &boundModel{T: t, r: rand.New(rand.NewPCG(seed, 3)), sent: map[string]map[string]uint64{}, here: map[string]string{}}
			m.most = 40<<10 + m.r.Int64N(60<<10)
			m.broker = newBroker(t, memory.Options{MaxBytes: m.most, Shards: 1 << m.r.IntN(5)})
			for i := range 1 + m.r.IntN(60) {
				m.names = append(m.names, fmt.Sprint("room:", i))
			}
			for range 2000 {
				m.step()
			}
			m.checkNotTooMuch(seed)
			for _, name := range m.names {
				m.ask(name)
			}
		})
	}
}

// Below the bound nothing is taken.
func TestNothingEvictedBelow(t *testing.T) {
	b := newBroker(t, memory.Options{MaxBytes: 1 << 20, Shards: 1})
	for i := range 2000 {
		publish(t, b, throng.PublishRequest{Channel: fmt.Sprint(i % 10), Retention: longKept})
	}
	if s := b.Stats(); s.EvictedPublications+s.EvictedStreams != 0 || s.Publications != 500 {
		t.Errorf("%+v", s)
	}
}

// Streams that nobody needs go before the first publication does, those with
// subscribers stay.
func TestIdleStreamsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroker(t, memory.Options{MaxBytes: 100 << 10, Shards: 4})
		for i := range 20 {
			b.Subscribe(context.Background(), fmt.Sprint("needed:", i), nil)
			publish(t, b, throng.PublishRequest{Channel: fmt.Sprint("needed:", i), Retention: longKept})
		}
		for i := range 100_000 {
			history(b, fmt.Sprint("idle:", i), longKept, nil)
		}
		synctest.Wait()
		s := b.Stats()
		if s.EvictedPublications != 0 || s.Publications != 20 || s.EvictedStreams < 99_000 || s.Bytes > 100<<10 {
			t.Errorf("%+v", s)
		}
	})
}

// A flood in one channel takes from itself, not from all others: when memory is
// short a shard gets its share.
func TestFloodTakesFromItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 1 << 20
		b := newBroker(t, memory.Options{MaxBytes: most, Shards: 64})
		for i := range 20_000 {
			publish(t, b, throng.PublishRequest{Channel: fmt.Sprint("other:", i%500), Retention: longKept})
		}
		synctest.Wait()
		before := b.Stats().Publications
		wide := throng.Retention{Size: 20_000, TTL: time.Hour}
		for i := range 20_000 {
			if i%100 == 0 { // it is by age that they are compared
				time.Sleep(time.Millisecond)
			}
			publish(t, b, throng.PublishRequest{Channel: "flood", Retention: wide})
			synctest.Wait()
			if s := b.Stats(); s.Bytes > most {
				t.Fatalf("%+v", s)
			}
		}
		flood := len(history(b, "flood", wide, nil).Publications)
		others := b.Stats().Publications - flood
		if flood < before/64/2 || others < before*9/10 {
			t.Errorf("the flood has %d; the others have %d of %d", flood, others, before)
		}
	})
}

// Who comes last finds everything taken by one large window, in another shard. It
// has to make room.
func TestLargeWindowMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 1 << 20
		b := newBroker(t, memory.Options{MaxBytes: most, Shards: 64})
		wide := throng.Retention{Size: 20_000, TTL: time.Hour}
		for range 20_000 {
			publish(t, b, throng.PublishRequest{Channel: "large", Retention: wide})
		}
		for i := range 1000 {
			publish(t, b, throng.PublishRequest{Channel: fmt.Sprint("small:", i%100), Retention: longKept})
			synctest.Wait()
			if s := b.Stats(); s.Bytes > most {
				t.Fatalf("%+v", s)
			}
		}
		large := len(history(b, "large", wide, nil).Publications)
		if small := b.Stats().Publications - large; small < 900 {
			t.Errorf("%d of 1000 are left of the small windows, %d of the large one", small, large)
		}
	})
}

// Streams with subscribers may be more than the bound. Publishing goes on, and the
// janitor does not run in circles.
func TestMoreSubscribedThanTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroker(t, memory.Options{MaxBytes: 64 << 10, Shards: 8})
		epochs := map[string]string{}
		for i := range 1000 {
			name := fmt.Sprint("room:", i)
			b.Subscribe(context.Background(), name, nil)
			epochs[name] = history(b, name, longKept, nil).Position.Epoch
		}
		for name, epoch := range epochs {
			want := throng.Position{Offset: 1, Epoch: epoch}
			if got := publish(t, b, throng.PublishRequest{Channel: name, Retention: longKept}).Position; got != want {
				t.Fatalf("%s: %v, want %v", name, got, want)
			}
		}
		time.Sleep(time.Second)
		s := b.Stats()
		if s.Streams != 1000 || s.Publications != 0 || s.EvictedPublications != 1000 || s.EvictedStreams != 0 {
			t.Errorf("%+v", s)
		}
		for name, epoch := range epochs {
			if history(b, name, longKept, &throng.Position{Epoch: epoch}).Complete {
				t.Fatalf("%s lost a publication and says that it is complete", name)
			}
		}
	})
}

// What is counted is about what the heap has.
func TestBytesAreMemory(t *testing.T) {
	const n = 40_000
	for what, fill := range map[string]func(*memory.Broker, int){
		"empty streams": func(b *memory.Broker, i int) { history(b, fmt.Sprint("channel:", i), longKept, nil) },
		"messages": func(b *memory.Broker, i int) {
			publish(t, b, throng.PublishRequest{
				Channel: fmt.Sprint("channel:", i%1000), Retention: longKept, Publication: &throng.Publication{Data: make([]byte, 64)},
			})
		},
		"one message each": func(b *memory.Broker, i int) {
			publish(t, b, throng.PublishRequest{
				Channel: fmt.Sprint("channel:", i), Retention: longKept,
				Publication: &throng.Publication{Data: make([]byte, 1000), Event: fmt.Sprint("event", i)},
			})
		},
	} {
		b := newBroker(t, memory.Options{})
		before := heapInUse()
		for i := range n {
			fill(b, i)
		}
		grown := float64(heapInUse() - before)
		if ratio := float64(b.Stats().Bytes) / grown; ratio < 0.8 || ratio > 1.25 {
			t.Errorf("%s: %.2f times what the heap has grown, %.0f", what, ratio, grown)
		}
	}
}

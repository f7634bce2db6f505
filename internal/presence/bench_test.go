package presence_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"throng"
	"throng/internal/presence"
	"throng/internal/session"
)

// nowhere takes what all are told.
type nowhere struct{ n int }

func (s *nowhere) Deliver(string, *throng.Publication) { s.n++ }

// silent is a client that takes everything and keeps nothing.
type silent struct {
	session.Session
	ref throng.Ref
	n   int
}

func (c *silent) Ref() throng.Ref                                         { return c.ref }
func (c *silent) Scratch() []byte                                         { return nil }
func (c *silent) SendScratch([]byte, int)                                 {}
func (c *silent) SendDroppable([]byte, throng.Timing, uint32)             {}
func (c *silent) Queued() int                                             { return 0 }
func (c *silent) Flush()                                                  {}
func (c *silent) Shed(int, func(uint32)) int                              { return 0 }
func (c *silent) Encoding() uint8                                         { return 0 }
func (c *silent) Rearm()                                                  {}
func (c *silent) Unsubscribed(*session.Subscription, *throng.Unsubscribe) {}
func (c *silent) Disconnect(*throng.Disconnect)                           {}
func (c *silent) Resumed(*session.Subscription, []*throng.Publication)    {}
func (c *silent) Tell(_ *session.Subscription, _ string, data []byte)     { c.n += len(data) }
func (c *silent) Subscribed(*session.Subscription, session.Token, session.SubscribeResult, *throng.Error) {
}
func (c *silent) Published(*session.Subscription, session.Token, throng.PublishResult, *throng.Error) {
}

// fixed is the world of a benchmark: sessions that are subscribed for good, and a
// presence that is told what the benchmark says.
type fixed struct {
	p    *presence.Presence
	subs []*session.Subscription
}

func newFixed(b *testing.B, channel string, n int, user func(i int) string) *fixed {
	w := newWorld(b)
	w.env.Attendance = []session.Attendance{deaf{}}
	f := &fixed{p: presence.New(presence.Options{Sink: &nowhere{}, Post: func(throng.Ref, any) {}})}
	for i := range n {
		c := &silent{ref: throng.Ref{Slot: uint32(i), Gen: 1}}
		var id *throng.Identity
		if name := user(i); name != "" {
			id = &throng.Identity{User: name}
		}
		c.Init(w.env, c, c, throng.NewClientID(), id)
		ns, _, _ := c.Check(channel, "")
		c.Subscribe(ns, session.SubscribeRequest{Channel: channel})
		f.subs = append(f.subs, c.Find([]byte(channel)))
	}
	return f
}

// deaf keeps no books: the benchmark says what there is to say.
type deaf struct{}

func (deaf) Came(*session.Session)        {}
func (deaf) Went(*session.Session)        {}
func (deaf) Joined(*session.Subscription) {}
func (deaf) Parted(*session.Subscription) {}
func (deaf) Missed(*session.Subscription) {}

func named(i int) string { return fmt.Sprintf("user-%d", i) }

// BenchmarkJoinLeave is one member who comes and goes where others are.
func BenchmarkJoinLeave(b *testing.B) {
	for _, c := range []struct {
		name, channel string
		others        int
	}{
		{"few", "users:x", 100},
		{"crowd", "users:x", 15_000},
		{"tab", "users:x", 0},
		{"clients", "clients:x", 15_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := newFixed(b, c.channel, c.others+2, func(i int) string {
				if c.others == 0 {
					return "one"
				}
				return named(i)
			})
			for _, sub := range f.subs[1:] {
				f.p.Joined(sub)
			}
			b.ReportAllocs()
			for b.Loop() {
				f.p.Joined(f.subs[0])
				f.p.Parted(f.subs[0])
			}
		})
	}
}

// BenchmarkDiff is a difference of 200 who came, and one of 200 who went.
func BenchmarkDiff(b *testing.B) {
	f := newFixed(b, "users:x", 200, named)
	f.p.Joined(f.subs[0])
	b.ReportAllocs()
	for b.Loop() {
		for _, sub := range f.subs[1:] {
			f.p.Joined(sub)
		}
		f.p.Announce("users:x")
		for _, sub := range f.subs[1:] {
			f.p.Parted(sub)
		}
		f.p.Announce("users:x")
	}
}

// BenchmarkWatch is a user who changes in a crowd where 15,000 watch that user. locked is
// how long the lock is held.
func BenchmarkWatch(b *testing.B) {
	const many = 15_000
	f := newFixed(b, "users:x", many, named)
	for _, sub := range f.subs {
		f.p.Joined(sub)
		if _, err := f.p.Watch(sub, []string{"user-0"}); err != nil {
			b.Fatal(err)
		}
	}
	for more := true; more; {
		_, _, more = f.p.Letters("users:x")
	}
	var locked time.Duration
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if err := f.p.Update(f.subs[0], fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
			b.Fatal(err)
		}
		n, held, _ := f.p.Letters("users:x")
		if locked += held; n != many {
			b.Fatalf("%d letters", n)
		}
	}
	b.ReportMetric(float64(locked.Nanoseconds())/float64(i), "locked-ns/op")
}

// BenchmarkStorm is 15,000 who join one channel.
func BenchmarkStorm(b *testing.B) {
	const many = 15_000
	f := newFixed(b, "users:x", many, named)
	b.ReportAllocs()
	for b.Loop() {
		for _, sub := range f.subs {
			f.p.Joined(sub)
		}
		for _, sub := range f.subs {
			f.p.Parted(sub)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*many), "ns/join+leave")
}

// BenchmarkMemory is what a member takes, beside its session.
func BenchmarkMemory(b *testing.B) {
	const many = 100_000
	for _, c := range []struct {
		name, channel string
		user          func(int) string
	}{
		{"users", "users:x", named},
		{"anonymous", "users:x", func(int) string { return "" }},
		{"clients", "clients:x", named},
		{"tabs", "users:x", func(int) string { return "one" }},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := newFixed(b, c.channel, many, c.user)
			var bytes uint64
			for b.Loop() {
				before := heap()
				for _, sub := range f.subs {
					f.p.Joined(sub)
				}
				bytes = heap() - before
				for _, sub := range f.subs {
					f.p.Parted(sub)
				}
			}
			b.ReportMetric(float64(bytes)/many, "B/member")
			runtime.KeepAlive(f)
		})
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

package visits_test

import (
	"fmt"
	"runtime"
	"testing"

	"throng"
	"throng/internal/session"
	"throng/internal/session/sessiontest"
	"throng/internal/visits"
)

// idle is a node whose ledger does not run: what loops do is measured, alone.
func idle() *node {
	n := &node{clock: throng.NewClock()}
	n.Ledger = visits.New(visits.Options{Node: "a", Clock: n.clock})
	n.env = session.Env{Node: rooms{}, Clock: n.clock, Limits: session.Limits{Channels: 1000}}
	return n
}

// BenchmarkTab is a client of a user who is here that comes and goes.
func BenchmarkTab(b *testing.B) {
	n := idle()
	tab := n.come("ann")
	n.Came(&tab.Session)
	b.ReportAllocs()
	for b.Loop() {
		n.Came(&tab.Session)
		n.Went(&tab.Session)
	}
}

// BenchmarkTabInChannel is the same in a channel whose visits are recorded.
func BenchmarkTabInChannel(b *testing.B) {
	n := idle()
	tab := n.come("ann")
	sub := join(tab, "p:1")
	n.Joined(sub)
	b.ReportAllocs()
	for b.Loop() {
		n.Joined(sub)
		n.Parted(sub)
	}
}

// BenchmarkPage is a user whose only client goes and comes back.
func BenchmarkPage(b *testing.B) {
	n := idle()
	tab := n.come("ann")
	n.Came(&tab.Session)
	b.ReportAllocs()
	for b.Loop() {
		n.Went(&tab.Session)
		n.Came(&tab.Session)
	}
}

// BenchmarkParallel is many loops at once, each with users of its own.
func BenchmarkParallel(b *testing.B) {
	n := idle()
	b.RunParallel(func(pb *testing.PB) {
		tab := n.come(fmt.Sprint("user", b.N, &pb))
		n.Came(&tab.Session)
		for pb.Next() {
			n.Came(&tab.Session)
			n.Went(&tab.Session)
		}
	})
}

// BenchmarkStoreTime is what conditional claims of many loops ask at once.
func BenchmarkStoreTime(b *testing.B) {
	n := idle()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n.StoreTime(1000)
		}
	})
}

// BenchmarkPresent is what a user who is here costs.
func BenchmarkPresent(b *testing.B) {
	const users = 150_000
	sessions := make([]*sessiontest.Wire, users)
	n := idle()
	for i := range sessions {
		sessions[i] = n.come(fmt.Sprintf("user-%d", i))
	}
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var per float64
	for b.Loop() {
		before := heap()
		n = idle()
		for _, s := range sessions {
			n.Came(&s.Session)
		}
		n.Said()
		per = float64(int64(heap()-before)) / users
		runtime.KeepAlive(n)
	}
	b.ReportMetric(per, "B/user")
}

// A tab more or less, and a page that is loaded anew, allocate nothing.
func TestEdgesDoNotAllocate(t *testing.T) {
	n := idle()
	tab := n.come("ann")
	sub := join(tab, "p:1")
	n.Came(&tab.Session)
	n.Joined(sub)
	got := testing.AllocsPerRun(1000, func() {
		n.Came(&tab.Session)
		n.Joined(sub)
		n.Parted(sub)
		n.Went(&tab.Session)
		n.Went(&tab.Session)
		n.Came(&tab.Session)
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}

// What a user who is here costs has a bound.
func TestEntryIsSmall(t *testing.T) {
	if n := visits.EntryBytes; n > 64 {
		t.Errorf("an entry has %d bytes; the next size class after 64 is 80", n)
	}
}

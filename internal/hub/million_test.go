package hub_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"throng"
	"throng/internal/hub"
	"throng/test/million"
)

// BenchmarkMillion is a million subscribers of one node (MILLION=n: as many).
// What a session costs beside its subscription is not in it: see internal/gateway.
func BenchmarkMillion(b *testing.B) {
	n := million.Size(b)
	for _, channels := range []int{1, max(1, n/100), n} {
		for _, loops := range []int{1, 2} {
			b.Run(fmt.Sprintf("members=%d/channels=%d/loops=%d", n, channels, loops), func(b *testing.B) {
				c := newCrowd(n, channels, loops)
				for b.Loop() {
					c.run(b)
				}
			})
		}
	}
}

// crowd is subscribers, spread over channels and loops, who come and go.
type crowd struct {
	names   []string
	members []null
	loops   [][]int32 // the members of each, in the order in which they leave
	hub     *hub.Hub
	boxes   []*box
}

func newCrowd(n, channels, loops int) *crowd {
	c := &crowd{members: make([]null, n), loops: make([][]int32, loops)}
	for i := range channels {
		c.names = append(c.names, fmt.Sprint("channel:", i))
	}
	for i := range n {
		c.loops[c.loop(i)] = append(c.loops[c.loop(i)], int32(i))
	}
	return c
}

func (c *crowd) channel(i int) string { return c.names[i%len(c.names)] }

// loop spreads the members of each channel over all loops.
func (c *crowd) loop(i int) int { return i / len(c.names) % len(c.loops) }

// run is one life: all come, get a publication each, and go, in several orders.
func (c *crowd) run(b *testing.B) {
	n := len(c.members)
	before := million.Fresh()
	c.hub, c.boxes = benchHub(len(c.loops))
	c.each(b, "subscribe", c.add)
	million.Report(b, before, n, "member")
	c.fanOut(b)
	c.each(b, "leave-first-to-last", c.remove)
	gone := million.Collected()
	b.ReportMetric(float64(gone.Live-before.Live)/float64(n), "left-B/member")
	c.each(b, "return", c.add)
	c.shuffle()
	c.each(b, "leave-at-random", c.remove)
	if channels := c.hub.Channels(); channels != 0 {
		b.Fatalf("%d channels are left", channels)
	}
	for i := range c.loops {
		if left := c.hub.Table(i).Left(); left != "" {
			b.Fatal(left)
		}
	}
	c.sort()
}

func (c *crowd) add(t *hub.Table, i int) { t.Add(c.channel(i), &c.members[i], 0, false) }

func (c *crowd) remove(t *hub.Table, i int) { t.Remove(c.channel(i), c.members[i].Index()) }

// each does something to all members, on all loops at once. Times are of the
// processor: a machine that others use too says little about any other. The
// longest of some in a row is how long other connections of a loop would wait.
func (c *crowd) each(b *testing.B, what string, f func(t *hub.Table, i int)) {
	var longest million.Longest
	begin := million.Process()
	var loops sync.WaitGroup
	for l, members := range c.loops {
		loops.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			t, last := c.hub.Table(l), million.Thread()
			for row := range slices.Chunk(members, 64) {
				for _, i := range row {
					f(t, int(i))
				}
				now := million.Thread()
				longest.Add(now - last)
				last = now
			}
		})
	}
	loops.Wait()
	b.ReportMetric(float64((million.Process()-begin).Nanoseconds())/float64(len(c.members)), "cpu-ns/"+what)
	b.ReportMetric(longest.Millis(), "longest-ms/"+what)
}

// fanOut publishes once to each channel and waits until the last member has it.
func (c *crowd) fanOut(b *testing.B) {
	const rounds = 5
	p := &throng.Publication{Data: make([]byte, 100)}
	begin, used := time.Now(), million.Process()
	for range rounds {
		for _, name := range c.names {
			c.hub.Deliver(name, p)
		}
		var loops sync.WaitGroup
		for i := range c.loops {
			loops.Go(func() {
				for c.boxes[i].run(i, 1) {
				}
				for c.hub.Table(i).Turn() {
				}
			})
		}
		loops.Wait()
	}
	b.ReportMetric(float64(time.Since(begin).Microseconds())/1e3/rounds, "ms/fan-out")
	b.ReportMetric(float64((million.Process()-used).Nanoseconds())/float64(rounds*len(c.members)), "cpu-ns/delivery")
	for i := range c.loops {
		want := uint64(rounds * len(c.loops[i]))
		if got := c.hub.Table(i).Stats().Deliveries.Load(); got != want {
			b.Fatalf("loop %d delivered %d, not %d", i, got, want)
		}
	}
}

func (c *crowd) shuffle() {
	for _, m := range c.loops {
		rand.Shuffle(len(m), func(i, j int) { m[i], m[j] = m[j], m[i] })
	}
}

// sort is the end of shuffle.
func (c *crowd) sort() {
	at := make([]int, len(c.loops))
	for i := range c.members {
		l := c.loop(i)
		c.loops[l][at[l]] = int32(i)
		at[l]++
	}
}

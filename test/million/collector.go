package million

import (
	"runtime/metrics"
)

// Collector is what the garbage collector has done so far.
type Collector struct {
	Cycles       uint64
	Seconds, All float64 // processor time of the collector, and of all that there was (idle too)
	Idle         float64
	Pauses       *metrics.Float64Histogram
}

// Collections reads the runtime's own account. The processor times are those up
// to the end of the last collection.
func Collections() (c Collector) {
	s := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/cpu/classes/total:cpu-seconds"},
		{Name: "/cpu/classes/idle:cpu-seconds"},
		{Name: "/sched/pauses/total/gc:seconds"},
	}
	metrics.Read(s)
	return Collector{
		Cycles: s[0].Value.Uint64(), Seconds: s[1].Value.Float64(), All: s[2].Value.Float64(),
		Idle: s[3].Value.Float64(), Pauses: s[4].Value.Float64Histogram(),
	}
}

// Share is the part of the busy processor time between two accounts that went
// into collecting.
func (c Collector) Share(before Collector) float64 {
	busy := (c.All - before.All) - (c.Idle - before.Idle)
	if busy <= 0 {
		return 0
	}
	return (c.Seconds - before.Seconds) / busy
}

// Pause is the longest time that all stood still between two accounts, in
// milliseconds, as far as the histogram's buckets tell (its upper bound).
func (c Collector) Pause(before Collector) float64 {
	for i := len(c.Pauses.Counts) - 1; i >= 0; i-- {
		if c.Pauses.Counts[i] > before.Pauses.Counts[i] {
			return c.Pauses.Buckets[min(i+1, len(c.Pauses.Buckets)-2)] * 1e3
		}
	}
	return 0
}

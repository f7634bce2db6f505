// Package usage tells what processes and the machine use, from outside, as the
// operating system counts. Only Linux tells everything.
package usage

import "throng/internal/bench/report"

// Spare is how much time the machine's processors had, and how much of it nothing
// to do, both in the system's ticks since it was started.
type Spare struct{ Idle, All uint64 }

// Since returns the share of the time since an earlier look in which there was
// nothing to do; -1 if it is not known.
func (s Spare) Since(earlier Spare) float64 {
	if s.All <= earlier.All {
		return -1
	}
	return float64(s.Idle-earlier.Idle) / float64(s.All-earlier.All)
}

// Sum adds up what several processes use. What is gone uses nothing.
func Sum(pids []int) (u report.Usage) {
	for _, pid := range pids {
		one, _ := Of(pid)
		u.CPU += one.CPU
		u.RSS += one.RSS
	}
	return u
}

package million

import (
	"sync/atomic"
	"time"
)

// Longest is the longest of many times. Anyone may add to it.
type Longest struct{ nanos atomic.Int64 }

// Add takes a time into account.
func (l *Longest) Add(d time.Duration) {
	for {
		have := l.nanos.Load()
		if int64(d) <= have || l.nanos.CompareAndSwap(have, int64(d)) {
			return
		}
	}
}

// Millis returns it in milliseconds.
func (l *Longest) Millis() float64 { return float64(l.nanos.Load()) / 1e6 }

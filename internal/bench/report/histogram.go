package report

import (
	"encoding/json"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A histogram keeps durations from a microsecond to ten minutes with three
// significant digits; what is outside counts as the nearest of them.
const (
	shortest = int64(time.Microsecond)
	longest  = int64(10 * time.Minute)
	digits   = 3
)

// Histogram counts durations. Not for concurrent use.
type Histogram struct{ h *hdrhistogram.Histogram }

// NewHistogram returns an empty histogram.
func NewHistogram() *Histogram {
	return &Histogram{hdrhistogram.New(shortest, longest, digits)}
}

// Record counts a duration.
func (h *Histogram) Record(d time.Duration) { h.record(int64(d), 1) }

func (h *Histogram) record(v, n int64) {
	_ = h.h.RecordValues(min(max(v, shortest), longest), n) // within the bounds it can't fail
}

// Merge adds what another counted.
func (h *Histogram) Merge(other *Histogram) { h.h.Merge(other.h) }

// Reset forgets everything.
func (h *Histogram) Reset() { h.h.Reset() }

// Count returns how many durations were counted; a histogram that is not there
// counted none.
func (h *Histogram) Count() int64 {
	if h == nil || h.h == nil {
		return 0
	}
	return h.h.TotalCount()
}

// Quantile returns the duration that a share q (0 to 1) of all do not exceed.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.Count() == 0 {
		return 0
	}
	return time.Duration(h.h.ValueAtQuantile(q * 100))
}

// Mean returns the mean duration.
func (h *Histogram) Mean() time.Duration { return time.Duration(h.h.Mean()) }

// Max returns the longest duration.
func (h *Histogram) Max() time.Duration { return time.Duration(h.h.Max()) }

// MarshalJSON writes what is counted as pairs of nanoseconds and number.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	pairs := [][2]int64{}
	for _, bar := range h.h.Distribution() {
		if bar.Count > 0 {
			pairs = append(pairs, [2]int64{bar.To, bar.Count})
		}
	}
	return json.Marshal(pairs)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Histogram) UnmarshalJSON(b []byte) error {
	var pairs [][2]int64
	if err := json.Unmarshal(b, &pairs); err != nil {
		return err
	}
	*h = *NewHistogram()
	for _, p := range pairs {
		h.record(p[0], p[1])
	}
	return nil
}

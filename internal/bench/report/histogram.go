package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
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

// Histogram counts durations. Not for concurrent use. One that is recorded into
// takes 180 KB, which is too much for every second of an hour: one that was read
// or compacted takes what its bars need, and grows when it is recorded into.
type Histogram struct {
	h     *hdrhistogram.Histogram // nil while compact
	bars  []bar                   // sorted; nil unless compact
	total int64                   // of the bars
}

// bar is how often a duration, or one a little shorter, was counted. It is
// written as a pair.
type bar [2]int64

// NewHistogram returns an empty histogram.
func NewHistogram() *Histogram {
	return &Histogram{h: hdrhistogram.New(shortest, longest, digits)}
}

// Record counts a duration.
func (h *Histogram) Record(d time.Duration) { h.record(int64(d), 1) }

func (h *Histogram) record(v, n int64) {
	h.grow()
	_ = h.h.RecordValues(min(max(v, shortest), longest), n) // within the bounds it can't fail
}

// Merge adds what another counted.
func (h *Histogram) Merge(other *Histogram) {
	h.grow()
	if other != nil && other.h != nil {
		h.h.Merge(other.h)
		return
	}
	for _, b := range other.each() {
		h.record(b[0], b[1])
	}
}

// Reset forgets everything.
func (h *Histogram) Reset() { h.grow(); h.h.Reset() }

// Compact gives back the memory that only recording needs.
func (h *Histogram) Compact() {
	h.bars, h.total = h.each(), h.Count()
	h.h = nil
}

// grow is the opposite of Compact.
func (h *Histogram) grow() {
	if h.h != nil {
		return
	}
	bars := h.bars
	*h = *NewHistogram()
	for _, b := range bars {
		h.record(b[0], b[1])
	}
}

// each returns the bars that are not empty, the shortest duration first.
func (h *Histogram) each() []bar {
	switch {
	case h == nil:
		return nil
	case h.h == nil:
		return h.bars
	}
	var bars []bar
	for _, b := range h.h.Distribution() {
		if b.Count > 0 {
			bars = append(bars, bar{b.To, b.Count})
		}
	}
	return bars
}

// Count returns how many durations were counted; a histogram that is not there
// counted none.
func (h *Histogram) Count() int64 {
	switch {
	case h == nil:
		return 0
	case h.h == nil:
		return h.total
	}
	return h.h.TotalCount()
}

// Quantile returns the duration that a share q (0 to 1) of all do not exceed.
func (h *Histogram) Quantile(q float64) time.Duration {
	total := h.Count()
	if total == 0 {
		return 0
	}
	q = min(max(q, 0.75/float64(total)), 1) // at least the shortest of all
	if h.h != nil {
		return time.Duration(h.h.ValueAtQuantile(q * 100))
	}
	want, sum := int64(q*float64(total)+0.5), int64(0)
	for _, b := range h.bars {
		if sum += b[1]; sum >= want {
			return time.Duration(b[0])
		}
	}
	return h.Max()
}

// Mean returns the mean duration.
func (h *Histogram) Mean() time.Duration {
	sum, total := 0.0, h.Count()
	if total == 0 {
		return 0
	}
	for _, b := range h.each() {
		sum += float64(b[0]) * float64(b[1])
	}
	return time.Duration(sum / float64(total))
}

// Max returns the longest duration.
func (h *Histogram) Max() time.Duration {
	switch {
	case h.Count() == 0:
		return 0
	case h.h == nil:
		return time.Duration(h.bars[len(h.bars)-1][0])
	}
	return time.Duration(h.h.Max())
}

// MarshalJSON writes what is counted as pairs of nanoseconds and number.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	return json.Marshal(append([]bar{}, h.each()...))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Histogram) UnmarshalJSON(b []byte) error {
	var bars []bar
	if err := json.Unmarshal(b, &bars); err != nil {
		return err
	}
	total := int64(0)
	for i, b := range bars {
		if b[1] < 0 || b[1] > 1<<53-total {
			return fmt.Errorf("a histogram that counts %d durations", b[1])
		}
		bars[i][0] = min(max(b[0], shortest), longest+longest/1000) // a bar's end may lie a little over
		total += b[1]
	}
	bars = slices.DeleteFunc(bars, func(b bar) bool { return b[1] == 0 })
	slices.SortStableFunc(bars, func(a, b bar) int { return cmp.Compare(a[0], b[0]) })
	*h = Histogram{bars: bars, total: total}
	return nil
}

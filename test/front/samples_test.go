//go:build linux

package front

import (
	"slices"
	"testing"
)

// samples are what the rounds of a benchmark measured, by unit.
type samples map[string][]float64

// note adds a round: the sum, and the shares where a proxy has one.
func (s samples) note(unit string, u usage) {
	s[unit] = append(s[unit], u.throng+u.proxy)
	if u.proxied {
		s["throng-"+unit] = append(s["throng-"+unit], u.throng)
		s["proxy-"+unit] = append(s["proxy-"+unit], u.proxy)
	}
}

// report gives the median of each, and no time of ours.
func (s samples) report(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	for unit, values := range s {
		b.ReportMetric(median(values), unit)
	}
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	middle := len(v) / 2
	if len(v)%2 == 0 {
		return (v[middle-1] + v[middle]) / 2
	}
	return v[middle]
}

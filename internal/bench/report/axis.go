package report

import (
	"fmt"
	"math"
	"strconv"
)

// axis maps values to places between 0 and 1.
type axis struct {
	lo, hi float64
	log    bool
	ticks  []tick
}

// tick is a labelled place on an axis.
type tick struct {
	value float64
	label string
}

// at returns where a value is; outside of the axis is at its ends.
func (a axis) at(v float64) float64 {
	lo, hi := a.lo, a.hi
	if a.log {
		v, lo, hi = math.Log10(v), math.Log10(lo), math.Log10(hi)
	}
	if hi <= lo {
		return 0
	}
	return min(max((v-lo)/(hi-lo), 0), 1)
}

// amounts is an axis of round numbers around the lowest, the highest and zero.
func amounts(lo, hi float64, label func(float64) string) axis {
	lo, hi = min(lo, 0), max(hi, 0)
	if hi <= lo {
		hi = lo + 1
	}
	step := round((hi - lo) / 4)
	a := axis{lo: math.Floor(lo/step) * step, hi: math.Ceil(hi/step) * step}
	for i := 0; ; i++ {
		v := a.lo + float64(i)*step
		if v > a.hi+step/2 || i > 12 {
			return a
		}
		a.ticks = append(a.ticks, tick{v, label(v)})
	}
}

// round returns the next of 1, 2, 5, 10, 20, … that is not smaller.
func round(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if v <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// magnitudes is a logarithmic axis around values above zero. Its ends are 1, 2
// or 5 of a power of ten; where it is long, only powers have labels.
func magnitudes(lo, hi float64, label func(float64) string) axis {
	bottom := 1 / round(1/lo) // 1/5, 1/2, 1: the round number below
	a := axis{lo: bottom, hi: round(hi), log: true}
	if a.hi <= a.lo {
		a.hi = a.lo * 10
	}
	decades := math.Log10(a.hi / a.lo)
	for power := math.Floor(math.Log10(a.lo)); power <= math.Log10(a.hi)+1e-9; power++ {
		for _, m := range []float64{1, 2, 5} {
			v := m * math.Pow(10, power)
			if v < a.lo*(1-1e-9) || v > a.hi*(1+1e-9) || m != 1 && decades > 2.5 {
				continue
			}
			a.ticks = append(a.ticks, tick{v, label(v)})
		}
	}
	return a
}

// elapsed is an axis of seconds since the beginning.
func elapsed(hi float64) axis {
	a := axis{hi: max(hi, 1)}
	steps := []float64{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400}
	step := round(a.hi / 6)
	for _, s := range steps {
		if a.hi/s <= 7 {
			step = s
			break
		}
	}
	for i := 0; float64(i)*step <= a.hi && i < 12; i++ {
		a.ticks = append(a.ticks, tick{float64(i) * step, clock(float64(i)*step, step)})
	}
	return a
}

// clock writes seconds so that steps of that size can be told apart.
func clock(v, step float64) string {
	switch s := int64(min(v, 1e15)); {
	case step < 60 && s < 120:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	default:
		return fmt.Sprintf("%d:%02d h", s/3600, s/60%60)
	}
}

// shares is an axis of quantiles, on which every further nine takes the same
// room: the tail is what it is about, and the fastest tenth is left out. Values
// are nines(q).
func shares(most int64) axis {
	a := axis{lo: nines(0.1), hi: min(max(math.Log10(float64(max(most, 1))), 2), 7)}
	for _, q := range []float64{0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999} {
		if v := nines(q); v <= a.hi+1e-9 {
			a.ticks = append(a.ticks, tick{v, strconv.FormatFloat(q*100, 'f', -1, 64) + " %"})
		}
	}
	return a
}

// nines is 1 for 90 %, 2 for 99 %, 3 for 99.9 %.
func nines(q float64) float64 { return -math.Log10(1 - q) }

// short writes a number for an axis, where there is little room.
func short(v float64) string {
	for _, u := range []struct {
		name string
		size float64
	}{{"T", 1e12}, {"G", 1e9}, {"M", 1e6}, {"k", 1e3}} {
		if math.Abs(v) >= u.size && math.Abs(v) < 1e15 {
			return strconv.FormatFloat(v/u.size, 'g', 4, 64) + u.name
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// shortSize writes bytes for an axis.
func shortSize(v float64) string {
	if v == 0 {
		return "0"
	}
	if math.Abs(v) < 1e3 {
		return short(v) + " B"
	}
	s := short(v)
	if u := s[len(s)-1]; u == 'k' {
		return s[:len(s)-1] + " KB"
	} else if u >= 'A' && u <= 'Z' {
		return s[:len(s)-1] + " " + string(u) + "B"
	}
	return s + " B"
}

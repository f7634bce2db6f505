package report

import "math"

// line is a series of a chart.
type line struct {
	Name   string
	Colour int  // its number in the style sheet
	Dashed bool // what it is compared with, or about the bench itself
	Under  bool // wide and pale, because another line often lies on it
	points []point
}

// point is a pair of values; y is NaN where nothing was measured, which
// interrupts the line.
type point struct{ x, y float64 }

// most is how many points of a line are drawn: more than a screen can show only
// make the page big.
const most = 480

// Figures beyond measurable are none, and far enough below infinity that
// differences stay finite. What is less than negligible is nothing.
const (
	measurable = 1e100
	negligible = 1e-9
)

// clean makes what can't be drawn a gap.
func clean(points []point, aboveZero bool) []point {
	out := make([]point, 0, len(points))
	for _, p := range points {
		if !known(p.x) || math.Abs(p.x) > measurable {
			continue
		}
		if !known(p.y) || math.Abs(p.y) > measurable || aboveZero && p.y < negligible {
			p.y = unknown
		}
		if math.Abs(p.y) < negligible {
			p.y = 0
		}
		out = append(out, p)
	}
	return out
}

// thin leaves out points but no peak: of each stretch it keeps the lowest and
// the highest, in the order in which they were.
func thin(points []point, most int) []point {
	if len(points) <= most {
		return points
	}
	stretches := max(most/2, 1)
	out := make([]point, 0, most)
	for i := range stretches {
		part := points[i*len(points)/stretches : (i+1)*len(points)/stretches]
		low, high := -1, -1
		for j, p := range part {
			if math.IsNaN(p.y) {
				continue
			}
			if low < 0 || p.y < part[low].y {
				low = j
			}
			if high < 0 || p.y > part[high].y {
				high = j
			}
		}
		switch {
		case low < 0:
			out = append(out, part[0])
		case low == high:
			out = append(out, part[low])
		default:
			out = append(out, part[min(low, high)], part[max(low, high)])
		}
	}
	return out
}

// extent returns the lowest and the highest of all lines, false if there is
// nothing.
func extent(lines []line) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, l := range lines {
		for _, p := range l.points {
			if !math.IsNaN(p.y) {
				lo, hi, ok = min(lo, p.y), max(hi, p.y), true
			}
		}
	}
	return lo, hi, ok
}

package report

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// none stands where nothing was measured.
const none = "–"

// unknown is a figure that was not measured.
var unknown = math.NaN()

// known reports whether a figure was measured and can be shown.
func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// whole writes a number of things.
func whole(n int64) string { return grouped(strconv.FormatInt(n, 10)) }

// counted is whole, but says nothing where there was nothing.
func counted(n int64) string {
	if n == 0 {
		return none
	}
	return whole(n)
}

// figure writes a measured number with three significant digits, more where
// they stand before the point anyway.
func figure(v float64) string {
	a := math.Abs(v)
	switch {
	case !known(v):
		return none
	case a >= 1e15:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case a >= 99.95:
		return grouped(strconv.FormatFloat(v, 'f', 0, 64))
	case a >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 0.9995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case a < 0.0005:
		return "0"
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

// positive is figure, but says nothing where there was nothing.
func positive(v float64) string {
	if v <= 0 {
		return none
	}
	return figure(v)
}

// millis is a duration in milliseconds.
func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// share writes a part of one as a percentage.
func share(v float64) string {
	if !known(v) || v < 0 {
		return none
	}
	return strconv.FormatFloat(v*100, 'f', 0, 64) + " %"
}

// size writes bytes with a decimal unit.
func size(v float64) string {
	if !known(v) {
		return none
	}
	for _, u := range []struct {
		name string
		size float64
	}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}} {
		if math.Abs(v) >= u.size {
			return figure(v/u.size) + " " + u.name
		}
	}
	return figure(v) + " B"
}

// binary writes bytes of main memory, which is made and sold in powers of two.
func binary(n int64) string {
	if n < 1<<30 {
		return strconv.FormatInt(n>>20, 10) + " MiB"
	}
	return strconv.FormatFloat(math.Round(float64(n)/(1<<30)), 'f', 0, 64) + " GiB"
}

// seconds writes a length of time.
func seconds(v float64) string {
	if !known(v) {
		return none
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// grouped puts commas between thousands.
func grouped(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range []byte(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(d)
	}
	return sign + b.String()
}

package haproxy

import (
	"strconv"
	"time"
)

// Duration reads a time as HAProxy writes it: 90s, 1m, and without a unit
// milliseconds.
func Duration(s string) (time.Duration, bool) {
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	n, err := strconv.ParseInt(s[:digits], 10, 32)
	if err != nil {
		return 0, false
	}
	unit := time.Millisecond
	switch s[digits:] {
	case "", "ms":
	case "us":
		unit = time.Microsecond
	case "s":
		unit = time.Second
	case "m":
		unit = time.Minute
	case "h":
		unit = time.Hour
	case "d":
		unit = 24 * time.Hour
	default:
		return 0, false
	}
	return time.Duration(n) * unit, true
}

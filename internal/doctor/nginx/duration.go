package nginx

import (
	"strconv"
	"time"
)

// Duration reads a time as nginx writes it: 90, 90s, 1m30s, 500ms.
func Duration(s string) (time.Duration, bool) {
	var total time.Duration
	for s != "" {
		digits := 0
		for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
			digits++
		}
		n, err := strconv.ParseInt(s[:digits], 10, 32)
		if err != nil {
			return 0, false
		}
		s = s[digits:]
		letters := 0
		for letters < len(s) && (s[letters] < '0' || s[letters] > '9') {
			letters++
		}
		unit, ok := units(s[:letters])
		if !ok {
			return 0, false
		}
		total += time.Duration(n) * unit
		s = s[letters:]
		if s == "" {
			return total, true
		}
	}
	return 0, false
}

func units(name string) (time.Duration, bool) {
	const day = 24 * time.Hour
	switch name {
	case "ms":
		return time.Millisecond, true
	case "", "s":
		return time.Second, true
	case "m":
		return time.Minute, true
	case "h":
		return time.Hour, true
	case "d":
		return day, true
	case "w":
		return 7 * day, true
	}
	return 0, false
}

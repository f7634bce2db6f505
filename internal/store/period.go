package store

import "time"

// Period is from..to without to, in moments; 0 is open, which for an end means after
// everything.
func Period(from, to int64) (int64, int64) {
	if to == 0 {
		to = lastMoment + 1
	}
	return Moment(from), min(max(to, 0), lastMoment+1)
}

// WholeDays widens a period to whole days, and says which they are; an end that is
// open is the end of the day of now.
func WholeDays(from, to, now int64) (first, last int64) {
	if to == 0 {
		to = now + 1
	}
	return DayOf(from), DayOf(max(to-1, 0))
}

// Parts cuts a period into at most points parts of one width, in milliseconds; 0 if
// there is nothing to cut. An end that is open is now, with now in it. Parts of an hour
// or more are whole hours, so that they can be made of the highest of each.
func Parts(from, to, now int64, points int) (begin, width int64, hours bool) {
	if to == 0 {
		to = now + 1
	}
	from, to = Period(from, to)
	if points <= 0 || to <= from {
		return from, 0, false
	}
	n := int64(points)
	if width = (to - from + n - 1) / n; width < Hour {
		return from, width, false
	}
	from -= from % Hour
	width = (to - from + n - 1) / n
	return from, (width + Hour - 1) / Hour * Hour, true
}

// Span is a length in milliseconds, of at most 200 years: databases can't hold any.
func Span(ms int64) time.Duration {
	const longest = 200 * 366 * Day
	return time.Duration(min(max(ms, -longest), longest)) * time.Millisecond
}

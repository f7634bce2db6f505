// Package store is what stores have in common, and what has nothing to do with their
// databases: how names and cursors are written, a flush in its normal form, the time of
// one user's visits, what becomes of claims, and errors that an operator can act on.
package store

import "time"

// Day is a day of UTC in milliseconds.
const Day = int64(24 * time.Hour / time.Millisecond)

// Hour is an hour in milliseconds.
const Hour = int64(time.Hour / time.Millisecond)

// lastMoment is the last millisecond of the year 9999.
const lastMoment = 253402300799999

// Moment brings a time into the years that databases can hold, 1970 to 9999.
func Moment(ms int64) int64 { return min(max(ms, 0), lastMoment) }

// DayName is the name of a day, counted from 1970-01-01.
func DayName(day int64) string { return time.UnixMilli(day * Day).UTC().Format(time.DateOnly) }

// DayOf is the day that a time belongs to.
func DayOf(ms int64) int64 { return Moment(ms) / Day }

// MaxPage is the most entries that a page has.
const MaxPage = 10_000

// Limit is how many entries a page is to have.
func Limit(asked int) int { return min(max(asked, 0), MaxPage) }

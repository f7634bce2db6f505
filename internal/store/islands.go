package store

// Islands adds up how long one user was somewhere, from visits that may overlap: what
// was spent on two nodes at once counts once, and so does what a clock passed twice
// that was set back; visits that touch are one. (SQL can do it with window functions;
// here it is done once for all databases, and the days with it.)
type Islands struct {
	User     string
	From, To int64 // the period, without To
	Days     bool  // a sum for each day

	sums           []Spent
	channel        string
	started, ended int64
	some           bool
}

// Add takes a visit. They come sorted by channel and start.
func (s *Islands) Add(channel string, started, ended int64) {
	ended = max(ended, started)
	if s.some && channel == s.channel && started <= s.ended {
		s.ended = max(s.ended, ended)
		return
	}
	s.finish()
	s.channel, s.started, s.ended, s.some = channel, started, ended, true
}

// Sums is what was added up, by channel and day.
func (s *Islands) Sums() []Spent {
	s.finish()
	return s.sums
}

// finish books the island that is complete.
func (s *Islands) finish() {
	if !s.some || !Within(s.started, s.ended, s.From, s.To) {
		s.some = false
		return
	}
	s.some = false
	from, to := max(s.started, s.From), min(s.ended, s.To)
	if !s.Days {
		s.book(-1, to-from)
		return
	}
	first := DayOf(from)
	for day := first; day == first || day*Day < to; day++ {
		s.book(day, min(to, (day+1)*Day)-max(from, day*Day))
	}
}

// book adds a part of the island to a sum. The visit counts where it began.
func (s *Islands) book(day, ms int64) {
	if n := len(s.sums); n == 0 || s.sums[n-1].Channel != s.channel || s.sums[n-1].Day != day {
		s.sums = append(s.sums, Spent{User: s.User, Channel: s.channel, Day: day})
	}
	sum := &s.sums[len(s.sums)-1]
	sum.Milliseconds += ms
	if s.started >= s.From && (day < 0 || day == DayOf(s.started)) {
		sum.Visits++
	}
}

// Within says that a part of a visit is in the period from..to, to not included.
func Within(started, ended, from, to int64) bool {
	return started < to && (ended > from || started >= from)
}

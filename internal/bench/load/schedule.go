package load

import (
	"math"
	"time"
)

// schedule is when a client tries again after so many failures.
type schedule struct {
	steps []time.Duration // the last one goes on
}

// after returns how long to wait before the next try; again is false if there is
// none.
func (s schedule) after(failures int) (wait time.Duration, again bool) {
	if len(s.steps) == 0 {
		return math.MaxInt64, false
	}
	return s.steps[min(failures, len(s.steps)-1)], true
}

// schedules by their names in a scenario. That of phoenix is what the npm client
// does, which has no jitter: a crowd that was cut at once comes back at once.
func scheduleOf(name string) schedule {
	ms := time.Millisecond
	switch name {
	case "phoenix":
		return schedule{[]time.Duration{10 * ms, 50 * ms, 100 * ms, 150 * ms, 200 * ms, 250 * ms, 500 * ms, 1000 * ms, 2000 * ms, 5000 * ms}}
	case "fast":
		return schedule{[]time.Duration{10 * ms, 100 * ms}}
	default:
		return schedule{}
	}
}

package loop

import (
	"runtime"
	"time"
)

// manners say when a loop lets other goroutines run before it waits. A loop that
// sleeps in the system keeps its processor (a P of Go's scheduler) until the runtime's
// monitor takes it away, and while it has to, the monitor looks every 20 µs and costs a
// fifth of a processor. Where there are more processors than loops it has no need to,
// except for a goroutine that keeps one for 10 ms without ever yielding. To yield wakes
// a thread, and costs up to 10 µs, more than a heartbeat; so it is done now and then.
//
// Where there is a processor for each loop and no more (GOMAXPROCS says so), whoever
// posts to a loop or takes a connection from it may wait on the loop's processor for
// what comes of it: then a loop yields sooner, and before each wait while in company.
type manners struct {
	crowded bool // there are no more processors than loops
	breath  time.Duration
	sleep   time.Duration
	worked  time.Time // when the last turn ended
	rested  time.Time // when others could last run
	company time.Time // until when others are expected to want to
}

const (
	breath = 4 * time.Millisecond  // that a loop may keep its processor to itself
	sleep  = 20 * time.Millisecond // after which the monitor has taken it
	visit  = 10 * time.Millisecond // that company lasts
	// gasp is breath and sleep where it is crowded: there the monitor is awake.
	gasp = time.Millisecond
)

func newManners(loops int) manners {
	m := manners{breath: breath, sleep: sleep}
	if m.crowded = runtime.GOMAXPROCS(0) <= loops; m.crowded {
		m.breath, m.sleep = gasp, gasp
	}
	return m
}

// woke is told when a turn begins.
func (m *manners) woke(now time.Time) {
	if now.Sub(m.worked) > m.sleep {
		m.rested = now
	}
}

// called is told when somebody else had to do with the loop.
func (m *manners) called(now time.Time) { m.company = now.Add(visit) }

// yield is called before a wait.
func (m *manners) yield() {
	if m.worked.Sub(m.rested) > m.breath || (m.crowded && m.worked.Before(m.company)) {
		runtime.Gosched()
		m.rested = m.worked
	}
}

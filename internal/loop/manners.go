package loop

import (
	"runtime"
	"time"
)

// manners say when a loop lets other goroutines run before it waits. To yield with
// nobody to yield to wakes a thread, and costs up to 10 µs, more than a heartbeat;
// so it is done by a loop that had no rest for a while, and by one in company: a
// goroutine that posts to it or takes a connection from it may wait on this
// processor for what comes of it. A loop that merely sleeps in the system keeps
// its processor until the runtime notices, for 10 ms at worst.
type manners struct {
	worked  time.Time // when the last turn ended
	rested  time.Time // when others could last run
	company time.Time // until when others are expected to want to
}

const (
	breath = time.Millisecond      // that a loop may keep its processor to itself
	visit  = 10 * time.Millisecond // that company lasts
)

// woke is told when a turn begins.
func (m *manners) woke(now time.Time) {
	if now.Sub(m.worked) > breath {
		m.rested = now
	}
}

// called is told when somebody else had to do with the loop.
func (m *manners) called(now time.Time) { m.company = now.Add(visit) }

// yield is called before a wait.
func (m *manners) yield() {
	if m.worked.Sub(m.rested) > breath || m.worked.Before(m.company) {
		runtime.Gosched()
		m.rested = m.worked
	}
}

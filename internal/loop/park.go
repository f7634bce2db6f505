package loop

import (
	"runtime"
	"time"
)

// park is the poller of a loop that owns streams only: nothing becomes ready by
// itself, everything comes as a task.
type park struct{ wakes chan struct{} }

func newPark() *park { return &park{wakes: make(chan struct{}, 1)} }

func (p *park) close() {}

func (p *park) wake() {
	select {
	case p.wakes <- struct{}{}:
	default: // a wake is on its way already
	}
}

func (p *park) wait(l *Loop, more bool) error {
	// The streams' goroutines need the processor to bring and take bytes.
	runtime.Gosched()
	if !more {
		if timeout := l.timeout(); timeout != 0 && l.mailbox.sleep() {
			p.sleep(timeout)
			l.mailbox.awake()
		}
	}
	l.begin()
	return nil
}

func (p *park) sleep(timeout int) {
	if timeout < 0 {
		<-p.wakes
		return
	}
	t := time.NewTimer(time.Duration(timeout) * time.Millisecond)
	defer t.Stop()
	select {
	case <-p.wakes:
	case <-t.C:
	}
}

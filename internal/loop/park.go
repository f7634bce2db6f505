package loop

import "time"

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

func (p *park) wait(l *Loop, timeout int) error {
	switch {
	case timeout == 0:
	case timeout < 0:
		<-p.wakes
	default:
		t := time.NewTimer(time.Duration(timeout) * time.Millisecond)
		select {
		case <-p.wakes:
		case <-t.C:
		}
		t.Stop()
	}
	l.now = l.clock.Now()
	return nil
}

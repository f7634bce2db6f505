package loop

import (
	"context"
	"time"
)

// Drain asks all connections to end, each once, spread evenly over a time, so
// that the clients don't all come back to the other nodes at once. It returns
// when none is left or ctx ends. Listeners should be closed before.
func (e *Engine) Drain(ctx context.Context, over time.Duration) error {
	const step = 20 * time.Millisecond
	drains := make([]drain, len(e.loops))
	for i, l := range e.loops {
		drains[i].l = l
	}
	begin := time.Now()
	t := time.NewTicker(step)
	defer t.Stop()
	for {
		part := 1.0
		if now := time.Since(begin); now < over {
			part = float64(now) / float64(over)
		}
		for i := range drains {
			d := &drains[i]
			d.l.Post(&drainTask{d, part})
		}
		if e.Connections() == 0 {
			return nil
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// drain is one loop's part of a Drain.
type drain struct {
	l      *Loop
	asked  int
	cursor int // slot from which on the next step goes
}

// drainTask asks so many of a loop's connections to end that a part of all has
// been asked.
type drainTask struct {
	d    *drain
	part float64
}

func (t *drainTask) Run(int) {
	d, l := t.d, t.d.l
	left := l.slots.taken - l.asked
	n := min(left, int(float64(d.asked+left)*t.part)-d.asked)
	for range l.slots.made { // once around at most
		if n <= 0 {
			return
		}
		if d.cursor >= l.slots.made {
			d.cursor = 0
		}
		c := l.slots.at(uint32(d.cursor))
		d.cursor++
		if c == nil || !c.Open() || c.is(flagAsked) {
			continue
		}
		c.flags |= flagAsked
		l.asked++
		d.asked++
		n--
		c.handler.Shutdown(c)
	}
}

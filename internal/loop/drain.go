package loop

import (
	"context"
	"time"
)

// Drain asks all connections to end, spread evenly over a time, so that the
// clients don't all come back to the other nodes at once. It returns when none
// is left or ctx ends. Listeners should be closed before.
func (e *Engine) Drain(ctx context.Context, over time.Duration) error {
	const step = 20 * time.Millisecond
	begin := time.Now()
	t := time.NewTicker(step)
	defer t.Stop()
	for {
		left := over - time.Since(begin)
		steps := int(left/step) + 1
		for i, l := range e.loops {
			n := e.Load(i)
			if left > 0 {
				n = (n + steps - 1) / steps
			}
			l.Post(&drainTask{l, n})
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

// drainTask asks n of a loop's connections to end.
type drainTask struct {
	l *Loop
	n int
}

func (t *drainTask) Run(int) {
	for _, c := range t.l.conns {
		if t.n == 0 {
			return
		}
		if c != nil && c.Open() {
			c.handler.Shutdown(c)
			t.n--
		}
	}
}

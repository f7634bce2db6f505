package loop_test

import (
	"context"
	"net"
	"testing"

	"throng/internal/loop"
)

// flood is how much somebody posts at once.
const flood = 10_000

// turner counts the turns.
type turner struct{ turns int }

func (t *turner) Turn() bool { t.turns++; return false }

// counted is a task that notes its number and the turn that it ran in.
type counted struct {
	n    int
	at   *turner
	ran  *[]int // turn by number of the task
	t    *testing.T
	last chan struct{}
}

func (c *counted) Run(int) {
	if c.n != len(*c.ran) {
		c.t.Errorf("task %d ran as the %d.", c.n, len(*c.ran))
	}
	*c.ran = append(*c.ran, c.at.turns)
	if c.n == flood-1 {
		close(c.last)
	}
}

// Who posts very much at once doesn't stop the loop's other work: it runs in order,
// a part of it each turn, and none of it waits for more to come.
func TestTasksTakeTurns(t *testing.T) {
	for _, kind := range []loop.Kind{loop.Auto, loop.Goroutine} {
		e := newEngine(t, kind, loop.Options{})
		at, ran, last := &turner{}, []int{}, make(chan struct{})
		e.Attach(0, at)
		for i := range flood {
			e.Mailbox(0).Post(&counted{i, at, &ran, t, last})
		}
		e.Start()
		receive(t, last)
		stop(t, e)
		inTurn := make(map[int]int)
		for _, turn := range ran {
			inTurn[turn]++
		}
		for turn, n := range inTurn {
			if n > flood/10 {
				t.Errorf("%s: %d of %d tasks in turn %d", kind, n, flood, turn)
			}
		}
	}
}

// What the loop has taken from its mailbox and not run when it is stopped is given
// up like what it has not taken.
func TestTasksLeftAtTheEnd(t *testing.T) {
	const conns = 2000
	e := newEngine(t, loop.Auto, loop.Options{})
	e.Start()
	g := gate{make(chan struct{}), make(chan struct{})}
	e.Mailbox(0).Post(g)
	receive(t, g.reached)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_ = e.Stop(over) // posts the end and does not wait for it
	for range conns {
		nc, _ := net.Pipe()
		e.Adopt(nc, nil, newProbe(t), false)
	}
	close(g.open)
	stop(t, e)
	if n := e.Connections(); n != 0 {
		t.Errorf("%d of %d connections are left", n, conns)
	}
}

// gate is a task that keeps the loop until it is opened.
type gate struct{ reached, open chan struct{} }

func (g gate) Run(int) {
	close(g.reached)
	<-g.open
}

package load

import "errors"

// clog is a connection on which more waits to be sent than its server will read.
type clog struct {
	index int32
	gen   uint32
}

// unsent is how much may wait when more is to be sent: some messages, however big.
func (w *Worker) unsent() int { return 1<<20 + 4*w.plan.Scenario.Payload }

// clog is told by the network that too much waits. The connection ends with the
// next turn: who sends is in the middle of something.
func (w *Worker) clog(c *client) { w.clogged = append(w.clogged, clog{c.index, c.gen}) }

func (w *Worker) unclog() {
	for _, k := range w.clogged {
		if c := &w.clients[k.index]; c.gen == k.gen {
			w.broken(c, errors.New("closed: the server does not read"))
		}
	}
	w.clogged = w.clogged[:0]
}

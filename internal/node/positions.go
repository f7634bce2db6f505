package node

import (
	"context"
	"sync/atomic"
	"time"

	"throng"
	"throng/internal/hub"
)

// PositionStats are what became of the checks of positions; anyone may read them.
type PositionStats struct {
	Checks atomic.Uint64 // channels whose position the broker told
	Failed atomic.Uint64 // answers that were an error, or came too late to say anything
}

// How many channels are asked for in a row, and how many answers may be under way.
const (
	checksInARow   = 32
	checksUnderWay = 128
)

// CheckPositions compares, again and again until ctx ends, what subscribers who
// count offsets have with the top of their channels' streams. A broker on a
// network can lose what comes last in a channel, and then no gap tells of it. Every
// channel is asked for once in the given time; a subscriber that is behind at two
// checks in a row is resynchronised.
func (n *Node) CheckPositions(ctx context.Context, every time.Duration) {
	c := &checker{n: n, every: every, under: make(chan struct{}, checksUnderWay)}
	for part := 0; ; part = (part + 1) % hub.Parts {
		if !c.checkPart(ctx, n.hub.Positioned(part)) {
			return
		}
	}
}

// Positions returns what became of the checks.
func (n *Node) Positions() *PositionStats { return &n.positions }

// checker is a CheckPositions under way.
type checker struct {
	n     *Node
	every time.Duration
	under chan struct{} // an entry for each question
}

// checkPart spreads the questions for a part's channels over its part of the time.
// It reports false when it is time to stop.
func (c *checker) checkPart(ctx context.Context, names []string) bool {
	rows := max(1, (len(names)+checksInARow-1)/checksInARow)
	pause := time.NewTimer(0)
	defer pause.Stop()
	<-pause.C
	for range rows {
		// Always after the pause: two checks of a channel are never closer than
		// they should be, even if the broker was slow.
		pause.Reset(c.every / time.Duration(hub.Parts*rows))
		select {
		case <-pause.C:
		case <-ctx.Done():
			return false
		}
		row := names[:min(checksInARow, len(names))]
		names = names[len(row):]
		for _, name := range row {
			if !c.ask(ctx, name) {
				return false
			}
		}
	}
	return true
}

// ask asks for one channel's position. A broker that owes many answers is not asked
// for more.
func (c *checker) ask(ctx context.Context, name string) bool {
	ns := c.n.Namespace(name)
	if ns == nil || !ns.Retention.Enabled() {
		return true
	}
	select {
	case c.under <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	asked := time.Now()
	req := throng.HistoryRequest{Channel: name, Retention: ns.Retention}
	c.n.broker.History(ctx, req, func(r throng.HistoryResult, err error) {
		<-c.under
		// Late answers would bring two checks close together, and what is under
		// way between them would pass for lost.
		if err != nil || time.Since(asked) > c.every/2 {
			c.n.positions.Failed.Add(1)
			return
		}
		c.n.positions.Checks.Add(1)
		c.n.hub.Check(name, r.Position)
	})
	return true
}

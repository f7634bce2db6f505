// Package census finds the sessions of all loops: a user's, a client's, a channel's,
// or all of them, for the server API. A loop is never asked for more than a bounded
// piece at a time; who asks waits elsewhere.
package census

import (
	"context"

	"throng"
	"throng/internal/api"
	"throng/internal/hub"
	"throng/internal/loop"
	"throng/internal/session"
)

// Census implements api.Clients and api.Channels.
type Census struct {
	engine *loop.Engine
	hub    *hub.Hub
	users  []*session.Users
}

var (
	_ api.Clients  = (*Census)(nil)
	_ api.Channels = (*Census)(nil)
)

// New makes a census of an engine's sessions; users are those of each loop.
func New(e *loop.Engine, h *hub.Hub, users []*session.Users) *Census { return &Census{e, h, users} }

// How much of a loop's a task looks at: lookPiece where it only reads, actPiece where
// it does something to what it finds.
const (
	lookPiece = 1024
	actPiece  = 256
	// fewOfUser is up to how many sessions of a user a task lists. For one who has more
	// on a loop, all its connections are looked at, in pieces.
	fewOfUser = lookPiece
)

// piece is a task: one step of a tour on one loop.
type piece[R any] struct {
	do   func(loop int, from uint32) (result R, next uint32)
	from uint32
	out  chan<- found[R]
}

// found is what a piece came to.
type found[R any] struct {
	loop   int
	result R
	next   uint32
}

// Run implements throng.Task. There is room in out for one result of each loop.
func (p *piece[R]) Run(loop int) {
	r, next := p.do(loop, p.from)
	p.out <- found[R]{loop, r, next}
}

// tour runs do on loops, beginning with start, and again with the next that it
// returns until that is 0. The results are given to take, by the caller's goroutine,
// until it says no.
func tour[R any](ctx context.Context, boxes []throng.Mailbox, start uint32,
	do func(loop int, from uint32) (R, uint32), take func(R) bool) error {
	out := make(chan found[R], len(boxes))
	for _, box := range boxes {
		box.Post(&piece[R]{do, start, out})
	}
	for open := len(boxes); open > 0; {
		select {
		case f := <-out:
			if !take(f.result) {
				return nil
			}
			if f.next == 0 {
				open--
				continue
			}
			mailbox(boxes, f.loop).Post(&piece[R]{do, f.next, out})
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// mailbox is that of a loop: tours are on all of them, or on one.
func mailbox(boxes []throng.Mailbox, loop int) throng.Mailbox {
	if len(boxes) == 1 {
		return boxes[0]
	}
	return boxes[loop]
}

// boxes are the mailboxes of all loops.
func (c *Census) boxes() []throng.Mailbox {
	all := make([]throng.Mailbox, c.engine.Loops())
	for i := range all {
		all[i] = c.engine.Mailbox(i)
	}
	return all
}

// Users returns how many users there are, those of several loops counted once for
// each.
func (c *Census) Users(ctx context.Context) (n int, err error) {
	err = tour(ctx, c.boxes(), 0, func(loop int, _ uint32) (int, uint32) { return c.users[loop].Count(), 0 },
		func(part int) bool { n += part; return true })
	return n, err
}

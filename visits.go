package throng

import (
	"context"
	"errors"
)

// Lease is a node's claim to its open visits: whoever holds the newest epoch of a
// node id may write, an older one is fenced.
type Lease struct {
	NodeID string
	Epoch  int64
	// Sequence is raised with every flush; a store applies each one once.
	Sequence int64
}

// Visit is the time from a user's first connection to the last one's end on one
// node, in one channel or (with an empty Channel) on the whole service.
type Visit struct {
	User    string
	Channel string
	// StartedAt and EndedAt are Clock milliseconds; EndedAt is 0 while open.
	StartedAt int64
	EndedAt   int64
	// Reason says how it ended: left, expired, crashed.
	Reason string
}

// Visits is the durable record of who was here and for how long.
//
// Flush writes visits that opened and closed since the last flush, in one
// transaction fenced by the lease; with no visits it is the node's beat. It
// fails with ErrFenced when the lease is lost. Reap closes the visits of nodes
// that stopped beating and returns how many. Calls block and are never made on a
// loop.
type Visits interface {
	Acquire(ctx context.Context, nodeID string) (Lease, error)
	Flush(ctx context.Context, lease Lease, opened, closed []Visit) error
	Reap(ctx context.Context) (closed int, err error)
	Close(ctx context.Context) error
}

// ErrFenced says that another process took over this node's visits.
var ErrFenced = errors.New("node lease lost")

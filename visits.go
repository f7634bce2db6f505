package throng

import (
	"context"
	"errors"
	"time"
)

// VisitKind says what a visit is a record of.
type VisitKind uint8

const (
	// Connected: the user had a connection (with a Channel: was subscribed to it).
	Connected VisitKind = iota
	// Watching: a client of the user said that it shows the channel.
	Watching
)

// Visit is a time that a user spent here without a break, however many tabs and
// devices it was on: from the first one's coming to the last one's going. Channel is
// empty for the whole service.
type Visit struct {
	// User is not empty and has at most MaxVisitUserBytes.
	User    string
	Channel string
	Kind    VisitKind
	// Node is where it was; the store sets it.
	Node string
	// StartedAt and EndedAt are milliseconds since 1970, in the store's time; EndedAt
	// is 0 while it is open.
	StartedAt, EndedAt int64
	// Reason says how it ended.
	Reason VisitReason
}

// MaxVisitUserBytes is the longest name of a user in a visit. Any bytes will do.
const MaxVisitUserBytes = 1024

// VisitReason says how a visit ended.
type VisitReason string

const (
	// VisitOpen: it has not.
	VisitOpen VisitReason = ""
	// VisitLeft: the last client went, and none came back within the grace.
	VisitLeft VisitReason = "left"
	// VisitDrained: the node was stopped in good order.
	VisitDrained VisitReason = "drained"
	// VisitCrashed: the node stopped beating; the end is its last beat, or when the
	// last client went, if that was before.
	VisitCrashed VisitReason = "crashed"
	// VisitMoved: the node began a new lease, where the same visit goes on: it was
	// fenced, or the store's clock was set.
	VisitMoved VisitReason = "moved"
)

// Lease is a process's claim to the visits that it has open. Epoch is larger than
// that of all earlier leases of the store.
type Lease struct {
	NodeID string
	Epoch  int64
	// Now is the store's time when the lease began.
	Now int64
}

// VisitFlush is what a node has to say of its visits at one moment. What is in Closed
// is applied first, so that a visit may end and the next of the same user begin in one
// flush. A visit is in one of the lists, except that one of Opened may be in Left too.
type VisitFlush struct {
	// Sequence counts the flushes of a lease from 1. One whose answer was lost is
	// repeated, unchanged, under the same number.
	Sequence int64
	// At is the node's present, in the store's time as the node reckons it. Should it
	// die now, its open visits end here.
	At int64
	// Opened are visits that began and have not ended. Each is (User, Channel, Kind)
	// at most once in a lease's open visits.
	Opened []Visit
	// Left are open visits whose last client went at EndedAt, and of which it is not
	// known yet whether it comes back: should the node die now, they end there.
	Left []Visit
	// Returned are those of Left of an earlier flush whose client came back.
	Returned []Visit
	// Closed are visits that ended, whether they were among Opened of an earlier flush
	// or began and ended since. Those of the same (User, Channel, Kind) don't overlap.
	Closed []Visit
	// Occupancy is added to the curve; nil for none.
	Occupancy []Occupancy
}

// Occupancy is how many were somewhere at a time.
type Occupancy struct {
	At                 int64 // the store's time, milliseconds since 1970
	Channel            string
	Node               string // the store sets it
	Connections, Users int64
}

// Reaped is what a reaper found.
type Reaped struct {
	Leases int   // that were fenced
	Visits int64 // that were closed
}

// Visits is the durable record of who was here and for how long: the side that
// nodes write.
//
// A store has one clock, which all its nodes go by. Each node owns the visits of its
// lease, and nobody else writes them until the lease is fenced, after which its
// holder can't: Flush and Release fail with ErrFenced, or with ErrSuperseded when
// another process took the lease under the same NodeID. An error that is neither
// means that it is not known whether anything was written; the same flush may then be
// given again, and takes effect once: one that was written is answered like the first
// time, even if its lease was lost since, and one that is refused never was. A flush
// with a visit that can't be is refused with ErrBadVisit, and will always be.
//
// Acquire begins a lease. A lease that the same NodeID still held is fenced as
// superseded, and its open visits are closed as Reap does: that is how a process
// that comes back cleans up after the one before it, at once.
//
// Flush writes all of a flush or nothing. It returns the store's time. With nothing
// in it, it is the node's beat.
//
// Release closes the lease's open visits at a time, or where Left said if that was
// before, gives them a reason, and ends the lease. It may be repeated.
//
// Reap fences leases that did not beat for ttl by the store's clock, or whose last beat
// is more than ttl ahead of it, because the clock was set back since. It closes their
// visits as VisitCrashed: at the lease's last At, or where Left said if that was
// before, and never before they began. From the fence on nobody is online by that
// lease; the visits are closed in pieces, and by the next call if this one is cut
// short. A node that was fenced although it lives begins a new lease and
// opens its visits from that At.
//
// Prune removes what ended, or was counted, before the retention; a store may keep it
// for up to a day longer. It also prepares what the store needs for the days to come.
//
// Calls block and are never made on a loop; they are safe for concurrent use. Close
// may be repeated.
type Visits interface {
	Acquire(ctx context.Context, nodeID string) (Lease, error)
	Flush(ctx context.Context, lease Lease, f *VisitFlush) (now int64, err error)
	Release(ctx context.Context, lease Lease, at int64, why VisitReason) error
	Reap(ctx context.Context, ttl time.Duration) (Reaped, error)
	Prune(ctx context.Context, keep VisitRetention) error
	Close(ctx context.Context) error
}

// VisitRetention is how long a store keeps what; 0 is for ever.
type VisitRetention struct{ Visits, Days, Occupancy time.Duration }

var (
	// ErrBadVisit is the error of a flush with a visit that has no user, or too long a
	// name.
	ErrBadVisit = errors.New("not a visit")
	// ErrFenced says that the lease was fenced: the node seemed dead.
	ErrFenced = errors.New("the lease on the visits is lost: this node seemed dead")
	// ErrSuperseded says that another process began a lease under the same name.
	ErrSuperseded = errors.New("the lease on the visits is lost: another process runs under the same node name")
)

package visits

import "throng"

// entry is a user's presence somewhere: in the service, in a channel, or watching a
// channel. It is there from the first client's coming until the visit has ended; its
// shard's lock guards it.
//
// What the store knows of it is said by the number of the flush that told it: whether
// that flush was applied is known when its answer is there, and when a lease is lost
// the ledger has to know it of each entry (see renew.go).
type entry struct {
	user    string
	place   *place // nil for the service
	started int64
	left    int64  // the latest time that a client of the visit went; 0 while none has
	told    int64  // that which said told
	opened  uint32 // the flush that opened the visit; 0 for none
	said    uint32 // the flush that said when the last client left; 0 for none
	clients int32
	flags   entryFlags
}

// place is a channel of a user.
type place struct {
	channel string
	kind    throng.VisitKind
	// exclusive: of all such channels of the user, only one is watched.
	exclusive  bool
	next, prev *entry // others of the user; see shard.lists
}

type entryFlags uint8

const (
	isFresh  entryFlags = 1 << iota // in the shard's list of visits that begin
	isAway                          // in the shard's list of those that left or came back
	isBack                          // came back since said
	isParked                        // watched, but another channel counts: there is no visit
	isOver                          // in no map any more
	isPaused                        // its last client only said that it shows the channel no more
)

func (e *entry) is(f entryFlags) bool { return e.flags&f != 0 }

// visit returns the visit as the store is told of it.
func (e *entry) visit() throng.Visit {
	v := throng.Visit{User: e.user, StartedAt: e.started}
	if e.place != nil {
		v.Channel, v.Kind = e.place.channel, e.place.kind
	}
	return v
}

// ended is a visit that is over and waits to be written.
type ended struct {
	visit        throng.Visit
	told         int64 // this and the next as in the entry
	opened, said uint32
	back         bool
}

// ended is an entry's visit that has ended.
func (e *entry) ended(why throng.VisitReason) ended {
	v := e.visit()
	v.EndedAt, v.Reason = e.left, why
	return ended{v, e.told, e.opened, e.said, e.is(isBack)}
}

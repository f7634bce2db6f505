package session

import (
	"throng"
)

// Subscription is one session's place in one channel. It implements the hub's
// Subscriber.
type Subscription struct {
	session *Session
	next    *Subscription
	channel string // shared with the hub
	epoch   string // of the position, when positioned
	tag     string // the wire's own name for it
	ns      *throng.Namespace
	pending *pending // while the answer is under way

	index    int32  // place in the hub's topic, -1 for none
	class    uint32 // unique within the session
	inflight uint16 // publishes whose answers are under way
	flags    subFlags
	// WireFlags are the wire's own.
	WireFlags uint8
}

type subFlags uint8

const (
	subPositioned subFlags = 1 << iota // counts offsets: a gap is a loss
	subPending                         // not yet answered
	subLost                            // publications of it were shed
	subResuming                        // put back from a State, not yet flowing
	subEnded                           // out of its session's list
	subServer                          // the server's doing: it needs no permission
	subPresent                         // Attendance was told of it
	subWatching                        // its client said that it shows the channel
)

// Channel returns the channel's name.
func (sub *Subscription) Channel() string { return sub.channel }

// SetChannel replaces the name by an equal one that is shared.
func (sub *Subscription) SetChannel(name string) { sub.channel = name }

// Tag returns what the wire called the subscription.
func (sub *Subscription) Tag() string { return sub.tag }

// Namespace returns the channel's namespace.
func (sub *Subscription) Namespace() *throng.Namespace { return sub.ns }

// Session returns the session that it belongs to.
func (sub *Subscription) Session() *Session { return sub.session }

// Class names the subscription within its session, for results that are posted.
func (sub *Subscription) Class() uint32 { return sub.class }

// Positioned reports whether the subscription counts offsets.
func (sub *Subscription) Positioned() bool { return sub.flags&subPositioned != 0 }

// Epoch returns the epoch of a subscription that counts offsets.
func (sub *Subscription) Epoch() string { return sub.epoch }

// Server reports whether the subscription is the server's doing, of which the client may
// know nothing.
func (sub *Subscription) Server() bool { return sub.flags&subServer != 0 }

// Inflight returns how many publishes through it have not been answered.
func (sub *Subscription) Inflight() int { return int(sub.inflight) }

// Client implements hub.Subscriber.
func (sub *Subscription) Client() throng.ClientID { return sub.session.client }

// Moved implements hub.Subscriber.
func (sub *Subscription) Moved(index int) { sub.index = int32(index) }

// Index implements hub.Subscriber.
func (sub *Subscription) Index() int { return int(sub.index) }

// Prefetch implements hub.Subscriber.
func (sub *Subscription) Prefetch() int { return sub.session.transport.Queued() + int(sub.index) }

// Push implements hub.Subscriber.
func (sub *Subscription) Push(frame []byte, p *throng.Publication) { sub.push(frame, p.Timing()) }

// PushMissed is Push for what the client gets later than others, from the history: how
// long that took is nobody's measure.
func (sub *Subscription) PushMissed(frame []byte, p *throng.Publication) {
	t := p.Timing()
	t.Born = 0
	sub.push(frame, t)
}

func (sub *Subscription) push(frame []byte, t throng.Timing) {
	if len(frame) == 0 { // its wire does not show it
		return
	}
	s := sub.session
	if s.transport.Queued()+len(frame) > s.env.Limits.QueueBytes && !s.makeRoom(sub, len(frame)) {
		return
	}
	s.transport.SendDroppable(frame, t, sub.class)
}

// CatchUp pushes at once what waits for the subscription, and reports whether it is
// there after that.
func (sub *Subscription) CatchUp() bool {
	if sub.index >= 0 {
		sub.session.env.Node.CatchUp(sub)
	}
	return sub.flags&subEnded == 0
}

// Tell tells the client what is no publication; see Wire.
func (sub *Subscription) Tell(event string, data []byte) {
	if sub.flags&subEnded == 0 {
		sub.session.wire.Tell(sub, event, data)
	}
}

// Lost implements hub.Subscriber.
func (sub *Subscription) Lost() {
	if sub.flags&subEnded != 0 {
		return
	}
	sub.session.env.Stats.Resyncs.Add(1)
	sub.flags |= subLost
	sub.End(throng.UnsubscribeInsufficient)
}

// End ends the subscription on behalf of the server; the wire tells the client why.
func (sub *Subscription) End(why *throng.Unsubscribe) {
	if sub.flags&subEnded == 0 {
		sub.session.Unsubscribe(sub)
		sub.session.wire.Unsubscribed(sub, why)
	}
}

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

	index    int32  // place in the hub's topic
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

// Inflight returns how many publishes through it have not been answered.
func (sub *Subscription) Inflight() int { return int(sub.inflight) }

// Client implements hub.Subscriber.
func (sub *Subscription) Client() throng.ClientID { return sub.session.client }

// Moved implements hub.Subscriber.
func (sub *Subscription) Moved(index int) { sub.index = int32(index) }

// Index implements hub.Subscriber.
func (sub *Subscription) Index() int { return int(sub.index) }

// Push implements hub.Subscriber.
func (sub *Subscription) Push(frame []byte, p *throng.Publication) {
	s := sub.session
	if s.transport.Queued()+len(frame) > s.limits.QueueBytes && !s.makeRoom(sub, len(frame)) {
		return
	}
	s.transport.SendDroppable(frame, p.ExpiresAt, sub.class)
}

// Lost implements hub.Subscriber.
func (sub *Subscription) Lost() {
	s := sub.session
	s.Unsubscribe(sub)
	s.wire.Resync(sub)
}

// makeRoom is called when a client's queue is full. It reports whether the frame
// may be queued after all.
func (s *Session) makeRoom(sub *Subscription, size int) bool {
	// A burst of one turn is not yet a slow client.
	s.transport.Flush()
	over := s.transport.Queued() + size - s.limits.QueueBytes
	if over <= 0 {
		return true
	}
	if s.ended {
		return false
	}
	if sub.ns.Slow == throng.SlowDisconnect {
		s.wire.Disconnect(throng.DisconnectSlow)
		return false
	}
	return s.keepNewest(sub, over)
}

// keepNewest drops the oldest publications that wait. Subscriptions that count
// offsets are resynchronised: their clients get the rest from the history.
func (s *Session) keepNewest(sub *Subscription, over int) bool {
	freed := s.transport.Shed(over, func(class uint32) {
		if hit := s.byClass(class); hit != nil && hit.Positioned() {
			hit.flags |= subLost
		}
	})
	if freed < over { // answers alone fill the queue: nobody reads them
		s.wire.Disconnect(throng.DisconnectSlow)
		return false
	}
	s.Each(func(hit *Subscription) {
		if hit.flags&subLost != 0 {
			hit.Lost()
		}
	})
	return sub.index >= 0
}

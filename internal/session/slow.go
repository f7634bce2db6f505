package session

import (
	"math"
	"slices"

	"throng"
)

// makeRoom is called when a client's queue is full. It reports whether the frame
// may be queued after all.
func (s *Session) makeRoom(sub *Subscription, size int) bool {
	// A burst of one turn is not yet a slow client.
	s.transport.Flush()
	switch {
	case s.ended:
		return false
	case s.fits(size):
		return true
	case sub.ns.Slow == throng.SlowDisconnect:
		s.tooSlow()
		return false
	}
	return s.keepNewest(sub, size)
}

// fits reports whether a frame may be queued. Who has taken everything is not
// slow, however large the frame is.
func (s *Session) fits(size int) bool {
	queued := s.transport.Queued()
	s.left = s.left && queued > 0
	return queued == 0 || queued+size <= s.env.Limits.QueueBytes
}

// keepNewest drops the oldest publications that wait. Subscriptions that count
// offsets are resynchronised: their clients get the rest from the history.
func (s *Session) keepNewest(sub *Subscription, size int) bool {
	var gap, broken, gone bool
	var missed []*Subscription
	lost := func(class uint32) {
		s.env.Stats.Shed.Add(1)
		s.pieces = ^uint8(0)
		hit := s.byClass(class)
		switch {
		case hit == nil: // its client may come back with what it got before the answer
			gap, gone = gap || s.left, true
		case hit.Positioned():
			hit.flags |= subLost
			gap = true
		case hit.ns.Slow == throng.SlowDisconnect:
			broken = true // another namespace's rule: its publications are not dropped
		case hit.Present() && !slices.Contains(missed, hit):
			missed = append(missed, hit)
		}
	}
	// Some more than needed: to look through the whole queue at every push would
	// make a slow client expensive.
	s.transport.Shed(s.transport.Queued()+size-s.env.Limits.QueueBytes+s.env.Limits.QueueBytes/8, lost)
	if gap {
		// A client must not see what comes behind the gap before it is told of it,
		// or it would recover from there. The rest of those subscriptions has to
		// go, and the transport knows an order, not whose a frame is.
		s.transport.Shed(math.MaxInt, lost)
	}
	if broken || !s.fits(size) { // answers alone fill the queue: nobody reads them
		s.tooSlow()
		return false
	}
	if gap {
		s.Each(func(hit *Subscription) {
			if hit.flags&subLost != 0 {
				hit.Lost()
			}
		})
	}
	if gone { // of a channel that may have been subscribed to anew
		missed = missed[:0]
		s.Each(func(sub *Subscription) { missed = append(missed, sub) })
	}
	s.missed(missed)
	return sub.flags&subEnded == 0
}

// Takes reports whether the client should be given n bytes more that can't be dropped
// and could come later: at most half of what may wait, or whatever it is if nothing
// does. The other half is left to publications; one that finds no room ends the
// connection.
func (s *Session) Takes(n int) bool {
	fits := func() bool {
		queued := s.transport.Queued()
		return queued == 0 || queued+n <= s.env.Limits.QueueBytes/2
	}
	if fits() {
		return true
	}
	s.transport.Flush() // a burst of one turn is not yet a slow client
	return !s.ended && fits()
}

// tooSlow ends the connection. What can be dropped makes way for the reason.
func (s *Session) tooSlow() {
	s.transport.Shed(math.MaxInt, func(uint32) {})
	s.wire.Disconnect(throng.DisconnectSlow)
}

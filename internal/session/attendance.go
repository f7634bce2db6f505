package session

import "throng"

// Attendance keeps books on who is where. It is told on the session's loop, and does
// not block.
//
// A session that moves to another process goes here and comes there: who keeps books
// on both holds what is open until it has come (see State).
type Attendance interface {
	// Came: a session's user became known. Went: that session ended; its client may
	// have gone before, see Session.Gone.
	Came(s *Session)
	Went(s *Session)
	// Joined: a subscription began, and its client was told so. Parted: that
	// subscription ended, with its session or before.
	Joined(sub *Subscription)
	Parted(sub *Subscription)
	// Missed: publications of a subscription, or of an earlier one, may have been
	// dropped because its client is slow.
	Missed(sub *Subscription)
}

func (s *Session) came() {
	for _, a := range s.env.Attendance {
		a.Came(s)
	}
}

func (s *Session) went() {
	for _, a := range s.env.Attendance {
		a.Went(s)
	}
}

func (s *Session) joined(sub *Subscription) {
	if sub.flags&subEnded != 0 || len(s.env.Attendance) == 0 {
		return
	}
	sub.flags |= subPresent
	for _, a := range s.env.Attendance {
		a.Joined(sub)
	}
	if sub.Watching() && s.env.Watcher != nil { // it said so before it was moved
		s.env.Watcher.Watches(sub, true)
	}
	if s.pieces&piece(sub.channel) != 0 {
		s.missed([]*Subscription{sub})
	}
}

// piece is the bit of a channel, which it shares with others.
func piece(channel string) uint8 {
	var sum uint8
	for i := 0; i < len(channel); i++ {
		sum += channel[i]
	}
	return 1 << (sum & 7)
}

func (s *Session) missed(subs []*Subscription) {
	for _, sub := range subs {
		for _, a := range s.env.Attendance {
			if sub.Present() {
				a.Missed(sub)
			}
		}
	}
}

func (s *Session) parted(sub *Subscription) {
	if sub.flags&subPresent == 0 {
		return
	}
	sub.flags &^= subPresent
	// Should it subscribe again: pieces of this subscription may then still be on the
	// way to the client, which takes them for the new one's.
	s.pieces |= piece(sub.channel)
	for _, a := range s.env.Attendance {
		a.Parted(sub)
	}
}

// Watcher keeps books on who watches what. It is told on the session's loop, and does
// not block.
type Watcher interface {
	// Watches: a client began to show a channel that it is subscribed to, or ceased to.
	// It ceases without a word when the subscription ends: Attendance.Parted.
	Watches(sub *Subscription, on bool)
}

// Watch notes what a client says of a channel: whether it is visible, and whether it
// is playing. It is watched while both are true. Saying it again changes nothing.
func (sub *Subscription) Watch(visible, playing bool) *throng.Error {
	s := sub.session
	switch on := visible && playing; {
	case sub.ns.Watch == throng.WatchOff || s.env.Watcher == nil:
		return throng.ErrNotAvailable
	case s.User() == "":
		return throng.ErrUnauthorized
	case sub.flags&subEnded != 0 || on == sub.Watching():
		return nil // it has ended, or says nothing new
	case sub.flags&subPresent == 0: // it has not begun; joined says so then
		sub.flags ^= subWatching
		return nil
	default:
		sub.flags ^= subWatching
		s.env.Watcher.Watches(sub, on)
		return nil
	}
}

// Watching reports whether the client said that it shows the channel.
func (sub *Subscription) Watching() bool { return sub.flags&subWatching != 0 }

// Present reports whether Attendance was told that the subscription began, and not yet
// that it ended.
func (sub *Subscription) Present() bool { return sub.flags&subPresent != 0 }

// Left reports of a subscription that has ended whether somebody wanted it so. If not,
// its connection was lost, or it has to begin anew, or has done so: its client may be
// back in a moment and say what it is doing.
func (sub *Subscription) Left() bool {
	return !sub.session.ended && sub.flags&subLost == 0 && sub.session.find(sub.channel) == nil
}

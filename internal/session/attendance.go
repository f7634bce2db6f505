package session

// Attendance keeps books on who is where. It is told on the session's loop, and does
// not block.
type Attendance interface {
	// Came: a session's user became known. Went: that session ended.
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
	if s.pieces&piece(sub.channel) != 0 {
		s.missed([]*Subscription{sub})
	}
}

// Present reports whether attendance was told that the subscription began, and not
// yet that it ended.
func (sub *Subscription) Present() bool { return sub.flags&subPresent != 0 }

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

package events

import (
	"throng"
	"throng/internal/session"
)

// A stream of a known user that asks for channels has the user's own one aside: it is not
// positioned, and ids don't say where it stands, which would make every event of every
// such stream a copy of its own, and keep a window for every user. What is published to it
// while the client is away is for who names it; what the screens share is shown anew.

// aside notes the channel that is aside.
func (s *Stream) aside(sub *session.Subscription) {
	if sub.WireFlags&flagAside != 0 {
		s.own = sub.Class()
	}
}

// counted returns how many channels ids say the places of, as far as they have one.
func (s *Stream) counted() int {
	n := s.Count()
	if s.own != 0 {
		s.Each(func(sub *session.Subscription) {
			if sub.Class() == s.own {
				n--
			}
		})
	}
	return n
}

// Shed implements session.Transport. Where an event of the channel that is aside is
// dropped, no id shows the gap: the client has to come back.
func (s *Stream) Shed(need int, lost func(class uint32)) (freed int) {
	if s.own == 0 {
		return s.Conn.Shed(need, lost)
	}
	gap := false
	freed = s.Conn.Shed(need, func(class uint32) {
		gap = gap || class == s.own
		lost(class)
	})
	if gap {
		s.Disconnect(throng.DisconnectInsufficientState)
	}
	return freed
}

package phoenix

import (
	"throng"
	"throng/internal/session"
)

// missed are the frames of publications that were last pushed from the history on a
// loop. A crowd that comes back gets the same ones: each is encoded for the first.
type missed [missedFrames]struct {
	p        *throng.Publication
	encoding uint8
	frame    []byte
}

// What a loop keeps, at the most: so many frames, none of them larger.
const (
	missedFrames   = 256
	maxMissedFrame = 2 << 10
)

// pushMissed pushes publications from the history, as far as there is room, and reports
// whether that was all: who has more to get joins again, from where it then stands.
func (s *Socket) pushMissed(sub *session.Subscription, pubs []*throng.Publication) (whole bool) {
	for _, p := range pubs {
		frame := s.gw.missed[s.conn().Ref().Loop].frame(s, sub, p)
		if s.conn().Queued()+len(frame) > s.gw.opts.Limits.QueueBytes {
			s.conn().Flush() // a burst of one turn is not yet a slow client
			if n := s.conn().Queued(); n > 0 && n+len(frame) > s.gw.opts.Limits.QueueBytes {
				return false
			}
		}
		if s.Ended() || sub.Index() < 0 {
			return true // the client is gone
		}
		sub.PushMissed(frame, p)
	}
	return true
}

func (m *missed) frame(s *Socket, sub *session.Subscription, p *throng.Publication) []byte {
	e := s.encoding(sub.WireFlags)
	at := &m[p.Offset%missedFrames]
	if at.p == p && at.encoding == e {
		return at.frame
	}
	frame := s.gw.encoders[e-s.gw.opts.Encoding].Encode(nil, sub.Channel(), p)
	if len(frame) <= maxMissedFrame {
		at.p, at.encoding, at.frame = p, e, frame
	}
	return frame
}

// expiring reports whether a publication has a deadline.
func expiring(p *throng.Publication) bool { return p.ExpiresAt != 0 }

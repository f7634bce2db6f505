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

// pushMissed pushes publications from the history, as far as the client takes them.
func (s *Socket) pushMissed(sub *session.Subscription, pubs []*throng.Publication) {
	for _, p := range pubs {
		if sub.Index() < 0 {
			return // it was too much: the client resynchronises, or is gone
		}
		sub.PushMissed(s.gw.missed[s.conn().Ref().Loop].frame(s, sub, p), p)
	}
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

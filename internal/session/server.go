package session

import "throng"

// Disconnect ends the connection on behalf of the server and tells the client why.
func (s *Session) Disconnect(d *throng.Disconnect) {
	if !s.ended {
		s.wire.Disconnect(d)
	}
}

// Prolong says on behalf of the server when the connection ends, in Clock
// milliseconds, 0 for never; and, unless info is nil, what others may know of the
// client.
//
// A client that has not said yet who it is stays as it is: only a token lets it in.
func (s *Session) Prolong(expires int64, info []byte) {
	if s.awaited() {
		return
	}
	var id throng.Identity
	if known := s.Identity(); known != nil {
		id = *known // it is shared with others, and stays as it is
	}
	id.Expires = expires
	if info != nil {
		id.Info = info
	}
	s.identify(&id)
	s.wire.Rearm()
}

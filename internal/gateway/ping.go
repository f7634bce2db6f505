package gateway

import (
	"throng"
	"throng/internal/websocket"
)

// A peer that vanished without a word (a phone in a tunnel, a proxy that lost its
// table) leaves a socket that is open on our side only. So who was silent for
// PingInterval gets a ping, and who then says nothing for PongTimeout is gone.
// Any bytes are a sign of life; clients with heartbeats of their own are hardly
// ever asked. socket.pinged says that a ping went out and nothing came since: a
// loop that looks late asks first all the same.

// nextPing is when a ping is due, or the deadline of one that was just sent; 0 if
// none.
func (s *socket) nextPing() int64 {
	o := &s.at.gw.opts
	switch {
	case o.PingInterval <= 0:
		return 0
	case s.pinged:
		return s.Loop().Now() + o.PongTimeout.Milliseconds()
	}
	return s.LastRead() + o.PingInterval.Milliseconds()
}

// ping does what is due and reports whether the connection goes on.
func (s *socket) ping() bool {
	o := &s.at.gw.opts
	if o.PingInterval <= 0 {
		return true
	}
	silent := s.Loop().Now() - s.LastRead()
	interval := o.PingInterval.Milliseconds()
	switch {
	case silent < interval:
		s.pinged = false
	case !s.pinged:
		s.pinged = true
		s.at.gw.stats.Pings.Add(1)
		s.SendFrame(websocket.OpPing, nil)
	case silent >= interval+o.PongTimeout.Milliseconds():
		s.close(throng.DisconnectNoPong.Code, throng.DisconnectNoPong.Reason, throng.DisconnectNoPong)
		return false
	}
	return true
}

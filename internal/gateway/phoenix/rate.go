package phoenix

import (
	"fmt"
	"time"

	"throng"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/rate"
)

// charge books n bytes that the client sent. It returns how long the client
// should wait if that was too much, and says no when it was disconnected because
// it did not wait.
func (s *Socket) charge(n int) (wait time.Duration, ok bool) {
	r := s.gw.opts.Rates
	if r == nil {
		return 0, true
	}
	v, wait := s.meter.Take(r, s.gw.opts.Clock.Now(), n)
	if v == rate.Flood {
		s.gw.floods.Add(1)
		s.Disconnect(throng.DisconnectTooManyRequests)
		return 0, false
	}
	return wait, true
}

// Control is told of a control frame with n bytes of payload: pings count too.
func (s *Socket) Control(n int) { s.charge(n) }

// hasten answers a join or an event that came too early. What keeps a connection
// alive or ends something is never refused.
func (s *Socket) hasten(m *codec.Message, wait time.Duration) {
	s.gw.early.Add(1)
	ms := int64((wait + time.Millisecond - 1) / time.Millisecond)
	s.reply(m.JoinRef, m.Ref, string(m.Topic), "error", fmt.Appendf(nil,
		`{"reason":%q,"code":%d,"retry_after_ms":%d}`, throng.ErrTooManyRequests.Message, throng.ErrTooManyRequests.Code, ms))
}

// Early returns how many messages were refused because they came too fast, and
// Floods how many clients were disconnected because they did not slow down.
func (g *Gateway) Early() uint64 { return g.early.Load() }

// Floods is explained at Early.
func (g *Gateway) Floods() uint64 { return g.floods.Load() }

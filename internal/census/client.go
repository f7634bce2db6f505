package census

import (
	"context"
	"slices"

	"throng"
	"throng/internal/api"
	"throng/internal/gateway"
	"throng/internal/loop"
	"throng/internal/session"
)

// each runs f on the loops of all sessions that are meant, and returns how many they
// are. f may end them.
func (c *Census) each(ctx context.Context, who api.Who, f func(gateway.Carrier, *session.Session)) (reached int, err error) {
	act := c.ofAll(who, f)
	if who.User != "" {
		act = c.ofUser(who, f)
	}
	err = tour(ctx, c.boxes(), 0, act, func(n int) bool {
		reached += n
		return who.User != "" || reached == 0 // a client is there once
	})
	return reached, err
}

type loopConn = loop.Conn

func means(who api.Who, s *session.Session) bool {
	return (who.Client == throng.ClientID{} || who.Client == s.Client()) && (who.User == "" || who.User == s.User())
}

// ofAll acts on those of all sessions that are meant.
func (c *Census) ofAll(who api.Who, f func(gateway.Carrier, *session.Session)) func(int, uint32) (int, uint32) {
	return func(loop int, from uint32) (n int, next uint32) {
		next = c.engine.Walk(loop, from, actPiece, func(conn *loopConn) {
			if carrier, s := gateway.CarrierOf(conn); s != nil && means(who, s) {
				f(carrier, s)
				n++
			}
		})
		return n, next
	}
}

// ofUser acts on a user's sessions. They are written down first, because f may end
// them; a piece later some may be gone.
func (c *Census) ofUser(who api.Who, f func(gateway.Carrier, *session.Session)) func(int, uint32) (int, uint32) {
	refs := make([][]throng.Ref, c.engine.Loops()) // each touched by its loop only
	few := make([]bool, c.engine.Loops())
	ofAll := c.ofAll(who, f)
	return func(loop int, from uint32) (n int, next uint32) {
		if from == 0 {
			refs[loop], few[loop] = c.refs(loop, who.User, 0)
		}
		if !few[loop] {
			return ofAll(loop, from)
		}
		end := min(int(from)+actPiece, len(refs[loop]))
		for _, ref := range refs[loop][from:end] {
			if carrier, s := c.session(ref); s != nil && means(who, s) {
				f(carrier, s)
				n++
			}
		}
		if end == len(refs[loop]) {
			return n, 0
		}
		return n, uint32(end)
	}
}

// refs are those of a user's sessions on a loop, from a slot on, if the user has few.
func (c *Census) refs(loop int, user string, from uint32) (refs []throng.Ref, few bool) {
	few = c.users[loop].Each(user, fewOfUser, func(s *session.Session) {
		if ref := s.Transport().Ref(); ref.Slot >= from {
			refs = append(refs, ref)
		}
	})
	return refs, few
}

// session returns the one that a Ref names, nil if it is gone.
func (c *Census) session(ref throng.Ref) (gateway.Carrier, *session.Session) {
	conn := c.engine.Lookup(ref)
	if conn == nil || !conn.Open() {
		return nil, nil
	}
	return gateway.CarrierOf(conn)
}

// Subscribe implements api.Clients.
func (c *Census) Subscribe(ctx context.Context, who api.Who, g throng.Grant) (int, error) {
	refusals := make([]*throng.Error, c.engine.Loops()) // each touched by its loop only
	short := make([]int, c.engine.Loops())
	reached, err := c.each(ctx, who, func(carrier gateway.Carrier, s *session.Session) {
		loop := s.Transport().Ref().Loop
		if !carrier.Lasts() {
			short[loop]++
			return
		}
		if e := s.SubscribeServer(&g); e != nil {
			refusals[loop] = e
		}
	})
	if err != nil { // loops may still be at it
		return 0, err
	}
	for _, e := range refusals {
		if e != nil {
			return 0, e
		}
	}
	return reached - sum(short), nil
}

// Unsubscribe implements api.Clients.
func (c *Census) Unsubscribe(ctx context.Context, who api.Who, channel string, why *throng.Unsubscribe) (int, error) {
	had := make([]int, c.engine.Loops()) // each touched by its loop only
	_, err := c.each(ctx, who, func(_ gateway.Carrier, s *session.Session) {
		if sub := s.Find([]byte(channel)); sub != nil {
			sub.End(why)
			had[s.Transport().Ref().Loop]++
		}
	})
	if err != nil {
		return 0, err
	}
	return sum(had), nil
}

// Watch implements api.Clients.
func (c *Census) Watch(ctx context.Context, who api.Who, channel string, visible, playing bool) (int, error) {
	had := make([]int, c.engine.Loops()) // each touched by its loop only
	refusals := make([]*throng.Error, c.engine.Loops())
	_, err := c.each(ctx, who, func(carrier gateway.Carrier, s *session.Session) {
		sub := s.Find([]byte(channel))
		if sub == nil || !carrier.Lasts() || s.User() == "" { // who asks once is not here, nor is nobody
			return
		}
		loop := s.Transport().Ref().Loop
		if e := sub.Watch(visible, playing); e != nil {
			refusals[loop] = e
			return
		}
		had[loop]++
	})
	if err != nil { // loops may still be at it
		return 0, err
	}
	for _, e := range refusals {
		if e != nil {
			return 0, e
		}
	}
	return sum(had), nil
}

// Disconnect implements api.Clients.
func (c *Census) Disconnect(ctx context.Context, who api.Who, but []throng.ClientID, d *throng.Disconnect) (int, error) {
	kept := make([]int, c.engine.Loops()) // each touched by its loop only
	reached, err := c.each(ctx, who, func(_ gateway.Carrier, s *session.Session) {
		if slices.Contains(but, s.Client()) {
			kept[s.Transport().Ref().Loop]++
			return
		}
		s.Disconnect(d)
	})
	if err != nil {
		return 0, err
	}
	return reached - sum(kept), nil
}

// sum adds what loops have counted, when they are through.
func sum(counts []int) (n int) {
	for _, one := range counts {
		n += one
	}
	return n
}

// Refresh implements api.Clients.
func (c *Census) Refresh(ctx context.Context, who api.Who, expires int64, info []byte) (int, error) {
	return c.each(ctx, who, func(_ gateway.Carrier, s *session.Session) { s.Prolong(expires, info) })
}

// DisconnectAll implements api.Clients.
func (c *Census) DisconnectAll(ctx context.Context, match func(*throng.Identity) bool, d *throng.Disconnect) (reached int, err error) {
	act := func(loop int, from uint32) (n int, next uint32) {
		next = c.engine.Walk(loop, from, actPiece, func(conn *loopConn) {
			if _, s := gateway.CarrierOf(conn); s != nil && s.Identity() != nil && match(s.Identity()) {
				s.Disconnect(d)
				n++
			}
		})
		return n, next
	}
	err = tour(ctx, c.boxes(), 0, act, func(n int) bool { reached += n; return true })
	return reached, err
}

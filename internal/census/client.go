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
func (c *Census) each(ctx context.Context, who api.Who, f func(*session.Session)) (reached int, err error) {
	act := func(loop int, from uint32) (n int, next uint32) {
		next = c.engine.Walk(loop, from, actPiece, func(conn *loopConn) {
			if _, s := gateway.CarrierOf(conn); s != nil && means(who, s) {
				f(s)
				n++
			}
		})
		return n, next
	}
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

// ofUser acts on a user's sessions. They are written down first, because f may end
// them; a piece later some may be gone.
func (c *Census) ofUser(who api.Who, f func(*session.Session)) func(int, uint32) (int, uint32) {
	refs := make([][]throng.Ref, c.engine.Loops()) // each touched by its loop only
	return func(loop int, from uint32) (n int, next uint32) {
		if from == 0 {
			refs[loop] = c.refs(loop, who.User)
		}
		end := min(int(from)+actPiece, len(refs[loop]))
		for _, ref := range refs[loop][from:end] {
			if s := c.session(ref); s != nil && means(who, s) {
				f(s)
				n++
			}
		}
		if end == len(refs[loop]) {
			return n, 0
		}
		return n, uint32(end)
	}
}

// refs are those of a user's sessions on a loop.
func (c *Census) refs(loop int, user string) (refs []throng.Ref) {
	c.users[loop].Each(user, func(s *session.Session) { refs = append(refs, s.Transport().Ref()) })
	return refs
}

// session returns the one that a Ref names, nil if it is gone.
func (c *Census) session(ref throng.Ref) *session.Session {
	conn := c.engine.Lookup(ref)
	if conn == nil || !conn.Open() {
		return nil
	}
	_, s := gateway.CarrierOf(conn)
	return s
}

// Subscribe implements api.Clients.
func (c *Census) Subscribe(ctx context.Context, who api.Who, g throng.Grant) (int, error) {
	refusals := make([]*throng.Error, c.engine.Loops()) // each touched by its loop only
	reached, err := c.each(ctx, who, func(s *session.Session) {
		if e := s.SubscribeServer(&g); e != nil {
			refusals[s.Transport().Ref().Loop] = e
		}
		s.Rearm()
	})
	for _, e := range refusals {
		if e != nil && err == nil {
			err = e
		}
	}
	return reached, err
}

// Unsubscribe implements api.Clients.
func (c *Census) Unsubscribe(ctx context.Context, who api.Who, channel string, why *throng.Unsubscribe) (int, error) {
	had := make([]int, c.engine.Loops()) // each touched by its loop only
	_, err := c.each(ctx, who, func(s *session.Session) {
		if sub := s.Find([]byte(channel)); sub != nil {
			sub.End(why)
			had[s.Transport().Ref().Loop]++
		}
	})
	if err != nil {
		return 0, err
	}
	reached := 0
	for _, n := range had {
		reached += n
	}
	return reached, nil
}

// Disconnect implements api.Clients.
func (c *Census) Disconnect(ctx context.Context, who api.Who, but []throng.ClientID, d *throng.Disconnect) (int, error) {
	kept := make([]int, c.engine.Loops()) // each touched by its loop only
	reached, err := c.each(ctx, who, func(s *session.Session) {
		if slices.Contains(but, s.Client()) {
			kept[s.Transport().Ref().Loop]++
			return
		}
		s.Disconnect(d)
	})
	if err != nil {
		return 0, err
	}
	for _, n := range kept {
		reached -= n
	}
	return reached, nil
}

// Refresh implements api.Clients.
func (c *Census) Refresh(ctx context.Context, who api.Who, expires int64, info []byte) (int, error) {
	return c.each(ctx, who, func(s *session.Session) { s.Prolong(expires, info) })
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

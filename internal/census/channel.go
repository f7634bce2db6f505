package census

import (
	"context"

	"throng"
	"throng/internal/api"
	"throng/internal/hub"
	"throng/internal/session"
)

// Subscribers implements api.Channels.
func (c *Census) Subscribers(channel string) int { return c.hub.Subscribers(channel) }

// Page implements api.Channels.
func (c *Census) Page(cursor string, limit int, match func(string) bool) ([]api.Count, string, error) {
	if !hub.IsCursor(cursor) {
		return nil, "", api.ErrCursor
	}
	list, next := c.hub.Page(cursor, limit, match)
	page := make([]api.Count, len(list))
	for i, one := range list {
		page[i] = api.Count(one)
	}
	return page, next, nil
}

// Present implements api.Clients. A client that moves among those of a channel while
// they are looked at may be found twice, so that who asks keeps all ids.
func (c *Census) Present(ctx context.Context, channel string, f func(api.Present) bool) error {
	const last = ^uint32(0)
	seen := make(map[throng.ClientID]struct{}, min(c.hub.Subscribers(channel), 1<<20))
	look := func(loop int, before uint32) ([]api.Present, uint32) {
		var here []api.Present
		next := c.hub.Table(loop).Walk(channel, int(before), lookPiece, func(s hub.Subscriber) {
			here = append(here, present(s.(*session.Subscription)))
		})
		return here, uint32(next)
	}
	return tour(ctx, c.boxes(), last, look, func(here []api.Present) bool {
		for _, p := range here {
			if _, again := seen[p.Client]; again {
				continue
			}
			seen[p.Client] = struct{}{}
			if !f(p) {
				return false
			}
		}
		return true
	})
}

func present(sub *session.Subscription) api.Present {
	s := sub.Session()
	p := api.Present{Client: s.Client()}
	if id := s.Identity(); id != nil {
		p.User, p.Info = id.User, id.Info
	}
	if g := sub.Grant(); g != nil {
		p.ChannelInfo = g.Info
	}
	return p
}

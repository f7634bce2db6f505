package server

import (
	"throng/internal/api"
	"throng/internal/presence"
)

// members is how the API asks who is in a channel.
type members struct{ *presence.Presence }

// Members implements api.Presence.
func (m members) Members(channel, cursor string, limit int, prefix string) ([]api.Member, string, error) {
	page, next, err := m.Presence.Members(channel, cursor, limit, prefix)
	if err != nil {
		return nil, "", api.ErrCursor
	}
	list := make([]api.Member, len(page))
	for i, one := range page {
		list[i] = api.Member(one)
	}
	return list, next, nil
}

func (s *Server) collectPresence(gauge emit[float64], count emit[uint64]) {
	p := s.presence.Stats()
	gauge(descPresence, float64(p.Rooms.Load()))
	gauge(descMembers, float64(p.Members.Load()))
	gauge(descCrowds, float64(p.Crowds.Load()))
	count(descTold, p.Diffs.Load(), "diff")
	count(descTold, p.Lists.Load(), "list")
	count(descTold, p.Counts.Load(), "count")
	count(descTold, p.Renewed.Load(), "renewed")
}

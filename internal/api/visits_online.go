package api

import "throng"

const visitsOnlineDoc = "Tells who is here now, on all nodes, and how many they are: all, or those in a channel, or who watch it. What nodes have not told the store yet, about a second, is not in it; presence tells it at once, of this node."

type visitsOnlineRequest struct {
	Channel string `json:"channel,omitempty" doc:"Only who is in this channel."`
	Kind    string `json:"kind,omitempty" doc:"connected (the default), or watching: who watches the channel."`
	Node    string `json:"node,omitempty" doc:"Only on this node."`
	Prefix  string `json:"prefix,omitempty" doc:"Only users whose names begin with this."`
	Count   bool   `json:"count,omitempty" doc:"Only count them."`
	listed
}

type visitsOnlineResult struct {
	Total int64        `json:"total" doc:"How many there are in all."`
	Users []onlineUser `json:"users" doc:"A page of them."`
	Next  string       `json:"next,omitempty" doc:"Where the next page begins; not there after the last one."`
}

type onlineUser struct {
	User  string   `json:"user" doc:"The user."`
	Since int64    `json:"since" doc:"Since when, in milliseconds since 1970."`
	MS    int64    `json:"ms" doc:"How long that is by now, in milliseconds, so that nobody needs a clock."`
	Nodes []string `json:"nodes" doc:"Where."`
}

func (c *call) visitsOnline(q *visitsOnlineRequest) (*visitsOnlineResult, *throng.Error) {
	books, err := c.records()
	if err != nil {
		return nil, err
	}
	where := place{Channel: q.Channel, Kind: q.Kind}
	kind, err := where.read(c)
	if err != nil {
		return nil, err
	}
	page, err := q.page()
	if err != nil {
		return nil, err
	}
	if q.Count {
		page = throng.Page{}
	}
	ctx, cancel := c.wait()
	defer cancel()
	found, failure := books.Online(ctx, throng.OnlineQuery{Channel: q.Channel, Kind: kind, Node: q.Node, Prefix: q.Prefix, Page: page})
	if failure != nil {
		return nil, c.bookError(failure, "visits_online", q.Channel)
	}
	r := &visitsOnlineResult{Total: found.Total, Users: make([]onlineUser, 0, len(found.Users)), Next: found.Next}
	now := c.opts.Clock.Now()
	for _, u := range found.Users {
		r.Users = append(r.Users, onlineUser{u.User, u.Since, max(now-u.Since, 0), u.Nodes})
	}
	return r, nil
}

package api

import "throng"

const presenceDoc = "Tells who is in a channel on this node: at most 1,000 clients, else error 106."

type presenceRequest struct {
	Channel string `json:"channel" doc:"The channel."`
}

type presenceResult struct {
	Presence map[string]clientInfo `json:"presence" doc:"The clients by their ids."`
}

// maxPresence is how many clients presence tells.
const maxPresence = 1000

func (c *call) presence(q *presenceRequest) (*presenceResult, *throng.Error) {
	if err := c.channel("channel", q.Channel); err != nil {
		return nil, err
	}
	many := coded(throng.ErrLimitExceeded, "more than %d clients are in the channel; presence_stats counts them", maxPresence)
	if c.opts.Channels.Subscribers(q.Channel) > maxPresence {
		return nil, many
	}
	r := &presenceResult{Presence: make(map[string]clientInfo)}
	over := false
	ctx, cancel := c.wait()
	defer cancel()
	err := c.opts.Clients.Present(ctx, q.Channel, func(p Present) bool {
		id := p.Client.String()
		r.Presence[id] = clientInfo{User: p.User, Client: id, Info: p.Info, ChanInfo: p.ChannelInfo}
		over = len(r.Presence) > maxPresence
		return !over
	})
	switch {
	case over:
		return nil, many
	case err != nil:
		return nil, c.coded(err, "presence", q.Channel)
	}
	return r, nil
}

const presenceStatsDoc = "Counts the clients and users in a channel on this node, however many they are. Where the namespace has presence the answer is at hand; elsewhere all its clients are looked at."

type presenceStatsResult struct {
	NumClients int `json:"num_clients" doc:"The clients."`
	NumUsers   int `json:"num_users" doc:"The users among them; each anonymous client is one."`
}

func (c *call) presenceStats(q *presenceRequest) (*presenceStatsResult, *throng.Error) {
	if err := c.channel("channel", q.Channel); err != nil {
		return nil, err
	}
	r := &presenceStatsResult{}
	if c.counted(q.Channel) {
		r.NumClients, r.NumUsers = c.opts.Presence.Of(q.Channel)
		return r, nil
	}
	users := make(map[string]struct{})
	ctx, cancel := c.wait()
	defer cancel()
	err := c.opts.Clients.Present(ctx, q.Channel, func(p Present) bool {
		r.NumClients++
		if p.User == "" {
			r.NumUsers++
		} else {
			users[p.User] = struct{}{}
		}
		return true
	})
	r.NumUsers += len(users)
	if err != nil {
		return nil, c.coded(err, "presence_stats", q.Channel)
	}
	return r, nil
}

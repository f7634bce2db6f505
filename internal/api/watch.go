package api

import "throng"

const watchDoc = "Says for a user's connections that they show a channel to the user, or cease to, as their clients can by themselves: a backend that knows it from elsewhere. It holds until it is said otherwise, by either, and no longer than they subscribe to the channel. A namespace that does not record what is watched is error 108."

type watchRequest struct {
	User    string `json:"user,omitempty" doc:"The user; needed unless there is a client."`
	Channel string `json:"channel" doc:"The channel."`
	Client  string `json:"client,omitempty" doc:"Only this client."`
	Visible *bool  `json:"visible,omitempty" doc:"Whether it is visible; true if it is not there."`
	Playing *bool  `json:"playing,omitempty" doc:"Whether it is playing; true if it is not there. It is watched while both are true."`
}

func (c *call) watch(q *watchRequest) (*reachedResult, *throng.Error) {
	who, err := c.who(q.User, q.Client)
	if err == nil {
		err = c.channel("channel", q.Channel)
	}
	if err != nil {
		return nil, err
	}
	visible, playing := q.Visible == nil || *q.Visible, q.Playing == nil || *q.Playing
	return c.reached("watch", q.Channel, func(w waiting) (int, error) {
		return c.opts.Clients.Watch(w, who, q.Channel, visible, playing)
	})
}

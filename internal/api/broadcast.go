package api

import "throng"

const broadcastDoc = "Publishes the same to many channels. Each has an answer of its own, in their order."

type broadcastRequest struct {
	Channels []string `json:"channels" doc:"The channels, at most 10,000."`
	content
}

type broadcastResult struct {
	Responses   []publishResponse `json:"responses" doc:"The answers, in the order of the channels."`
	Connections int               `json:"connections" doc:"The sum of the connections of all."`
}

type publishResponse struct {
	Result *publishResult `json:"result,omitempty" doc:"Where it was placed."`
	Error  *throng.Error  `json:"error,omitempty" doc:"Why it was not published."`
}

// maxChannels is to how many channels one request publishes.
const maxChannels = 10_000

func (c *call) broadcast(q *broadcastRequest) outcome {
	switch {
	case len(q.Channels) == 0:
		return failed(bad("channels: at least one is needed"))
	case len(q.Channels) > maxChannels:
		return failed(coded(throng.ErrLimitExceeded, "channels: at most %d, cut the list in pieces", maxChannels))
	}
	first, err := q.publication(c.opts.Clock.Now(), c.opts.MaxData)
	if err != nil {
		return failed(err)
	}
	if err := c.spend(len(q.Channels)); err != nil {
		return failed(err)
	}
	r := &broadcastResult{Responses: make([]publishResponse, len(q.Channels))}
	under := make([]*placing, len(q.Channels)) // way
	for i, channel := range q.Channels {
		if c.gone() {
			break
		}
		if r.Responses[i].Error = c.channel("channels", channel); r.Responses[i].Error != nil {
			continue
		}
		p := *first
		under[i] = c.place(q.request(channel, &p))
	}
	return func() (any, *throng.Error) {
		for i, pl := range under {
			if pl == nil {
				continue
			}
			one := &r.Responses[i]
			if one.Result, one.Error = pl.wait(); one.Error == nil {
				r.Connections += one.Result.Connections
			}
		}
		return r, nil
	}
}

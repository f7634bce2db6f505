package api

import (
	"strings"

	"throng"
)

// publishPattern publishes to all channels with subscribers that match.
func (c *call) publishPattern(q *publishRequest) outcome {
	g, err := parseGlob(q.Pattern)
	if err != nil {
		return failed(err)
	}
	space, _, literal := strings.Cut(g.prefix, ":")
	if !literal || space == "" {
		return failed(bad("pattern: it must begin with a namespace and a colon, such as room:*; %q could mean everybody", q.Pattern))
	}
	if err := c.channel("pattern", space+":x"); err != nil {
		return failed(err)
	}
	first, err := q.publication(c.opts.Clock.Now(), c.opts.MaxData)
	if err != nil {
		return failed(err)
	}
	channels, more, _ := c.opts.Channels.Page("", maxChannels, g.match)
	if more != "" {
		return failed(coded(throng.ErrLimitExceeded, "pattern: more than %d channels match, nothing was published", maxChannels))
	}
	if err := c.spend(len(channels)); err != nil {
		return failed(err)
	}
	under := make([]*placing, 0, len(channels)) // way
	for i := 0; i < len(channels) && !c.gone(); i++ {
		p := *first
		under = append(under, c.place(q.request(channels[i].Name, &p)))
	}
	return func() (any, *throng.Error) {
		sum := &publishResult{Channels: len(under)}
		for _, pl := range under {
			r, err := pl.wait()
			if err != nil {
				return nil, err
			}
			sum.Connections += r.Connections
		}
		return sum, nil
	}
}

package api

import (
	"encoding/base64"

	"throng"
)

const channelsDoc = "Lists the channels that have subscribers on this node, and how many. With a limit it answers in pages; without, all at once, if they are at most 10,000. A key with namespaces of its own is told of those."

type channelsRequest struct {
	Pattern string `json:"pattern,omitempty" doc:"Only those that match: * any text, ? one character, [a-z] one of a set, {one,two} one of several."`
	Limit   int    `json:"limit,omitempty" doc:"The most channels in an answer, up to 10,000; 0 asks for all."`
	Cursor  string `json:"cursor,omitempty" doc:"Where to go on: next of the answer before."`
}

type channelsResult struct {
	Channels map[string]channelInfo `json:"channels" doc:"The channels by their names."`
	Next     string                 `json:"next,omitempty" doc:"Where the next page begins; not there after the last one."`
}

type channelInfo struct {
	NumClients int `json:"num_clients" doc:"How many subscribe on this node."`
}

// maxListed is how many channels one answer has.
const maxListed = 10_000

func (c *call) channels(q *channelsRequest) (*channelsResult, *throng.Error) {
	cursor, raw := base64.RawURLEncoding.DecodeString(q.Cursor)
	switch {
	case q.Limit < 0 || q.Limit > maxListed:
		return nil, bad("limit: it goes from 0 to %d", maxListed)
	case raw != nil:
		return nil, bad("cursor: it is none of this server's")
	}
	match := c.mine
	if q.Pattern != "" {
		g, err := parseGlob(q.Pattern)
		if err != nil {
			return nil, err
		}
		match = func(name string) bool { return g.match(name) && c.mine(name) }
	}
	limit := q.Limit
	if limit == 0 {
		limit = maxListed
	}
	page, next, foreign := c.opts.Channels.Page(string(cursor), limit, match)
	if foreign != nil {
		return nil, bad("cursor: it is none of this server's")
	}
	if next != "" && q.Limit == 0 {
		return nil, coded(throng.ErrLimitExceeded, "there are more than %d channels: ask for pages with limit and cursor", maxListed)
	}
	r := &channelsResult{Channels: make(map[string]channelInfo, len(page)), Next: base64.RawURLEncoding.EncodeToString([]byte(next))}
	for _, one := range page {
		r.Channels[one.Name] = channelInfo{one.Subscribers}
	}
	return r, nil
}

// mine reports whether the key may know a channel.
func (c *call) mine(name string) bool { return allowed(c.key.Namespaces, throng.NamespaceOf(name)) }

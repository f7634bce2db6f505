package api

import (
	"encoding/base64"
	"errors"

	"throng"
)

const connectionsDoc = "Lists the connections of this node in pages, all or those that match. A page may have fewer than the limit, or none, and still not be the last: that one has no next."

type connectionsRequest struct {
	User      string `json:"user,omitempty" doc:"Only this user's."`
	Client    string `json:"client,omitempty" doc:"Only this client."`
	Channel   string `json:"channel,omitempty" doc:"Only those that subscribe to this channel."`
	Transport string `json:"transport,omitempty" doc:"Only those over this transport, such as websocket or longpoll."`
	Limit     int    `json:"limit,omitempty" doc:"The most connections in an answer, up to 1,000; 0 is 100."`
	Cursor    string `json:"cursor,omitempty" doc:"Where to go on: next of the answer before."`
}

type connectionsResult struct {
	Connections []connection `json:"connections" doc:"The connections."`
	Next        string       `json:"next,omitempty" doc:"Where the next page begins; not there after the last one."`
}

type connection struct {
	Client      string   `json:"client" doc:"The client's id."`
	User        string   `json:"user" doc:"The user; empty for an anonymous client."`
	Transport   string   `json:"transport" doc:"What carries it: websocket, longpoll, events, poll."`
	Wire        string   `json:"wire" doc:"The protocol, and its version."`
	Address     string   `json:"address,omitempty" doc:"The socket's other end, which may be a proxy, or what the PROXY protocol said. Long-poll clients have none."`
	Since       int64    `json:"since,omitempty" doc:"When it connected, in milliseconds since 1970; known of users only."`
	ExpireAt    int64    `json:"expire_at,omitempty" doc:"When it ends unless it is refreshed, in seconds since 1970."`
	Channels    []string `json:"channels" doc:"Its channels, the first 100 of them, as far as the key may know them."`
	NumChannels int      `json:"num_channels" doc:"How many it subscribes to."`
	Queued      int      `json:"queued" doc:"Bytes that wait to be written to it."`
}

const (
	pageConnections = 100
	maxConnections  = 1000
)

func (c *call) connections(q *connectionsRequest) (*connectionsResult, *throng.Error) {
	f := Filter{Channel: q.Channel, Transport: q.Transport}
	f.User = q.User
	cursor, raw := base64.RawURLEncoding.DecodeString(q.Cursor)
	switch {
	case q.Client != "" && f.Client.UnmarshalText([]byte(q.Client)) != nil:
		return nil, bad("client: a client's id has 32 hexadecimal digits")
	case q.Limit < 0 || q.Limit > maxConnections:
		return nil, bad("limit: it goes from 0 to %d", maxConnections)
	case raw != nil:
		return nil, bad("cursor: it is none of this server's")
	}
	if q.Channel != "" {
		if err := c.channel("channel", q.Channel); err != nil {
			return nil, err
		}
	}
	limit := q.Limit
	if limit == 0 {
		limit = pageConnections
	}
	ctx, cancel := c.wait()
	defer cancel()
	page, next, err := c.opts.Clients.Connections(ctx, f, string(cursor), limit)
	switch {
	case errors.Is(err, ErrCursor):
		return nil, bad("cursor: it is none of this server's")
	case err != nil:
		return nil, c.coded(err, "connections", q.Channel)
	}
	r := &connectionsResult{Connections: make([]connection, 0, len(page)), Next: base64.RawURLEncoding.EncodeToString([]byte(next))}
	for i := range page {
		r.Connections = append(r.Connections, c.describe(&page[i]))
	}
	return r, nil
}

func (c *call) describe(of *Connection) connection {
	out := connection{
		Client: of.Client.String(), User: of.User, Transport: of.Transport, Wire: of.Wire, Address: of.Address,
		Since: of.Since, ExpireAt: of.Expires / 1000, Channels: make([]string, 0, len(of.Channels)),
		NumChannels: of.Subscribed, Queued: of.Queued,
	}
	for _, name := range of.Channels {
		if c.mine(name) {
			out.Channels = append(out.Channels, name)
		}
	}
	return out
}

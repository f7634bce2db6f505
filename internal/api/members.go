package api

import (
	"encoding/base64"
	"encoding/json"

	"throng"
)

// Presence knows who is in channels of namespaces with presence.
type Presence interface {
	// Of returns how many connections and users a channel has.
	Of(channel string) (conns, users int)
	// Members returns at most limit members whose keys begin with a prefix, and where
	// the next page begins, "" after the last one. The only error is ErrCursor.
	Members(channel, cursor string, limit int, prefix string) (page []Member, next string, err error)
}

// Member is one of those who are in a channel.
type Member struct {
	User   string          // empty for an anonymous client
	Client throng.ClientID // of an anonymous member, or where clients are members
	Key    string          // what clients know it by
	Since  int64           // Clock milliseconds
	Conns  int
	Meta   []byte // JSON, as Phoenix clients see it
}

const membersDoc = "Lists the members of a channel on this node in pages, as presence has them: users or clients, as the namespace says. Who is there from the first page to the last is told, perhaps twice if others leave meanwhile; who comes meanwhile is not. Error 108 where the namespace has no presence."

type membersRequest struct {
	Channel string `json:"channel" doc:"The channel."`
	Cursor  string `json:"cursor,omitempty" doc:"Where to go on: next of the answer before."`
	Limit   int    `json:"limit,omitempty" doc:"The most members in an answer, up to 1,000; 0 is 100."`
	Prefix  string `json:"prefix,omitempty" doc:"Only those whose keys begin so."`
}

type membersResult struct {
	Members []memberInfo `json:"members" doc:"The members, as a rule the newest first."`
	Next    string       `json:"next,omitempty" doc:"Where the next page begins; not there after the last one."`
}

type memberInfo struct {
	Key         string          `json:"key" doc:"What clients know the member by: the user, or the id of an anonymous client."`
	User        string          `json:"user" doc:"The user; empty for an anonymous client."`
	Client      string          `json:"client,omitempty" doc:"The client's id, for an anonymous client and where clients are members."`
	Since       int64           `json:"since" doc:"When it came, in milliseconds since 1970."`
	Connections int             `json:"connections" doc:"How many connections it has in the channel on this node."`
	Meta        json.RawMessage `json:"meta" doc:"What other clients see of it."`
}

const (
	maxMembers     = 1000
	defaultMembers = 100
)

// counted reports whether presence keeps count of a channel.
func (c *call) counted(channel string) bool {
	ns := c.opts.Node.Namespace(channel)
	return c.opts.Presence != nil && ns != nil && ns.Presence != throng.PresenceOff
}

func (c *call) members(q *membersRequest) (*membersResult, *throng.Error) {
	if err := c.channel("channel", q.Channel); err != nil {
		return nil, err
	}
	cursor, raw := base64.RawURLEncoding.DecodeString(q.Cursor)
	limit := q.Limit
	if limit == 0 {
		limit = defaultMembers
	}
	switch {
	case !c.counted(q.Channel):
		return nil, coded(throng.ErrNotAvailable, "the namespace of %q has no presence", q.Channel)
	case limit < 0 || limit > maxMembers:
		return nil, bad("limit: it goes from 0 to %d", maxMembers)
	case raw != nil:
		return nil, bad("cursor: it is none of this server's")
	}
	page, next, err := c.opts.Presence.Members(q.Channel, string(cursor), limit, q.Prefix)
	if err != nil {
		return nil, bad("cursor: it is none of this server's")
	}
	r := &membersResult{Members: make([]memberInfo, len(page)), Next: base64.RawURLEncoding.EncodeToString([]byte(next))}
	for i := range page {
		m := &page[i]
		one := memberInfo{Key: m.Key, User: m.User, Since: m.Since, Connections: m.Conns, Meta: m.Meta}
		if (m.Client != throng.ClientID{}) {
			one.Client = m.Client.String()
		}
		r.Members[i] = one
	}
	return r, nil
}

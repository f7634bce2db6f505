package api

import (
	"context"
	"encoding/json"
	"errors"

	"throng"
)

// Channels are those with subscribers on this node.
type Channels interface {
	// Subscribers returns how many a channel has.
	Subscribers(channel string) int
	// Page returns at most limit channels that match, nil for all, and the cursor
	// of the next page, empty after the last one. The only error is ErrCursor.
	Page(cursor string, limit int, match func(name string) bool) (page []Count, next string, err error)
}

// Count is how many subscribers a channel has.
type Count struct {
	Name        string
	Subscribers int
}

// Clients finds the sessions of this node and does things to them. All methods wait
// for the loops, as long as ctx allows, and must not be called on one; reached is how
// many sessions they found.
type Clients interface {
	// Subscribe subscribes sessions on the server's behalf. The error is that of one
	// that could not be.
	Subscribe(ctx context.Context, who Who, g throng.Grant) (reached int, err error)
	// Unsubscribe ends sessions' subscriptions to a channel.
	Unsubscribe(ctx context.Context, who Who, channel string, why *throng.Unsubscribe) (reached int, err error)
	// Watch notes what sessions subscribed to a channel show of it: visible and playing.
	// The error is that of one that can't be recorded.
	Watch(ctx context.Context, who Who, channel string, visible, playing bool) (reached int, err error)
	// Disconnect ends connections, but for those of some clients.
	Disconnect(ctx context.Context, who Who, but []throng.ClientID, d *throng.Disconnect) (reached int, err error)
	// Refresh replaces what is known of clients: when they expire (Clock
	// milliseconds, 0 for never), and, unless info is nil, their info.
	Refresh(ctx context.Context, who Who, expires int64, info []byte) (reached int, err error)
	// DisconnectAll ends the connections of all clients whose identities match.
	DisconnectAll(ctx context.Context, match func(*throng.Identity) bool, d *throng.Disconnect) (reached int, err error)
	// Present calls f for each client in a channel, once. It ends early when f says
	// no.
	Present(ctx context.Context, channel string, f func(Present) bool) error
	// Connections returns at most limit connections that match, and the cursor of
	// the next page, empty after the last one. One that is there from the first page
	// to the last is in exactly one of them.
	Connections(ctx context.Context, f Filter, cursor string, limit int) (page []Connection, next string, err error)
}

// ErrCursor is the error of lists for a cursor that is none of theirs.
var ErrCursor = errors.New("not a cursor")

// Who names sessions: all of a user, one client, or one client if it is that user's.
type Who struct {
	User   string
	Client throng.ClientID // zero for any
}

// Present is a client in a channel.
type Present struct {
	Client throng.ClientID
	User   string
	// Info is about the client, ChannelInfo about it in this channel; nil for none.
	Info, ChannelInfo []byte
}

// Filter says which connections are wanted; the zero value of each field is any.
type Filter struct {
	Who
	Channel   string
	Transport string
}

// Connection is what there is to say of one.
type Connection struct {
	Client    throng.ClientID
	User      string
	Transport string
	Wire      string
	// Address is the socket's other end, or what the PROXY protocol said; empty if
	// there is none.
	Address string
	// Since is when it began, in Clock milliseconds; 0 if that is not known.
	Since int64
	// Expires is when it ends unless it is refreshed, in Clock milliseconds; 0 for
	// never.
	Expires int64
	// Channels are the first of its channels, Subscribed how many it has.
	Channels   []string
	Subscribed int
	// Queued is how many bytes wait to be written to it.
	Queued int
}

// clientInfo is who a client is.
type clientInfo struct {
	User     string          `json:"user" doc:"The user; empty for an anonymous client."`
	Client   string          `json:"client" doc:"The client's id."`
	Info     json.RawMessage `json:"conn_info,omitempty" doc:"What a token or refresh said of the connection."`
	ChanInfo json.RawMessage `json:"chan_info,omitempty" doc:"What a token or subscribe said of the client in this channel."`
}

// who reads a user and a client's id.
func (c *call) who(user, client string) (w Who, err *throng.Error) {
	w.User = user
	if client != "" && w.Client.UnmarshalText([]byte(client)) != nil {
		return w, bad("client: a client's id has 32 hexadecimal digits")
	}
	if user == "" && client == "" {
		return w, bad("user: a user is needed, or a client")
	}
	return w, nil
}

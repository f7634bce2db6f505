package throng

import "context"

// Member is one user (or one client, where the namespace asks) in a channel.
type Member struct {
	Info ClientInfo
	// Since is when the member joined, in Clock milliseconds.
	Since int64
	// Connections counts the user's clients in the channel, over all nodes.
	Connections int
}

// Presence knows who is in a channel now. It is ephemeral: a node that dies takes
// its members with it after a TTL.
//
// Join and Leave report whether the user's first client came or the last one
// went, which is what other members are told. Members is paged: it returns the
// cursor of the next page, empty at the end. Calls may block and are never made
// on a loop.
type Presence interface {
	Join(ctx context.Context, channel string, who ClientInfo) (first bool, err error)
	Leave(ctx context.Context, channel string, who ClientInfo) (last bool, err error)
	Members(ctx context.Context, channel, cursor string, limit int) (page []Member, next string, err error)
	Count(ctx context.Context, channel string) (clients, users int, err error)
	Close(ctx context.Context) error
}

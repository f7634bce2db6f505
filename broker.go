package throng

import (
	"context"
	"time"
)

// Retention says how long a channel's publications stay in its window. The zero
// value keeps nothing: such a channel has no offsets and no epoch.
type Retention struct {
	// Size is the largest number of publications kept.
	Size int
	// TTL is how long a publication is kept.
	TTL time.Duration
	// Bytes is the most memory that the publications kept may take, with what is around
	// them, 0 for any. The newest one is kept in any case.
	Bytes int64
}

// Enabled reports whether the channel has a history at all.
func (r Retention) Enabled() bool { return r.Size > 0 && r.TTL > 0 }

// PublishRequest is one publication on its way into a broker.
type PublishRequest struct {
	Channel string
	// Publication belongs to the broker from the call on; the broker sets
	// Offset, Epoch and Time.
	Publication *Publication
	Retention   Retention
	// SkipHistory delivers without storing: the publication takes no offset, the
	// channel's stream stays as it is, and who is not there misses it without being
	// told. The result's position is zero.
	SkipHistory bool
	// IdempotencyKey, when not empty, makes a repetition within IdempotencyTTL
	// (in the same channel) return the first result and publish nothing.
	IdempotencyKey string
	IdempotencyTTL time.Duration
}

// PublishResult says where a publication was placed.
type PublishResult struct {
	// Position is the publication's own; zero where the channel has no history.
	Position Position
	// Duplicate is set when the idempotency key was seen before.
	Duplicate bool
}

// HistoryRequest asks for a part of a channel's window.
type HistoryRequest struct {
	Channel   string
	Retention Retention
	// Since, when set, asks for what came after that position.
	Since *Position
	// Limit is the largest number of publications wanted; 0 asks for the
	// position only, a negative one for all.
	Limit int
	// Reverse gives the newest first.
	Reverse bool
}

// HistoryResult is a part of a channel's window.
type HistoryResult struct {
	// Position is the top of the stream: the offset of its newest publication
	// (0 in a new stream) and its epoch.
	Position Position
	// Publications in the order asked for, without expired ones. The slice is
	// the caller's, the publications are shared.
	Publications []*Publication
	// Complete says that nothing a subscriber may still see is missing between
	// Since and Position: the epoch is the same, Since is not in the future,
	// and the window reaches back to it. Publications that expired by their own
	// deadline don't count as missing. Limit may cut Publications all the same.
	// For a foreign or future Since there are no publications.
	Complete bool
}

// Broker orders the publications of each channel, keeps its window, and delivers
// to the Sink it was made with.
//
// Order: two publications of a channel are delivered to the sink, and seen in
// history, in the order of their offsets, which step by one within an epoch;
// publishes of one caller to one channel take effect in the order of the calls.
// A publish whose done was called without error is in the history. One that has
// expired already takes its offset and is delivered all the same, so that offsets
// have no holes; nobody is shown it.
//
// Completion: done is called exactly once for every call, from any goroutine,
// perhaps before the method returns, never under a lock, and after the
// publication was given to the sink if this node subscribes to the channel. It
// must not block. A nil done is allowed. No goroutine waits per call.
//
// Buffers: requests and publications are the broker's after the call; nobody
// changes them any more. Subscribe and Unsubscribe of one channel take effect in
// the order of the calls; while a node is subscribed the stream's epoch and
// offset survive, even when its window is empty. History starts the stream of a
// channel that has none, and it lives at least Retention.TTL after the last
// publish, history or unsubscribe, unless memory is short: a broker may give up
// publications, and streams that no node is subscribed to, earlier than their
// retention says, and tells who asks for what came after.
//
// Close ends all work; later calls complete with ErrClosed. It may be repeated.
type Broker interface {
	Subscribe(ctx context.Context, channel string, done func(error))
	Unsubscribe(ctx context.Context, channel string, done func(error))
	Publish(ctx context.Context, req PublishRequest, done func(PublishResult, error))
	History(ctx context.Context, req HistoryRequest, done func(HistoryResult, error))
	RemoveHistory(ctx context.Context, channel string, done func(error))
	Close(ctx context.Context) error
}

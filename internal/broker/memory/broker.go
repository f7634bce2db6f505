// Package memory is the broker of a node that stands alone: it orders the
// publications of every channel, keeps their windows in this process, and gives
// each one to the node's sink.
//
// Channels are spread over shards by the hash of their names, and a shard's lock
// is the one place where the order of its channels is made. A publish takes it
// to look up its idempotency key, to take the next offset, to store and to
// deliver; its caller is told after the lock is free. Nothing here starts a
// goroutine per call: every method has completed when it returns.
//
// A channel without history costs nothing but an entry in the shard's set while
// this node subscribes to it. A channel with history has a stream: an epoch, the
// newest offset and a window that grows with what it holds. What is over by time
// is never shown, whether or not its memory was freed yet; freeing it is the work
// of one goroutine, the janitor, which sleeps as long as nothing is due.
package memory

import (
	"context"
	"hash/maphash"
	"math/bits"
	"sync"
	"sync/atomic"

	"throng"
)

const (
	defaultShards   = 256
	defaultMaxKeys  = 1 << 20
	defaultMaxBytes = 256 << 20
)

// Options says how a Broker is built. The zero value is good for a server.
type Options struct {
	// Clock judges every deadline; nil makes one.
	Clock *throng.Clock
	// Shards is how many locks share the channels, rounded up to a power of two;
	// 0 means 256.
	Shards int
	// MaxKeys bounds the idempotency keys that are remembered at once; 0 means
	// about a million. Over the bound a publish with a key is refused for now:
	// forgetting an older key instead would break a promise already given.
	MaxKeys int
	// MaxBytes bounds the memory of all streams and publications together, as it
	// is counted by Stats.Bytes; 0 means 256 MiB. Over the bound the oldest
	// publications go, and streams that nobody subscribes to; who was behind them
	// is told that something is missing. Streams with subscribers are never
	// forgotten, even if they alone are more than the bound.
	MaxBytes int64
}

// Broker implements throng.Broker within the process. It gives its sink every
// publication, subscribed or not: the sink knows its subscribers, and a second
// look-up here would only repeat its own.
type Broker struct {
	clock   *throng.Clock
	sink    throng.Sink
	seed    maphash.Seed
	shards  []shard // a power of two of them
	keys    atomic.Int64
	maxKeys int64
	bound   bound
	janitor *janitor
	closing sync.Once
}

var _ throng.Broker = (*Broker)(nil)

// New starts a broker that delivers to sink. It runs until Close.
func New(sink throng.Sink, opts Options) *Broker {
	if opts.Clock == nil {
		opts.Clock = throng.NewClock()
	}
	if opts.Shards <= 0 {
		opts.Shards = defaultShards
	}
	if opts.MaxKeys <= 0 {
		opts.MaxKeys = defaultMaxKeys
	}
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = defaultMaxBytes
	}
	b := &Broker{
		clock:   opts.Clock,
		sink:    sink,
		seed:    maphash.MakeSeed(),
		shards:  make([]shard, 1<<bits.Len(uint(opts.Shards-1))),
		maxKeys: int64(opts.MaxKeys),
		janitor: newJanitor(opts.Clock),
	}
	b.bound.init(opts.MaxBytes, len(b.shards))
	for i := range b.shards {
		b.shards[i].init(b)
	}
	go b.janitor.run(b)
	return b
}

// Subscribe keeps the channel's stream alive, now or when there is one.
func (b *Broker) Subscribe(ctx context.Context, channel string, done func(error)) {
	err := ctx.Err()
	if err == nil {
		err = b.shard(channel).subscribe(channel)
	}
	if done != nil {
		done(err)
	}
}

// Unsubscribe lets the channel's stream go when its time is over.
func (b *Broker) Unsubscribe(ctx context.Context, channel string, done func(error)) {
	err := ctx.Err()
	if err == nil {
		err = b.shard(channel).unsubscribe(channel, b.clock.Now())
	}
	if done != nil {
		done(err)
	}
}

// Publish orders, stores and delivers one publication. One that is expired
// already is treated like any other: it takes its offset, so that the
// acknowledgement is true, and whoever reads it skips it.
func (b *Broker) Publish(ctx context.Context, req throng.PublishRequest, done func(throng.PublishResult, error)) {
	var res throng.PublishResult
	err := ctx.Err()
	if err == nil {
		res, err = b.shard(req.Channel).publish(&req, b.clock.Now())
	}
	if done != nil {
		done(res, err)
	}
}

// History reads a part of the channel's window. Asking starts the stream of a
// channel that has none, so that the position in the answer means something.
func (b *Broker) History(ctx context.Context, req throng.HistoryRequest, done func(throng.HistoryResult, error)) {
	var res throng.HistoryResult
	err := ctx.Err()
	if err == nil {
		res, err = b.shard(req.Channel).history(&req, b.clock.Now())
	}
	if done != nil {
		done(res, err)
	}
}

// RemoveHistory empties the channel's window; its epoch and offset stay.
func (b *Broker) RemoveHistory(ctx context.Context, channel string, done func(error)) {
	err := ctx.Err()
	if err == nil {
		err = b.shard(channel).removeHistory(channel)
	}
	if done != nil {
		done(err)
	}
}

// Close stops the janitor and lets go of everything. Once it has returned the
// sink is not called any more. Closing again does nothing.
func (b *Broker) Close(context.Context) error {
	b.closing.Do(func() {
		for i := range b.shards {
			b.shards[i].close()
		}
		b.janitor.stop()
	})
	return nil
}

func (b *Broker) shard(channel string) *shard {
	return &b.shards[maphash.String(b.seed, channel)&uint64(len(b.shards)-1)]
}

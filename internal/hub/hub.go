// Package hub fans publications out to the subscribers of this node.
//
// An index, shared by all, says which loops have subscribers of a channel; each
// loop has a Table, touched by nobody else, that holds them. A broker delivers
// to the Hub, which posts one task to the mailbox of each of these loops and
// does nothing else, so it may be called under the broker's lock: that is what
// gives all loops, and the publisher's acknowledgement, one order.
//
// On its loop a channel's publications gather in its topic until a sweep has
// taken them to every subscriber. A sweep is cut into slices, one or a few a
// turn, and gives each subscriber all that waits for it in one visit: a channel
// with a hundred thousand subscribers neither stops the others nor falls behind
// its own bursts.
package hub

import (
	"context"
	"hash/maphash"
	"math/bits"
	"sync"

	"throng"
)

// Interest is the part of a broker that learns which channels have subscribers
// on this node.
type Interest interface {
	Subscribe(ctx context.Context, channel string, done func(error))
	Unsubscribe(ctx context.Context, channel string, done func(error))
}

// Encoding is the index of an encoder among those that the hub was given.
type Encoding uint8

// Options configure a hub.
type Options struct {
	Mailboxes []throng.Mailbox // one per loop, at most 64
	Encoders  []throng.Encoder // by Encoding
	Clock     *throng.Clock
	// Slice is how many subscribers a loop visits per turn; default 64.
	Slice int
	// BacklogBytes is how much may wait for the fan-out of one loop before
	// Busy says so; default 64 MiB.
	BacklogBytes int64
}

// Hub is the node-wide index of subscribed channels. It implements throng.Sink.
type Hub struct {
	opts     Options
	interest Interest
	tables   []*Table
	seed     maphash.Seed
	shards   [shards]shard
}

const shards = 256

// shard holds a part of the index. order serialises changes of interest with
// what the broker is told of them; it is never taken on the way of a
// publication, which may come under the broker's locks.
type shard struct {
	order    sync.Mutex
	mu       sync.RWMutex
	channels map[string]*channel
}

// channel is a channel with subscribers on this node.
type channel struct {
	loops   uint64 // bit per loop
	active  bool   // the broker has confirmed the subscription
	err     error
	waiting []func(error)
}

// New makes a hub. Connect must be called before the first subscription.
func New(opts Options) *Hub {
	if opts.Slice <= 0 {
		opts.Slice = 64
	}
	if opts.BacklogBytes <= 0 {
		opts.BacklogBytes = 64 << 20
	}
	if opts.Clock == nil {
		opts.Clock = throng.NewClock()
	}
	h := &Hub{opts: opts, seed: maphash.MakeSeed()}
	for i := range h.shards {
		h.shards[i].channels = make(map[string]*channel)
	}
	for i := range opts.Mailboxes {
		h.tables = append(h.tables, newTable(h, i))
	}
	return h
}

// Connect names the broker that is told of this node's interest.
func (h *Hub) Connect(i Interest) { h.interest = i }

// Table returns a loop's table.
func (h *Hub) Table(loop int) *Table { return h.tables[loop] }

func (h *Hub) shard(name string) *shard {
	return &h.shards[maphash.String(h.seed, name)%shards]
}

// Deliver implements throng.Sink.
func (h *Hub) Deliver(name string, p *throng.Publication) {
	s := h.shard(name)
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.channels[name]
	if c == nil {
		return
	}
	d := &delivery{hub: h, channel: name, pub: p, size: int64(len(p.Data)) + deliveryOverhead}
	for loops := c.loops; loops != 0; loops &= loops - 1 {
		i := bits.TrailingZeros64(loops)
		h.tables[i].stats.Backlog.Add(d.size)
		h.opts.Mailboxes[i].Post(d)
	}
}

// Busy reports whether a loop with subscribers of the channel is so far behind
// that publishing more would only pile up memory.
func (h *Hub) Busy(name string) bool {
	s := h.shard(name)
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.channels[name]
	if c == nil {
		return false
	}
	for loops := c.loops; loops != 0; loops &= loops - 1 {
		if h.tables[bits.TrailingZeros64(loops)].stats.Backlog.Load() > h.opts.BacklogBytes {
			return true
		}
	}
	return false
}

// Channels returns how many channels have subscribers on this node.
func (h *Hub) Channels() (n int) {
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.RLock()
		n += len(s.channels)
		s.mu.RUnlock()
	}
	return n
}

// Ready calls f when the broker has confirmed this node's subscription of a
// channel, at once if it has already. A position read from then on misses
// nothing that is not also delivered.
func (h *Hub) Ready(name string, f func(error)) {
	s := h.shard(name)
	s.mu.Lock()
	c := s.channels[name]
	if c != nil && !c.active && c.err == nil {
		c.waiting = append(c.waiting, f)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	if c == nil {
		f(throng.ErrClosed)
		return
	}
	f(c.err)
}

// join notes a loop's interest in a channel.
func (h *Hub) join(name string, loop int) {
	s := h.shard(name)
	s.order.Lock()
	defer s.order.Unlock()
	s.mu.Lock()
	c := s.channels[name]
	first := c == nil
	if first {
		c = &channel{}
		s.channels[name] = c
	}
	c.loops |= 1 << loop
	s.mu.Unlock()
	if first {
		h.interest.Subscribe(context.Background(), name, func(err error) { s.confirm(c, err) })
	}
}

func (s *shard) confirm(c *channel, err error) {
	s.mu.Lock()
	c.active, c.err = err == nil, err
	waiting := c.waiting
	c.waiting = nil
	s.mu.Unlock()
	for _, f := range waiting {
		f(err)
	}
}

// leave ends a loop's interest in a channel.
func (h *Hub) leave(name string, loop int) {
	s := h.shard(name)
	s.order.Lock()
	defer s.order.Unlock()
	s.mu.Lock()
	c := s.channels[name]
	c.loops &^= 1 << loop
	last := c.loops == 0
	if last {
		delete(s.channels, name)
	}
	s.mu.Unlock()
	if last {
		h.interest.Unsubscribe(context.Background(), name, nil)
	}
}

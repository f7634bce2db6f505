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
	"hash/maphash"
	"math/bits"
	"slices"

	"throng"
)

// Encoding is the index of an encoder among those that the hub was given.
type Encoding uint8

// MaxLoops is the largest number of loops: the index has a bit for each.
const MaxLoops = 64

// Options configure a hub.
type Options struct {
	Mailboxes []throng.Mailbox // one per loop, at most MaxLoops
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

// New makes a hub. Connect must be called before the first subscription.
func New(opts Options) *Hub {
	if len(opts.Mailboxes) > MaxLoops {
		panic("hub: more than 64 loops")
	}
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

// Deliver implements throng.Sink.
func (h *Hub) Deliver(name string, p *throng.Publication) {
	place := h.place(name)
	s := &h.shards[place]
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.channels[name]
	if c == nil {
		return
	}
	d := &delivery{
		hub: h, channel: name, record: c, number: c.number.Add(1), place: uint8(place), pub: p,
		size: int64(len(p.Data)+len(p.Event)) + deliveryOverhead,
	}
	for loops := c.loops; loops != 0; loops &= loops - 1 {
		i := bits.TrailingZeros64(loops)
		h.tables[i].stats.Backlog.Add(d.size)
		h.opts.Mailboxes[i].Post(d)
	}
}

// each calls f for the loops that have subscribers of a channel.
func (h *Hub) each(name string, f func(loop int)) {
	s := h.shard(name)
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.channels[name]
	if c == nil {
		return
	}
	for loops := c.loops; loops != 0; loops &= loops - 1 {
		f(bits.TrailingZeros64(loops))
	}
}

// Busy reports whether a loop with subscribers of the channel is so far behind
// that publishing more would only pile up memory.
func (h *Hub) Busy(name string) bool {
	if !slices.ContainsFunc(h.tables, h.behind) { // the rule; no need to know the channel
		return false
	}
	s := h.shard(name)
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.channels[name]
	if c == nil {
		return false
	}
	for loops := c.loops; loops != 0; loops &= loops - 1 {
		if h.behind(h.tables[bits.TrailingZeros64(loops)]) {
			return true
		}
	}
	return false
}

func (h *Hub) behind(t *Table) bool { return t.stats.Backlog.Load() > h.opts.BacklogBytes }

package hub

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"throng"
	"throng/internal/shrink"
)

// Interest is the part of a broker that learns which channels have subscribers
// on this node.
type Interest interface {
	Subscribe(ctx context.Context, channel string, done func(error))
	Unsubscribe(ctx context.Context, channel string, done func(error))
}

const shards = 256

// shard holds a part of the index. order serialises changes of interest with
// what the broker is told of them; it is never taken on the way of a
// publication, which may come under the broker's locks.
type shard struct {
	order    sync.Mutex
	mu       sync.RWMutex
	channels map[string]*channel
	most     shrink.Most
}

// channel is a channel with subscribers on this node.
type channel struct {
	loops   uint64 // bit per loop
	state   state
	number  atomic.Uint32 // of the newest delivery
	waiting []func(error)
	// Of all loops, whose topics count without a lock. Positioned subscribers are
	// those that count offsets.
	subscribers, positioned atomic.Int32
}

// state is what the broker said about this node's subscription.
type state uint8

const (
	asking state = iota
	active
	failed // the next one who wants to know makes the hub ask again
)

func (h *Hub) shard(name string) *shard {
	return &h.shards[h.place(name)]
}

// place is the index of a channel's shard.
func (h *Hub) place(name string) int { return int(maphash.String(h.seed, name) % shards) }

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

// Active reports whether the broker has confirmed this node's subscription of a
// channel.
func (h *Hub) Active(name string) bool {
	s := h.shard(name)
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.channels[name]
	return c != nil && c.state == active
}

// Ready calls f when the broker has confirmed this node's subscription of a
// channel, at once if it has already. A position read from then on misses
// nothing that is not also delivered. If the broker fails, those who wait are
// told, and the next call asks it again.
//
// f may be called from anywhere, also under the lock that orders subscriptions:
// it must not block or subscribe.
func (h *Hub) Ready(name string, f func(error)) {
	if h.Active(name) {
		f(nil)
		return
	}
	s := h.shard(name)
	s.order.Lock()
	s.mu.Lock()
	c := s.channels[name]
	if c == nil || c.state == active {
		s.mu.Unlock()
		s.order.Unlock()
		if c == nil {
			f(throng.ErrClosed)
			return
		}
		f(nil)
		return
	}
	c.waiting = append(c.waiting, f)
	again := c.state == failed
	c.state = asking
	s.mu.Unlock()
	if again {
		h.ask(s, name, c)
	}
	s.order.Unlock()
}

// join notes a loop's interest in a channel. The record it returns is the
// channel's until the loop leaves; what is delivered from now on has a number above
// since.
func (h *Hub) join(name string, loop int) (c *channel, since uint32) {
	s := h.shard(name)
	s.order.Lock()
	defer s.order.Unlock()
	s.mu.Lock()
	c = s.channels[name]
	first := c == nil
	if first {
		c = &channel{}
		s.channels[name] = c
	}
	c.loops |= 1 << loop
	since = c.number.Load()
	s.mu.Unlock()
	if first {
		h.ask(s, name, c)
	}
	return c, since
}

// ask subscribes at the broker. The caller holds order.
func (h *Hub) ask(s *shard, name string, c *channel) {
	h.interest.Subscribe(context.Background(), name, func(err error) { s.confirm(c, err) })
}

// confirm takes the broker's answer. The channel may be gone by now, and another
// one of its name there: that one has an answer of its own to wait for.
func (s *shard) confirm(c *channel, err error) {
	s.mu.Lock()
	c.state = active
	if err != nil {
		c.state = failed
	}
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
		shrink.Delete(&s.channels, &s.most, name)
	}
	s.mu.Unlock()
	if last {
		h.interest.Unsubscribe(context.Background(), name, nil)
	}
}

package memory

import "runtime"

// Over the bound a shard gives memory back: first the streams that nobody
// subscribes to and that hold nothing, then publications, the oldest ones of
// channels that are compared at random. What is taken is missed by who was behind
// it, and told so: a publication is lost as if the window had been too small, and
// a stream that was forgotten comes back with another epoch. The streams that
// subscribers are in stay, however many.

const (
	// publishBudget is how much a publish gives back: a little more than most of
	// them take.
	publishBudget = 8
	// reliefBudget is how much the janitor takes from a shard at a time.
	reliefBudget = 64
)

// filed says which pool a channel is in.
type filed uint8

const (
	nowhere filed = iota // empty, with subscribers: it has nothing to give
	among                // the pool of windows that hold something
	aside                // the pool of streams that nobody needs for now
)

// file puts a channel into the pool where it belongs by now.
func (sh *shard) file(c *channel) {
	want := nowhere
	switch {
	case c.stream.window.len() > 0:
		want = among
	case !c.subscribed:
		want = aside
	}
	if want == c.filed {
		return
	}
	sh.unfile(c)
	c.filed = want
	switch want {
	case among:
		sh.kept.add(c)
	case aside:
		sh.idle.add(c)
	}
}

func (sh *shard) unfile(c *channel) {
	switch c.filed {
	case among:
		sh.kept.remove(c)
	case aside:
		sh.idle.remove(c)
	}
	c.filed = nowhere
}

// evict gives back one stream or one publication, if there is any.
func (sh *shard) evict(now int64) bool {
	if c := sh.idle.pick(); c != nil {
		sh.forget(c)
		sh.evicted.streams++
		return true
	}
	c := sh.kept.pick()
	if c == nil {
		return false
	}
	c.stream.retire(now)
	c.stream.window.fit()
	sh.evicted.publications++
	sh.file(c)
	return true
}

// relieve keeps the bound after something was stored, with bounded work. A shard
// that has more than its share gives back by itself; what remains is the
// janitor's.
func (sh *shard) relieve(now int64) {
	sh.report()
	b := &sh.broker.bound
	if !b.over() {
		return
	}
	for range publishBudget {
		if sh.load.bytes <= b.share || !sh.evict(now) {
			break
		}
		if sh.report(); !b.over() {
			return
		}
	}
	sh.broker.janitor.relieve()
}

// giveBack takes from a shard that has more than floor and returns how much it
// took, in publications and streams.
func (sh *shard) giveBack(floor, now int64) (gone int) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	b := &sh.broker.bound
	sh.report()
	for gone < reliefBudget && sh.load.bytes > floor && b.total.Load() > b.low && sh.evict(now) {
		gone++
		sh.report()
	}
	return gone
}

// relieve brings all shards together under the bound, first those that have more
// than their share. It reports whether that is done: what subscribers hold can't
// be given back.
func (b *Broker) relieve(quit <-chan struct{}) bool {
	for floor := b.bound.share; b.bound.over(); {
		gone := 0
		for i := range b.shards {
			gone += b.shards[i].giveBack(floor, b.clock.Now())
			select {
			case <-quit:
				return true
			default:
				runtime.Gosched() // who waits for a lock comes first
			}
		}
		switch {
		case gone == 0 && floor == 0:
			return false
		case gone == 0:
			floor = 0
		}
	}
	return true
}

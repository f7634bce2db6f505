package memory

import (
	"throng"
	"throng/internal/shrink"
)

// channel is the record of a channel that has a stream: the stream, and when to
// look after it.
type channel struct {
	name    string
	stream  stream
	touched int64 // the last publish, history or unsubscribe
	timer   timer

	subscribed bool // as the shard's set says
	filed      filed
	place      int32 // in its pool
}

// channel returns the record of a channel, made if need be.
func (sh *shard) channel(name string) *channel {
	c := sh.channels[name]
	if c == nil {
		c = &channel{name: name, stream: stream{epoch: newEpoch(), window: window{load: &sh.load}}}
		c.timer = newTimer(c)
		_, c.subscribed = sh.subscribed[name]
		sh.channels[name] = c
		sh.load.bytes += c.weight()
		sh.file(c)
	}
	return c
}

// forget ends a stream. Asked for again, the channel gets another epoch.
func (sh *shard) forget(c *channel) {
	c.stream.clear()
	sh.load.bytes -= c.weight()
	sh.unfile(c)
	sh.agenda.cancel(&c.timer)
	shrink.Delete(&sh.channels, &sh.most.channels, c.name)
}

// touch lets the stream live on for its whole retention from now.
func (c *channel) touch(sh *shard, r throng.Retention, now int64) {
	c.stream.retention = r
	c.touched = max(c.touched, now)
	// The timer is lazy: one that is due earlier finds out by itself that there
	// is more time. It is set anew only when it would come too late, which means
	// that there was none or that the retention was shortened.
	if due := c.touched + ttl(r); !c.timer.set() || due < c.timer.due {
		sh.schedule(&c.timer, due)
	}
}

// visit frees what is over. It returns how many publications it looked at.
func (c *channel) visit(sh *shard, now int64) int {
	life := ttl(c.stream.retention)
	gone := c.stream.trim(now, visitBudget)
	sh.file(c)
	switch oldest := c.stream.window.oldest(); {
	case oldest == nil && c.subscribed:
		// Only a touch can give it something to free.
	case oldest == nil && c.touched+life <= now:
		sh.forget(c)
	case oldest == nil:
		sh.schedule(&c.timer, c.touched+life)
	case oldest.Time+life <= now:
		sh.schedule(&c.timer, now) // the budget was too small
	default:
		// A busy channel trims itself at every publish. Coming back for each of
		// its publications would be all the janitor does, so it waits a little.
		sh.schedule(&c.timer, max(oldest.Time+life, now+life/8+1))
	}
	return gone
}
